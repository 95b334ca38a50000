package expression

import (
	"strings"
	"unicode/utf8"

	"github.com/heed-platform/heed/internal/policy"
)

// matches is contains, startsWith or endsWith.
type matches struct {
	of, part source
	how      func(s, part string) bool
}

func (t matches) judge(r *Reading) policy.Tri {
	of, part := t.of.value(r), t.part.value(r)
	if of.kind == unknown || part.kind == unknown {
		return policy.Unknown
	}
	return tri(of.kind == text && part.kind == text && t.how(of.s, part.s))
}

// folded is lowerAscii or upperAscii.
type folded struct {
	of source
	to func(string) string
}

func (t folded) value(r *Reading) value {
	v := t.of.value(r)
	switch v.kind {
	case unknown:
		return v
	case text:
		return value{kind: text, s: t.to(v.s)}
	case absent, boolean, integer, decimal, instant, span, list, object:
	}
	return value{kind: absent}
}

func lowerASCII(s string) string { return mapASCII(s, 'A', 'Z', 'a'-'A') }

func upperASCII(s string) string { return mapASCII(s, 'a', 'z', 'A'-'a') }

// mapASCII moves the letters from low to high by shift and leaves s itself in
// place when it has none.
func mapASCII(s string, low, high, shift rune) string {
	if strings.IndexFunc(s, func(c rune) bool { return low <= c && c <= high }) < 0 {
		return s
	}
	return strings.Map(func(c rune) rune {
		if low <= c && c <= high {
			return c + shift
		}
		return c
	}, s)
}

// size is how many letters, members or names there are.
type size struct{ of source }

func (t size) value(r *Reading) value {
	v := t.of.value(r)
	switch v.kind {
	case unknown:
		return v
	case text:
		return value{kind: integer, n: int64(utf8.RuneCountInString(v.s))}
	case list, object:
		var n int64
		walk(v.s, func(_, _ string) bool { n++; return true })
		return value{kind: integer, n: n}
	case absent, boolean, integer, decimal, instant, span:
	}
	return value{kind: absent}
}
