package expression

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/heed-platform/heed/internal/problem"
)

var errMistake = problem.New(problem.Invalid, "expression-mistaken",
	"This expression cannot be used as it stands; each place that needs mending is named with a reason.")

// place is a position in an expression; both count from 1, columns in letters.
type place struct{ line, column int }

// note is one remark about one place.
type note struct {
	at     place
	reason string
}

// notes gathers mistakes or warnings.
type notes []note

func (n *notes) add(at place, format string, args ...any) {
	*n = append(*n, note{at, fmt.Sprintf(format, args...)})
}

// pointed are the notes in reading order, each with the line it is about and a
// caret under the place. What stands in quotes is dotted out there: it may be
// somebody's name, and mistakes are logged.
func pointed(n notes, source string) []problem.Field {
	slices.SortStableFunc(n, func(a, b note) int {
		return cmp.Or(cmp.Compare(a.at.line, b.at.line), cmp.Compare(a.at.column, b.at.column))
	})
	lines := strings.Split(dotted(source), "\n")
	fields := make([]problem.Field, 0, len(n))
	for _, m := range n {
		pointer := fmt.Sprintf("%d:%d", m.at.line, m.at.column)
		fields = append(fields, problem.Field{Pointer: pointer, Reason: m.reason + caret(lines, m.at)})
	}
	return fields
}

// mistaken is the problem that the notes are, or nil where there are none.
func mistaken(n notes, source string) error {
	if len(n) == 0 {
		return nil
	}
	e := errMistake
	for _, f := range pointed(n, source) {
		e = e.At(f.Pointer, f.Reason)
	}
	return e
}

// caret shows some of the line and points at the place.
func caret(lines []string, at place) string {
	const around = 40
	if at.line < 1 || at.line > len(lines) {
		return ""
	}
	line := []rune(lines[at.line-1])
	column := min(max(at.column-1, 0), len(line))
	from, to := max(0, column-around), min(len(line), column+around)
	shown := strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return ' '
	}, string(line[from:to]))
	return "\n    " + shown + "\n    " + strings.Repeat(" ", column-from) + "^"
}

// dotted is the source with the letters between quotes replaced.
func dotted(source string) string {
	var b strings.Builder
	scan(source, func(c rune, quoted bool, _ place) {
		if quoted && c != '\n' {
			c = '·'
		}
		b.WriteRune(c)
	})
	return b.String()
}

// scan visits each letter and says whether it lies between quotes; the quotes
// themselves do not. It returns where a quote was opened and never closed.
func scan(source string, visit func(c rune, quoted bool, at place)) (open place) {
	at := place{1, 1}
	var quote rune
	escaped := false
	for _, c := range source {
		switch {
		case quote == 0:
			visit(c, false, at)
			if c == '"' || c == '\'' || c == '`' {
				quote, open = c, at
			}
		case c == quote && !escaped:
			quote = 0
			visit(c, false, at)
		default:
			visit(c, true, at)
			escaped = c == '\\' && !escaped && quote != '`'
		}
		if at.column++; c == '\n' {
			at = place{at.line + 1, 1}
		}
	}
	if quote == 0 {
		return place{}
	}
	return open
}

// slips finds what people write who do not write CEL every day. It is asked
// only about text that could not be parsed.
func slips(source string) notes {
	var found notes
	var word []rune
	var began place
	var brackets []note
	end := func() {
		if len(word) > 0 {
			slipOfWord(&found, string(word), began)
		}
		word = word[:0]
	}
	open := scan(source, func(c rune, quoted bool, at place) {
		if quoted {
			return
		}
		if unicode.IsLetter(c) || unicode.IsDigit(c) || c == '_' {
			if len(word) == 0 {
				began = at
			}
			word = append(word, c)
			return
		}
		end()
		switch c {
		case '“', '”', '„', '‘', '’', '«', '»':
			found.add(at, "Use plain quotes here: \".")
		case '(', '[':
			brackets = append(brackets, note{at, string(c)})
		case ')', ']':
			if len(brackets) == 0 {
				found.add(at, "This %c closes nothing; take it out, or open it earlier.", c)
				return
			}
			brackets = brackets[:len(brackets)-1]
		}
	})
	end()
	if open != (place{}) {
		found.add(open, "This quote is never closed.")
	} else {
		for _, b := range brackets {
			found.add(b.at, "This %s is never closed.", b.reason)
		}
	}
	slipOfSign(&found, source)
	return found
}

func slipOfWord(found *notes, word string, at place) {
	meant := map[string]string{"and": "&&", "or": "||", "not": "!", "is": "==", "equals": "=="}
	if sign, ok := meant[strings.ToLower(word)]; ok {
		found.add(at, "Write %s for %q.", sign, strings.ToLower(word))
	}
}

// slipOfSign finds a single = & or |, and <>.
func slipOfSign(found *notes, source string) {
	var signs []rune
	var began place
	flush := func() {
		meant := map[string]string{"=": "==", "&": "&&", "|": "||", "<>": "!=", "=<": "<=", "=>": ">=", "===": "==", "!==": "!="}
		if sign, ok := meant[string(signs)]; ok {
			found.add(began, "Write %s for %s.", sign, string(signs))
		}
		signs = signs[:0]
	}
	scan(source, func(c rune, quoted bool, at place) {
		if !quoted && strings.ContainsRune("=<>!&|", c) {
			if len(signs) == 0 {
				began = at
			}
			signs = append(signs, c)
			return
		}
		flush()
	})
	flush()
}

// tooLong refuses a text before anything else looks at it.
func tooLong(source string) notes {
	var n notes
	switch {
	case !utf8.ValidString(source):
		n.add(place{1, 1}, "This is not UTF-8 text.")
	case strings.TrimSpace(source) == "":
		n.add(place{1, 1}, "There is nothing here; to mean everybody, write true.")
	case utf8.RuneCountInString(source) > maxLetters:
		n.add(place{1, 1}, "This is longer than %d letters; make two audiences of it and join them with in_audience.", maxLetters)
	}
	return n
}
