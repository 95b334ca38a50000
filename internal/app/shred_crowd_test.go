//go:build !race

package app_test

// crowd is how many people the shred proof is about.
const crowd = 1000
