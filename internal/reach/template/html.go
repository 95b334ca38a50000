package template

import (
	"slices"
	"strings"
)

// Elements whose content is not HTML. Of these only title and textarea can hold
// a value.
var rawElements = []string{"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "plaintext"}

// Elements whose attributes load code or change what the page is.
var closedElements = []string{
	"script", "style", "link", "base", "meta", "iframe", "frame", "object", "embed", "applet", "param",
	"animate", "animatemotion", "animatetransform", "set",
}

// Attributes that hold a link.
var linkAttributes = []string{
	"href", "src", "action", "formaction", "cite", "poster", "background", "longdesc", "data", "manifest",
	"ping", "icon", "codebase", "profile", "usemap", "classid", "dynsrc", "lowsrc", "archive",
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func isHTMLSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

const cutTag = "A tag or comment cannot be cut in two here; write it in one piece, or &lt; for a “<” that is only text."

// feedHTML follows the tokenizer of the HTML standard, as far as it matters for
// where values may stand.
func (p place) feedHTML(text string) (place, int, string) {
	w := walker{p}
	for i := 0; i < len(text); {
		n, reason := w.stepHidden(text[i:])
		if reason != "" {
			return w.place, i, reason
		}
		i += n
	}
	return w.place, 0, ""
}

// walker is a place on its way through a text.
type walker struct{ place }

// stepHidden is step where --> may end a conditional comment: browsers see a
// comment, Outlook sees HTML, and both must see the same place behind it.
func (p *walker) stepHidden(s string) (int, string) {
	if !p.hidden || p.mode == inText && strings.HasPrefix(s, "<!") {
		return p.step(s)
	}
	end := strings.Index(s, "-->")
	switch {
	case end > 0:
		s = s[:end]
	case end == 0 && p.mode != inText:
		return 0, "The conditional comment ends in the middle of a tag."
	case end == 0:
		p.hidden = false
		return len("-->"), ""
	}
	return p.step(s)
}

// step moves p over the next bytes and returns how many.
func (p *walker) step(s string) (int, string) {
	switch {
	case p.mode == inText:
		return p.stepText(s)
	case p.mode == inComment:
		return p.stepComment(s)
	case p.mode == inRaw:
		return p.stepRaw(s)
	case p.mode == inDouble || p.mode == inSingle || p.mode == inBare:
		return p.stepValue(s)
	case p.mode != inMarkup:
		return p.stepTag(s)
	case s[0] == '>':
		p.mode = inText
	}
	return 1, ""
}

func (p *walker) stepText(s string) (int, string) {
	if s[0] != '<' {
		n := strings.IndexByte(s, '<')
		if n < 0 {
			n = len(s)
		}
		return n, ""
	}
	if len(s) == 1 || s[1] == '/' && len(s) == 2 {
		return 0, cutTag
	}
	switch {
	case s[1] == '!':
		return p.stepBang(s)
	case s[1] == '?', s[1] == '/' && !isLetter(s[2]):
		p.mode = inMarkup
		return 2, ""
	case s[1] == '/':
		p.mode, p.tag, p.closing = inName, "", true
		return 2, ""
	case isLetter(s[1]):
		p.mode, p.tag, p.closing = inName, "", false
	}
	return 1, ""
}

// stepBang reads what begins with <!, up to the inside of a comment.
func (p *walker) stepBang(s string) (int, string) {
	if p.hidden {
		if len(s) >= len("<![endif]") && strings.EqualFold(s[:len("<![endif]")], "<![endif]") {
			return len("<![endif]"), ""
		}
		if strings.HasPrefix(s, "<!--") {
			// <!--[if !mso]><!--> … is shown to everybody.
			end := strings.Index(s, "-->")
			if end < 0 {
				return 0, cutTag
			}
			p.hidden = false
			return end + len("-->"), ""
		}
	}
	if !strings.HasPrefix(s, "<!--") {
		if strings.HasPrefix("<!--", s) {
			return 0, cutTag
		}
		p.mode = inMarkup
		return 2, ""
	}
	rest := s[len("<!--"):]
	switch condition := strings.TrimLeft(rest, " \t\r\n"); {
	case rest == "" || rest == "-":
		return 0, cutTag
	case strings.HasPrefix(rest, ">"), strings.HasPrefix(rest, "->"):
		return len("<!--") + strings.IndexByte(rest, '>') + 1, ""
	case len(condition) > 3 && strings.EqualFold(condition[:3], "[if"):
		end := strings.Index(rest, "]>")
		if end < 0 || strings.Contains(rest[:end], "-->") {
			return 0, cutTag
		}
		p.hidden = true
		return len("<!--") + end + len("]>"), ""
	}
	p.mode = inComment
	return len("<!--"), ""
}

func (p *walker) stepComment(s string) (int, string) {
	for i := range len(s) {
		if strings.HasPrefix(s[i:], "-->") || strings.HasPrefix(s[i:], "--!>") {
			p.mode = inText
			return i + strings.IndexByte(s[i:], '>') + 1, ""
		}
	}
	if strings.HasSuffix(s, "-") || strings.HasSuffix(s, "--!") {
		return 0, cutTag
	}
	return len(s), ""
}

// stepRaw looks for the end tag of a raw element.
func (p *walker) stepRaw(s string) (int, string) {
	end := "</" + p.tag
	for i := range len(s) {
		if s[i] != '<' || p.tag == "plaintext" {
			continue
		}
		rest := s[i:]
		if len(rest) <= len(end) {
			if strings.EqualFold(rest, end[:len(rest)]) {
				return 0, cutTag
			}
			continue
		}
		c := rest[len(end)]
		if strings.EqualFold(rest[:len(end)], end) && (isHTMLSpace(c) || c == '/' || c == '>') {
			p.mode, p.closing = inTag, true
			return i + len(end), ""
		}
	}
	return len(s), ""
}

// stepTag moves through a tag outside of its attributes' values.
func (p *walker) stepTag(s string) (int, string) {
	c := s[0]
	switch {
	case c == '>':
		p.endTag()
		return 1, ""
	case p.mode == inName && !isHTMLSpace(c) && c != '/':
		p.tag += strings.ToLower(s[:1])
		return 1, ""
	case p.mode == inGap && !isHTMLSpace(c) && c != '/':
		return 0, "Put a space here, or the word before it may run into this one."
	case c == '=' && p.mode == inTag:
		return 0, "An attribute needs a name before the “=”."
	case c == '/':
		if strings.HasPrefix(s, "/>") && (p.tag == "svg" || p.tag == "math") {
			p.closing = true // as good as closed at once
		}
		p.mode, p.attr = inTag, ""
	case isHTMLSpace(c):
		switch {
		case p.mode == inName || p.mode == inGap:
			p.mode = inTag
		case p.mode == inAttr:
			p.mode = afterAttr
		}
	case p.mode == beforeVal:
		return p.beginValue(c)
	case c == '=' && (p.mode == inAttr || p.mode == afterAttr):
		p.mode = beforeVal
	case p.mode == inAttr:
		p.attr += strings.ToLower(s[:1])
	default:
		p.mode, p.attr = inAttr, strings.ToLower(s[:1])
	}
	return 1, ""
}

func (p *walker) beginValue(c byte) (int, string) {
	p.link, p.lead = noLink, ""
	if holdsLink(p.attr) {
		p.link = linkStart
	}
	switch c {
	case '"':
		p.mode = inDouble
		return 1, ""
	case '\'':
		p.mode = inSingle
		return 1, ""
	}
	p.mode = inBare
	return 0, ""
}

func (p *walker) stepValue(s string) (int, string) {
	enders := " \t\r\n\f>"
	switch {
	case p.mode == inDouble:
		enders = `"`
	case p.mode == inSingle:
		enders = "'"
	}
	n := strings.IndexAny(s, enders)
	inside := n
	if n < 0 {
		inside = len(s)
	}
	if p.link != noLink {
		if _, reason := p.feedLink(s[:inside]); reason != "" {
			return 0, reason
		}
	}
	if n < 0 {
		return inside, ""
	}
	bare := p.mode == inBare
	p.mode, p.attr, p.link, p.lead = inTag, "", noLink, ""
	if bare {
		return n, ""
	}
	return n + 1, ""
}

// endTag is the > of a tag.
func (p *walker) endTag() {
	switch {
	case p.tag == "svg" || p.tag == "math":
		p.foreign = !p.closing
	case slices.Contains(rawElements, p.tag) && !p.closing:
		p.mode, p.attr = inRaw, ""
		return
	}
	p.mode, p.tag, p.attr, p.closing = inText, "", "", false
}

// holdsLink follows html/template in guessing at attributes of one's own.
func holdsLink(attr string) bool {
	attr = strings.TrimPrefix(attr, "data-")
	if i := strings.LastIndexByte(attr, ':'); i >= 0 && !strings.HasPrefix(attr, "xmlns") {
		attr = attr[i+1:]
	}
	return slices.Contains(linkAttributes, attr) || strings.Contains(attr, "src") ||
		strings.Contains(attr, "uri") || strings.Contains(attr, "url")
}

// escapeHTML is escape for a place in HTML.
func (p place) escapeHTML(value expr) (escape, expr, string) {
	if reason := p.refusal(); reason != "" {
		return asNothing, value, reason
	}
	value, breaks := without(value, "newline_to_br")
	if breaks && p.mode != inText {
		return asNothing, value, "“newline_to_br” makes tags, and tags cannot stand here."
	}
	value, escaped := without(value, "escape")
	once := false
	if !escaped {
		value, once = without(value, "escape_once")
	}
	switch {
	case breaks && once:
		return asNothing, value, "“escape_once” and “newline_to_br” cannot both stand here; “newline_to_br” escapes too."
	case breaks:
		return asBreaks, value, ""
	case p.link != noLink:
		e, value := p.escapeLink(value)
		return e.quoted(), value, ""
	case once:
		return asHTMLOnce, value, ""
	}
	return asHTML, value, ""
}

// refusal says why no value can be made safe here, or nothing.
func (p place) refusal() string {
	switch {
	case p.mode == inText && p.foreign:
		return "A value cannot stand inside <svg> or <math>."
	case p.mode == inText:
	case p.mode == inRaw:
		if p.tag != "title" && p.tag != "textarea" || p.foreign {
			return "A value cannot stand inside <" + p.tag + ">: it would be read as code. Put it into the text."
		}
	case p.mode == inDouble || p.mode == inSingle:
		return p.refusalInValue()
	case p.mode == inBare || p.mode == beforeVal:
		return "Put quotes around the value of “" + p.attr + "”: " + p.attr + "=\"{{ … }}\"."
	case p.mode == inComment || p.mode == inMarkup:
		return "A value cannot stand inside a comment: nobody sees it there, but it is sent."
	default:
		return "A value cannot be the name of a tag or of an attribute."
	}
	return ""
}

func (p place) refusalInValue() string {
	_, name, _ := strings.Cut(":"+p.attr, ":")
	switch {
	case p.foreign || slices.Contains(closedElements, p.tag):
		return "A value cannot stand inside <" + p.tag + ">: it could load or run something."
	case strings.HasPrefix(p.attr, "on") || strings.Contains(p.attr, ":on"):
		return "A value cannot stand inside the event handler “" + p.attr + "”: it would be read as code."
	case name == "style":
		return "A value cannot stand inside “style”: CSS has rules of its own. Use an attribute such as width or color."
	case name == "srcset" || name == "imagesrcset" || name == "srcdoc" || name == "http-equiv":
		return "A value cannot stand inside “" + p.attr + "”."
	}
	return ""
}
