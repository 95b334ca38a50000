// Package usp reads US privacy strings ("1YNN"): a version and three characters
// that say whether notice was given, whether the person opted out of the sale of
// their data, and whether the sale falls under the IAB's LSPA agreement.
//
// It promises: four characters, each one that the specification knows, or a
// refusal. It does not say what an opt-out stops (package consent). Start
// reading at Decode.
package usp

import (
	"strings"

	"github.com/heed-platform/heed/internal/problem"
)

// ErrForm is a string of another form.
var ErrForm = problem.New(problem.Invalid, "usp-form", "The US privacy string is not a 1 and three characters of Y, N and -; hand it on exactly as the consent tool gave it.")

// Privacy is a US privacy string, read, under the names of the official library
// (@iabgpp/cmpapi, section uspv1). Each answer is "Y", "N" or "-", which is: does
// not apply.
//
//nolint:tagliatelle // the names are the library's
type Privacy struct {
	Version     int    `json:"Version"`
	Notice      string `json:"Notice"`
	OptOutSale  string `json:"OptOutSale"`
	LSPACovered string `json:"LspaCovered"`
}

// Decode reads a US privacy string.
func Decode(s string) (Privacy, error) {
	if len(s) != 4 || s[0] != '1' || strings.Trim(s[1:], "YN-") != "" {
		return Privacy{}, ErrForm
	}
	return Privacy{Version: 1, Notice: s[1:2], OptOutSale: s[2:3], LSPACovered: s[3:]}, nil
}

// OptedOut reports whether the person opted out of sale.
func (p Privacy) OptedOut() bool { return p.OptOutSale == "Y" }
