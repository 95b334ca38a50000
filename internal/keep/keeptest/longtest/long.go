// Package longtest says how long a test may take its time: `make test` runs the
// short form of each test within ten minutes, `make soak` the long form, which it
// asks for with HEED_LONG. Both prove the same; the long one tries it more often.
package longtest

import "os"

// Rounds is short, or long where HEED_LONG is set.
func Rounds(short, long int) int {
	if os.Getenv("HEED_LONG") != "" {
		return long
	}
	return short
}
