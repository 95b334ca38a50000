// Package bits reads the bit strings inside of consent strings: base64url
// letters of six bits each, fields of fixed width, and the two ways in which IAB
// specifications write sets of numbers, as a field of bits or as ranges.
//
// A Reader never panics and never guesses: after the first fault every read
// gives zero, and Err names the fault. What a set may cost is bounded by the
// largest number in it (MaxID), not by what the string claims.
//
// It does not know what a field means. Start reading at Base64.
package bits
