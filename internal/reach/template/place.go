package template

import (
	"slices"
	"strings"
)

// mode is where in the text of its kind a point lies. Text, Subject and URL
// know only inText.
type mode uint8

const (
	inText    mode = iota // between tags; outside of every JSON string
	inName                // in the name of an HTML tag
	inTag                 // in a tag, between attributes
	inAttr                // in the name of an attribute
	afterAttr             // behind the name of an attribute
	beforeVal             // behind the = of an attribute
	inDouble              // in a value in double quotes
	inSingle              // in a value in single quotes
	inBare                // in a value without quotes
	inGap                 // in a tag, where a space, a slash or > must come next
	inComment             // in <!-- -->
	inMarkup              // in <! > or <? >
	inRaw                 // in an element whose content is not HTML
	inString              // in a JSON string
)

// part is how far a link has got; it decides what a value could do to it.
type part uint8

const (
	noLink    part = iota
	linkStart      // nothing settles the scheme yet
	linkPath       // the scheme is settled
	linkQuery      // behind ? or #
)

// place is what surrounds a point of a template. It is comparable: two ways to
// one point must agree on it.
type place struct {
	kind    Kind
	mode    mode
	markup  bool   // this plain text will stand in HTML (a capture)
	tag     string // the tag, or the raw element, this is in
	closing bool   // the tag is an end tag
	attr    string // the attribute
	link    part
	lead    string // what a link begins with; "?" once a value is part of that
	foreign bool   // in svg or math
	hidden  bool   // in a conditional comment, which Outlook reads as HTML
}

// begin is the place where a template of this kind begins.
func begin(k Kind) place {
	p := place{kind: k}
	if k == URL {
		p.link = linkStart
	}
	return p
}

// join is the place after one of two ways, if they fit together.
func (p place) join(o place) (place, bool) {
	if p == o {
		return p, true
	}
	if p.link != noLink && o.link != noLink {
		j := p
		j.link, j.lead = p.link, "?"
		if p.link == linkQuery || o.link == linkQuery {
			j.link = linkQuery
		} else if p.link == linkStart || o.link == linkStart {
			j.link = linkStart
		}
		o.link, o.lead = j.link, j.lead
		return j, j == o
	}
	// <option{% if a %} selected{% endif %}>: whether or not, a gap comes next.
	if p.inside() && o.inside() && p.tag == o.tag && p.closing == o.closing && p.foreign == o.foreign && p.hidden == o.hidden {
		spaced := (p.mode == inTag || p.mode == afterAttr) && (o.mode == inTag || o.mode == afterAttr)
		if p.mode, p.attr = inGap, ""; spaced {
			p.mode = inTag
		}
		return p, true
	}
	return p, false
}

// inside reports whether p is in a tag and not in the value of an attribute.
func (p place) inside() bool {
	return p.mode == inName || p.mode == inTag || p.mode == inAttr || p.mode == afterAttr || p.mode == inGap
}

// repeated is the place where every round of a loop begins: in a link, what
// came before may be anything.
func (p place) repeated() place {
	if p.link != noLink {
		p.link, p.lead = linkQuery, "?"
	}
	return p
}

// after is the place behind a value.
func (p place) after() place {
	if p.link == linkStart {
		p.lead = "?"
	}
	return p
}

// describe tells a marketer where that is.
func (p place) describe() string {
	switch p.mode {
	case inName, inTag, inAttr, afterAttr, beforeVal, inGap:
		return "inside the tag <" + p.tag + ">"
	case inDouble, inSingle, inBare:
		return "inside the attribute “" + p.attr + "”"
	case inComment, inMarkup:
		return "inside a comment"
	case inRaw:
		return "inside <" + p.tag + ">"
	case inString:
		return "inside a string"
	case inText:
	}
	switch {
	case p.hidden:
		return "inside a conditional comment"
	case p.foreign:
		return "inside a drawing"
	}
	return "in the text"
}

// feed follows the text of a template from p on. The reason, if there is one,
// says what cannot be at the offset.
func (p place) feed(text string) (after place, offset int, reason string) {
	switch {
	case p.kind == HTML:
		return p.feedHTML(text)
	case p.kind == JSON:
		return p.feedJSON(text)
	case p.kind == URL:
		w := walker{p}
		offset, reason = w.feedLink(text)
		return w.place, offset, reason
	case p.markup:
		if i, ok := markup(text); ok {
			return p, i, "A captured text is a value and is escaped where it is put out, so it cannot hold HTML; put the HTML around {{ … }}, or into a snippet."
		}
	}
	return p, 0, ""
}

// markup finds what HTML would not read as plain text.
func markup(text string) (int, bool) {
	for i := range len(text) - 1 {
		c := text[i+1]
		switch {
		case text[i] == '<' && (isLetter(c) || c == '/' || c == '!' || c == '?'),
			text[i] == '&' && (isLetter(c) || c == '#'):
			return i, true
		}
	}
	return 0, false
}

func (p place) feedJSON(text string) (place, int, string) {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && p.mode == inString:
			if i++; i == len(text) {
				return p, i - 1, "A backslash needs a character of the text behind it."
			}
		case text[i] == '"' && p.mode == inString:
			p.mode = inText
		case text[i] == '"':
			p.mode = inString
		}
	}
	return p, 0, ""
}

// feedLink moves p through the text of a link.
func (p *walker) feedLink(text string) (offset int, reason string) {
	for i := range len(text) {
		c := text[i]
		switch {
		case p.link == linkQuery:
			return 0, ""
		case c == '?' || c == '#':
			p.link = linkQuery
		case p.link == linkPath:
		case c == '&' || c == '=':
			p.link = linkQuery
		case c == '/':
			p.link = linkPath
		case c == ':':
			switch scheme := strings.ToLower(p.lead); {
			case strings.HasPrefix(scheme, "?"):
				return i, "The beginning of a link, as in https:, is either written out or inside the value; it cannot be put together."
			case scheme == "javascript", scheme == "vbscript", scheme == "data":
				return i, "A link that begins with " + scheme + ": is not allowed."
			}
			p.link = linkPath
		case c > ' ' && len(p.lead) < 20:
			p.lead += string(rune(c))
		}
	}
	return 0, ""
}

// escape decides how a value is escaped here. A last filter that asks for what
// is done anyway is taken off, or it would be done twice. The reason, if there
// is one, says why no value can stand here.
func (p place) escape(value expr) (escape, expr, string) {
	switch {
	case p.kind == HTML:
		return p.escapeHTML(value)
	case p.kind == URL:
		e, value := p.escapeLink(value)
		return e, value, ""
	case p.kind == JSON && p.mode == inString:
		return asJSONString, value, ""
	case p.kind == JSON:
		value, _ = without(value, "json")
		return asJSON, value, ""
	}
	return asText, value, ""
}

func (p place) escapeLink(value expr) (escape, expr) {
	value, whole := without(value, "url_encode")
	switch {
	case whole || p.link == linkQuery:
		return asLinkQuery, value
	case p.link == linkPath:
		return asLinkPath, value
	}
	return asLinkStart, value
}

// without takes the filter off if it is the last one.
func without(value expr, name string) (expr, bool) {
	f, ok := value.(*filtered)
	if !ok || f.calls[len(f.calls)-1].name != name {
		return value, false
	}
	if len(f.calls) == 1 {
		return f.base, true
	}
	return &filtered{base: f.base, calls: slices.Clone(f.calls[:len(f.calls)-1])}, true
}
