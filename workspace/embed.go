// Package workspace is the example workspace: a small shop's purposes, notices,
// law packs, audiences and campaigns as YAML files.
//
// A new database starts with its purposes, categories, law packs, attributes,
// topics and namespaces, which say what kinds of things there are; what a brand
// promises and whom it writes to is its own to apply. It holds no code besides
// the files. Start reading at README.md in docs/guide.
package workspace

import "embed"

// Files are all of it.
//
//go:embed *.yaml all:notices all:packs all:forms all:audiences all:campaigns
var Files embed.FS
