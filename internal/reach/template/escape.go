package template

import "strings"

// escape is how a value is made safe for the place it stands in.
type escape uint8

const (
	asNothing escape = iota // no place for a value: puts out nothing
	asText
	asHTML
	asHTMLOnce // entities in the value stay what they are
	asBreaks   // line breaks become <br />
	asLinkStart
	asLinkPath
	asLinkQuery
	asQuotedLinkStart // the same three inside an HTML attribute
	asQuotedLinkPath
	asQuotedLinkQuery
	asJSONString
	asJSON
)

// quoted is the escaping of a link that stands in an attribute.
func (e escape) quoted() escape { return e + asQuotedLinkStart - asLinkStart }

// append writes the value, made safe, behind b.
func (e escape) append(b []byte, v Value) []byte {
	switch e {
	case asNothing:
	case asText:
		return appendPlain(b, v)
	case asHTML:
		if v.sort == isNumber || v.sort == isBool {
			return v.appendText(b)
		}
		return appendHTML(b, v.string())
	case asHTMLOnce:
		return appendHTML(b, unescaped(v.string()))
	case asBreaks:
		for i, line := range strings.Split(strings.ReplaceAll(v.string(), "\r\n", "\n"), "\n") {
			if i > 0 {
				b = append(b, "<br />\n"...)
			}
			b = appendHTML(b, line)
		}
		return b
	case asLinkStart, asLinkPath, asLinkQuery:
		return e.appendLink(b, v.string(), false)
	case asQuotedLinkStart, asQuotedLinkPath, asQuotedLinkQuery:
		return (e - asQuotedLinkStart + asLinkStart).appendLink(b, v.string(), true)
	case asJSONString:
		return appendJSONString(b, v.string())
	case asJSON:
		return v.appendJSON(b)
	}
	return b
}

// appendPlain writes text without the control characters that no reader of
// plain text wants; tabs and line breaks stay.
func appendPlain(b []byte, v Value) []byte {
	if v.sort != isText {
		return v.appendText(b)
	}
	from := 0
	for i := range len(v.text) {
		if c := v.text[i]; c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7F {
			b = append(b, v.text[from:i]...)
			from = i + 1
		}
	}
	return append(b, v.text[from:]...)
}

// appendHTML writes text that is safe between tags and in quoted attributes.
func appendHTML(b []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		var entity string
		switch c := s[i]; {
		case c == '&':
			entity = "&amp;"
		case c == '<':
			entity = "&lt;"
		case c == '>':
			entity = "&gt;"
		case c == '"':
			entity = "&#34;"
		case c == '\'':
			entity = "&#39;"
		case c < ' ' && c != '\t' && c != '\n' && c != '\r', c == 0x7F:
		default:
			continue
		}
		b = append(b, s[from:i]...)
		b = append(b, entity...)
		from = i + 1
	}
	return append(b, s[from:]...)
}

var entities = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'")

func unescaped(s string) string { return entities.Replace(s) }

// deadLink is what a link becomes that a value tried to turn into something
// else than a link.
const deadLink = "#"

// appendLink writes a value into a link. At its start a value may be a whole
// link, of a scheme that only leads somewhere; in the path it may not leave the
// path; behind the ? it is one component. Inside quotes, & and ' are entities;
// nothing else that HTML minds is left in a link.
func (e escape) appendLink(b []byte, s string, quoted bool) []byte {
	keep := "!'()*"
	switch {
	case e == asLinkStart:
		s = strings.TrimFunc(s, isSpace)
		if i := strings.IndexAny(s, ":/?#"); i >= 0 && s[i] == ':' && !leads(s[:i]) {
			return append(b, deadLink...)
		}
		keep = ":/?#[]@!$&'()*+,;=%"
	case e == asLinkPath:
		keep = ":/!$'()*+,;"
	}
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		switch {
		case isLetter(c) || isDigit(c) || strings.IndexByte("-_.~", c) >= 0:
			b = append(b, c)
		case strings.IndexByte(keep, c) < 0:
			b = append(b, '%', hex[c>>4], hex[c&15])
		case quoted && c == '&':
			b = append(b, "&amp;"...)
		case quoted && c == '\'':
			b = append(b, "&#39;"...)
		default:
			b = append(b, c)
		}
	}
	return b
}

// leads reports whether links of this scheme lead somewhere and run nothing.
func leads(scheme string) bool {
	switch strings.ToLower(scheme) {
	case "http", "https", "mailto", "tel", "sms":
		return true
	}
	return false
}

// appendJSONString writes text as the inside of a JSON string, as
// JSON.stringify does.
func appendJSONString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= ' ':
			b = append(b, c)
		case c >= '\b' && c <= '\r' && c != '\v':
			b = append(b, '\\', "btn_fr"[c-'\b'])
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return b
}

// oneLine is a subject: whatever breaks a line or controls a device is a space,
// and spaces are single.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return isSpace(r) && r != 0xA0 && r != 0x202F || r < ' ' || r >= 0x7F && r < 0xA0
	}), " ")
}
