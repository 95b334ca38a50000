//go:build !race

package longtest

// Raced is 1 where the race detector slows every step down, else 0.
const Raced = 0
