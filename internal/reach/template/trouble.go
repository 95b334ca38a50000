package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/problem"
)

// What can be wrong with a template. Each is returned with one Field: the
// pointer is "line:column", after the snippet's name and a colon if it is in
// one; the reason says what is wrong there. Reasons name words of the template,
// never values.
var (
	errSyntax       = problem.New(problem.Invalid, "template-syntax", "The template is not well formed; mend it at the place named.")
	errTag          = problem.New(problem.Invalid, "template-unknown-tag", "The template uses a tag that does not exist.")
	errFilter       = problem.New(problem.Invalid, "template-unknown-filter", "The template uses a filter that does not exist.")
	errArguments    = problem.New(problem.Invalid, "template-filter-arguments", "A filter of the template was given values that it cannot use.")
	errSnippet      = problem.New(problem.Invalid, "template-unknown-snippet", "The template renders a snippet that does not exist.")
	errDeep         = problem.New(problem.Invalid, "template-too-deep", "The template is nested too deep; make it flatter.")
	errLarge        = problem.New(problem.TooLarge, "template-too-large", "The template with its snippets is too large; shorten it.")
	errOpenField    = problem.New(problem.Invalid, "template-open-field", "The template reads a field that is not known before sending; name the field.")
	errPlace        = problem.New(problem.Invalid, "template-unsafe-place", "A value of the template stands where escaping cannot make it safe; move it into the text or into a quoted attribute.")
	errUneven       = problem.New(problem.Invalid, "template-uneven-branches", "The ways through a tag leave the text around it in different states; close in each what it opens.")
	errLong         = problem.New(problem.TooLarge, "template-too-long", "The text grew beyond the limit for one message; nothing of it is used.")
	errSlow         = problem.New(problem.TooLarge, "template-too-slow", "The template takes more steps than one message may; nothing of it is used.")
	errZero         = problem.New(problem.Invalid, "template-divided-by-zero", "The template divides by zero; put an if around it.")
	errNotJSON      = problem.New(problem.Invalid, "template-not-json", "What the template gives is not JSON; look for a missing comma or quote.")
	errBrokenSource = problem.New(problem.Invalid, "template-not-utf8", "The template is not UTF-8 text; save it as UTF-8.")
)

// source is one text that is parsed: the template (no name) or a snippet.
type source struct {
	name string
	text string
}

// spot is a place in a source.
type spot struct {
	src *source
	at  int
}

// is makes the problem for this spot.
func (s spot) is(p *problem.Error, reason string, words ...any) *problem.Error {
	line, column := s.position()
	pointer := fmt.Sprintf("%d:%d", line, column)
	if s.src.name != "" {
		pointer = s.src.name + ":" + pointer
	}
	return p.At(pointer, fmt.Sprintf(reason, words...))
}

// position is the line and the column in characters, from 1.
func (s spot) position() (line, column int) {
	before := s.src.text[:min(s.at, len(s.src.text))]
	return 1 + strings.Count(before, "\n"), 1 + runes(before[strings.LastIndexByte(before, '\n')+1:])
}

// nearest is a hint for a misspelled word: "; did you mean “upcase”?", or
// nothing when no name is close.
func nearest(word string, names []string) string {
	best, distance := "", 1+max(1, len(word)/3)
	for _, name := range slices.Sorted(slices.Values(names)) {
		if d := edits(word, name); d < distance {
			best, distance = name, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean “" + best + "”?"
}

// edits is the Levenshtein distance of two short words.
func edits(a, b string) int {
	if len(a) > 40 || len(b) > 40 {
		return 40
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
