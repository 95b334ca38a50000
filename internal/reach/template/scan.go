package template

import (
	"regexp"
	"strings"

	"github.com/heed-platform/heed/internal/problem"
)

type pieceSort uint8

const (
	pieceText pieceSort = iota
	pieceOutput
	pieceTag
)

// piece is a stretch of a source: text as it stands, {{ … }} or {% … %}.
type piece struct {
	sort     pieceSort
	at       int    // where it begins
	text     string // of pieceText, white space trimmed as its neighbors ask
	verbatim bool   // text of a raw block: never trimmed
	name     string // of a tag
	from, to int    // what is inside an output, or what follows the name of a tag
	trimLeft bool
	trimNext bool
}

var (
	endRaw     = regexp.MustCompile(`\{%(-?)[ \t\r\n]*endraw[ \t\r\n]*(-?)%\}`)
	endComment = regexp.MustCompile(`\{%(-?)[ \t\r\n]*endcomment[ \t\r\n]*(-?)%\}`)
)

// scan cuts a source into pieces. Comments are gone and raw blocks are text
// afterwards.
func scan(src *source) ([]piece, *problem.Error) {
	var pieces []piece
	text := src.text
	for at := 0; at < len(text); {
		next := opening(text, at)
		if next > at {
			pieces = append(pieces, piece{sort: pieceText, at: at, text: text[at:next]})
			at = next
			continue
		}
		p, end, trouble := delimited(src, at)
		if trouble != nil {
			return nil, trouble
		}
		switch p.name {
		case "raw", "comment":
			closer := endRaw
			if p.name == "comment" {
				closer = endComment
			}
			m := closer.FindStringSubmatchIndex(text[end:])
			if m == nil {
				return nil, spot{src, at}.is(errSyntax, "{%% %s %%} is never closed with {%% end%s %%}.", p.name, p.name)
			}
			body := piece{sort: pieceText, at: end, trimLeft: p.trimLeft, trimNext: m[4] < m[5], verbatim: true}
			if p.name == "raw" {
				body.text = text[end : end+m[0]]
			}
			pieces = append(pieces, body)
			at = end + m[1]
		default:
			pieces = append(pieces, p)
			at = end
		}
	}
	trim(pieces)
	return pieces, nil
}

// opening is where the next {{ or {% begins, at or after at.
func opening(text string, at int) int {
	for i := at; i < len(text); i++ {
		j := strings.IndexByte(text[i:], '{')
		if j < 0 {
			break
		}
		i += j
		if i+1 < len(text) && (text[i+1] == '{' || text[i+1] == '%') {
			return i
		}
	}
	return len(text)
}

// delimited reads the output or tag that begins at at.
func delimited(src *source, at int) (piece, int, *problem.Error) {
	text := src.text
	p := piece{sort: pieceOutput, at: at}
	closer := "}}"
	if text[at+1] == '%' {
		p.sort, closer = pieceTag, "%}"
	}
	end := closing(text, at+2, closer, p.sort == pieceOutput)
	if end < 0 {
		return p, 0, spot{src, at}.is(errSyntax, "%s is never closed with %s.", text[at:at+2], closer)
	}
	p.from, p.to = at+2, end
	if p.from < p.to && text[p.from] == '-' {
		p.trimLeft = true
		p.from++
	}
	if p.from < p.to && text[p.to-1] == '-' {
		p.trimNext = true
		p.to--
	}
	if p.sort == pieceTag {
		r := reader{src: src, at: p.from, end: p.to}
		r.space()
		start := r.at
		if p.name = r.word(); p.name == "" && r.at < r.end && text[r.at] == '#' {
			p.name = "#"
			r.at++
		}
		if p.name == "" {
			return p, 0, spot{src, start}.is(errSyntax, "A tag needs a name, as in {%% if … %%}.")
		}
		p.from = r.at
	}
	return p, end + 2, nil
}

// closing is where closer stands; inside an output it may stand in quotes too.
func closing(text string, at int, closer string, quotes bool) int {
	for i := at; i < len(text); i++ {
		if quotes && (text[i] == '"' || text[i] == '\'') {
			quote := text[i]
			for i++; i < len(text) && text[i] != quote; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			continue
		}
		if strings.HasPrefix(text[i:], closer) {
			return i
		}
	}
	return -1
}

// trim takes away the white space that {%- and -%} ask to take away.
func trim(pieces []piece) {
	for i := range pieces {
		p := &pieces[i]
		if p.sort == pieceText && !p.verbatim {
			continue
		}
		if p.trimLeft && i > 0 && !pieces[i-1].verbatim {
			pieces[i-1].text = strings.TrimRightFunc(pieces[i-1].text, isGap)
		}
		if p.trimNext && i+1 < len(pieces) && !pieces[i+1].verbatim {
			next := &pieces[i+1]
			short := strings.TrimLeftFunc(next.text, isGap)
			next.at += len(next.text) - len(short)
			next.text = short
		}
	}
}

// isGap is white space between the words of the language and beside trimming
// tags.
func isGap(r rune) bool { return isSpace(r) && r != 0xFEFF }
