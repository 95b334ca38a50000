//go:build race

package app_test

// crowd is smaller where the race detector slows every step down; make test runs
// the proof once more without it, about a thousand.
const crowd = 200
