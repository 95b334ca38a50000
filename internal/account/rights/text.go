package rights

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/heed-platform/heed/internal/account/ledger"
)

// width is how long a line of text may be.
const width = 100

// sheet is text for a terminal, one line after the other.
type sheet struct{ b strings.Builder }

// head begins a section.
func (s *sheet) head(format string, args ...any) {
	if s.b.Len() > 0 {
		s.b.WriteByte('\n')
	}
	s.line(0, format, args...)
}

// line writes one paragraph, broken at words; what is broken is indented by two
// more.
func (s *sheet) line(indent int, format string, args ...any) {
	used := 0
	for i, word := range strings.Fields(ledger.Harmless(fmt.Sprintf(format, args...))) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
			s.b.WriteString(strings.Repeat(" ", indent))
			used = indent
		case used+1+n > width:
			s.b.WriteByte('\n')
			s.b.WriteString(strings.Repeat(" ", indent+2))
			used = indent + 2
		default:
			s.b.WriteByte(' ')
			used++
		}
		s.b.WriteString(word)
		used += n
	}
	s.b.WriteByte('\n')
}

// row writes a name in a column of its own, and what there is to say of it.
func (s *sheet) row(indent, column int, name, format string, args ...any) {
	name = ledger.Harmless(name)
	pad := max(column-utf8.RuneCountInString(name), 1)
	text := ledger.Harmless(fmt.Sprintf(format, args...))
	s.b.WriteString(strings.Repeat(" ", indent) + name + strings.Repeat(" ", pad))
	for i, part := range broken(text, max(width-indent-column, 20)) {
		if i > 0 {
			s.b.WriteString(strings.Repeat(" ", indent+column))
		}
		s.b.WriteString(part)
		s.b.WriteByte('\n')
	}
}

// broken cuts text at words into lines of at most room; a longer word stands
// alone.
func broken(text string, room int) []string {
	var lines []string
	line, used := "", 0
	for word := range strings.FieldsSeq(text) {
		n := utf8.RuneCountInString(word)
		if line != "" && used+1+n > room {
			lines = append(lines, line)
			line, used = "", 0
		}
		if line != "" {
			line += " "
			used++
		}
		line += word
		used += n
	}
	return append(lines, line)
}

func (s *sheet) String() string { return s.b.String() }

// short cuts a value that is too long to read in passing.
func short(text string) string {
	const limit = 160
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit]) + " …"
}

// both joins words as one would say them.
func both(all []string) string {
	switch len(all) {
	case 0:
		return "nothing"
	case 1:
		return all[0]
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}
