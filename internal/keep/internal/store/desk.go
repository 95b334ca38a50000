package store

import (
	"cmp"
	"slices"
	"strings"
)

// NewestFirst sorts requests by when they were received, then by id.
func NewestFirst(list []Request) {
	slices.SortFunc(list, func(a, b Request) int {
		return cmp.Or(cmp.Compare(b.Received, a.Received), strings.Compare(a.ID, b.ID))
	})
}
