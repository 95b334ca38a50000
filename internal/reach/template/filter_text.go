package template

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// text makes a filter of a function on text.
func text(f func(string) string) func(work, Value, []Value) Value {
	return func(_ work, v Value, _ []Value) Value {
		return Value{sort: isText, text: f(v.string())}
	}
}

func of(s string) Value { return Value{sort: isText, text: s} }

func upper(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	return cases.Upper(language.Und).String(s)
}

func lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return cases.Lower(language.Und).String(s)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func capitalized(s string) string {
	n := advance(s, 0, 1)
	return upper(s[:n]) + lower(s[n:])
}

func appended(w work, v Value, args []Value) Value {
	return joinedPair(w, v.string(), args[0].string())
}

func prepended(w work, v Value, args []Value) Value {
	return joinedPair(w, args[0].string(), v.string())
}

func joinedPair(w work, a, b string) Value {
	if !w.fits(w.at, len(a)+len(b)) {
		return Value{}
	}
	return of(a + b)
}

func stripped(left, right bool) func(work, Value, []Value) Value {
	return func(_ work, v Value, args []Value) Value {
		strip := isSpace
		if chars := argument(args, 0).string(); chars != "" {
			strip = func(r rune) bool { return strings.ContainsRune(chars, r) }
		}
		s := v.string()
		if left {
			s = strings.TrimLeftFunc(s, strip)
		}
		if right {
			s = strings.TrimRightFunc(s, strip)
		}
		return of(s)
	}
}

func withBreaks(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\n", "<br />\n")
}

// replaced replaces the first n, or all if n is negative, of args[0] by
// args[1]. An empty text is found between all characters or, as the first, at
// the start.
func replaced(n int) func(work, Value, []Value) Value {
	return func(w work, v Value, args []Value) Value {
		s, old, by := v.string(), args[0].string(), argument(args, 1).string()
		count := strings.Count(s, old)
		if n >= 0 {
			count = min(count, n)
		}
		if !w.spend(w.at, count) || !w.fits(w.at, len(s)+count*(len(by)-len(old))) {
			return Value{}
		}
		if old == "" && n < 0 {
			return of(strings.Join(strings.Split(s, ""), by))
		}
		return of(strings.Replace(s, old, by, n))
	}
}

func slice(_ work, v Value, args []Value) Value {
	if v.sort == isNil {
		return List()
	}
	if v.sort != isList {
		v = of(v.string())
	}
	from, length := args[0].whole(), 1
	if has(args, 1) {
		length = args[1].whole()
	}
	n := v.size()
	if from < 0 {
		from += n
	}
	switch {
	case (from < 0 || length < 0) && v.sort == isList:
		return List()
	case from < 0 || length < 0:
		return of("")
	case v.sort == isList:
		from = min(from, n)
		return List(v.many.values[from:min(from+length, n)]...)
	}
	start := advance(v.text, 0, from)
	return of(v.text[start:advance(v.text, start, length)])
}

// split cuts at every separator, or between all characters, and drops empty
// texts at the end.
func split(w work, v Value, args []Value) Value {
	s, sep := v.string(), args[0].string()
	n := strings.Count(s, sep)
	if !w.spend(w.at, 64*n) {
		return Value{}
	}
	parts := strings.Split(s, sep)
	for len(parts) > 0 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	values := make([]Value, len(parts))
	for i, x := range parts {
		values[i] = of(x)
	}
	return List(values...)
}

// withoutTags takes out <script>…</script>, <style>…</style>, comments and
// everything else between < and >.
func withoutTags(s string) string {
	pairs := [][2]string{{"<script", "</script>"}, {"<style", "</style>"}, {"<!--", "-->"}, {"<", ">"}}
	var b strings.Builder
next:
	for {
		lt := strings.IndexByte(s, '<')
		if lt < 0 {
			break
		}
		b.WriteString(s[:lt])
		s = s[lt:]
		for i := 0; i < len(pairs); {
			opener, closer := pairs[i][0], pairs[i][1]
			if !strings.HasPrefix(s, opener) {
				i++
				continue
			}
			if end := strings.Index(s[len(opener):], closer); end >= 0 {
				s = s[len(opener)+end+len(closer):]
				continue next
			}
			// Once not found it is nowhere behind, and looking again costs.
			pairs = append(pairs[:i], pairs[i+1:]...)
		}
		break
	}
	b.WriteString(s)
	return b.String()
}

// truncated cuts a text to args[0] characters, the ending args[1] among them.
func truncated(w work, v Value, args []Value) Value {
	s, length, end := v.string(), 50, "..."
	if has(args, 0) {
		length = args[0].whole()
	}
	if len(args) > 1 {
		end = args[1].string()
	}
	if advance(s, 0, length) >= len(s) {
		return v
	}
	return joinedPair(w, s[:advance(s, 0, max(length-runes(end), 0))], end)
}

// truncatedWords keeps args[0] words and adds args[1] if there were more.
func truncatedWords(w work, v Value, args []Value) Value {
	s, count, end := v.string(), 15, "..."
	if has(args, 0) {
		count = max(args[0].whole(), 1)
	}
	if len(args) > 1 {
		end = args[1].string()
	}
	words := strings.FieldsFunc(s, isSpace)
	if len(words) <= count {
		return v
	}
	return joinedPair(w, strings.Join(words[:count], " "), end)
}

// urlDecoded leaves a text that is not encoded rightly as it is.
func urlDecoded(s string) string {
	d, err := url.QueryUnescape(s)
	if err != nil || !utf8.ValidString(d) {
		return s
	}
	return d
}

func urlEncoded(s string) string {
	return strings.ReplaceAll(string(asLinkQuery.appendLink(nil, s, false)), "%20", "+")
}

func asJSONText(_ work, v Value, _ []Value) Value {
	return of(string(v.appendJSON(nil)))
}
