package mapping

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heed-platform/heed/internal/collect/event/strict"
	"github.com/heed-platform/heed/internal/collect/source/table"
)

// The codes of rows whose cells cannot be read. They are stable and documented.
const (
	BadNumber   = "bad_number"
	BadInteger  = "bad_integer"
	BadTime     = "bad_time"
	NoTime      = "no_time"
	BadWord     = "unknown_word"
	BadJSON     = "bad_json"
	BadGrant    = "bad_grant"
	NotAnObject = "not_an_object"
)

// reasons tell what is wrong with a row, without any of its text.
var reasons = map[string]string{
	BadNumber:   "a cell is not a number; say with decimal and thousands how numbers are written, or mend it",
	BadInteger:  "a cell is not a whole number; mend it, or read it as number",
	BadTime:     "a cell is not a time as the mapping says times are written; name its layout, or mend it",
	NoTime:      "nothing tells when it was done; fill the cell of its time",
	BadWord:     "a cell holds a word that the mapping does not list; add it there, or mend it",
	BadJSON:     "a cell does not hold one JSON value; mend it, or read it as text",
	BadGrant:    "a grant has no purpose, or a status that is none of granted, denied, withdrawn and objected",
	NotAnObject: "there is no event where the mapping says it is",
}

func bad(code string) *table.Fault { return &table.Fault{Code: code, Why: reasons[code]} }

// cast is how text becomes a value.
type cast struct {
	as        string // text, number, integer, minor, boolean, time, date, json
	mark      byte   // the decimal mark
	group     string // between thousands
	digits    int    // of minor: it counts units of 10^-digits
	per       *ref   // divided by this cell
	layouts   []string
	zone      *time.Location
	yes, no   []string
	words     map[string]string
	otherwise *string
	split     string // between the elements of a list; "" is no list
	trim      string // characters taken off both ends
}

// spoken is a template read as something, or else another one.
type spoken struct {
	template template
	cast     cast
	or       *spoken
}

func (v *spoken) make(dst []byte, s *Scope) ([]byte, bool, *table.Fault) {
	from := len(dst)
	for ; ; v = v.or {
		text := v.template.text(s)
		read := v.cast.one
		if v.cast.split != "" {
			read = v.cast.list
		}
		out, ok, fault := read(dst[:from], text, s)
		if ok || fault != nil || v.or == nil {
			return out, ok, fault
		}
		dst = out
	}
}

func (c *cast) list(dst []byte, text string, s *Scope) ([]byte, bool, *table.Fault) {
	if c.trim != "" {
		text = strings.Trim(text, c.trim)
	}
	n := 0
	dst = append(dst, '[')
	for element := range strings.SplitSeq(text, c.split) {
		from := len(dst)
		if n > 0 {
			dst = append(dst, ',')
		}
		out, ok, fault := c.one(dst, strings.TrimSpace(element), s)
		if fault != nil {
			return out, false, fault
		}
		if dst = out; !ok {
			dst = dst[:from]
			continue
		}
		n++
	}
	return append(dst, ']'), n > 0, nil
}

// word is the text after trimming and translating.
func (c *cast) word(text string) (string, *table.Fault) {
	if c.trim != "" {
		text = strings.TrimSpace(strings.Trim(text, c.trim))
	}
	if c.words == nil {
		return text, nil
	}
	if said, ok := c.words[text]; ok {
		return said, nil
	}
	switch {
	case c.otherwise != nil:
		return *c.otherwise, nil
	case text == "":
		return "", nil
	}
	return "", bad(BadWord)
}

func (c *cast) one(dst []byte, text string, s *Scope) ([]byte, bool, *table.Fault) {
	text, fault := c.word(text)
	if text == "" || fault != nil {
		return dst, false, fault
	}
	switch c.as {
	case "number", "integer", "minor":
		return c.number(dst, text, s)
	case "boolean":
		switch lower := strings.ToLower(text); {
		case slices.Contains(c.yes, lower):
			return append(dst, "true"...), true, nil
		case slices.Contains(c.no, lower):
			return append(dst, "false"...), true, nil
		}
		return dst, false, bad(BadWord)
	case "time", "date":
		t, ok := moment(text, c.layouts, c.zone)
		if !ok {
			return dst, false, bad(BadTime)
		}
		if c.as == "date" {
			return t.In(c.zone).AppendFormat(dst, `"2006-01-02"`), true, nil
		}
		return t.AppendFormat(dst, `"2006-01-02T15:04:05.999999Z"`), true, nil
	case "json":
		scan := strict.New([]byte(text))
		scan.Skip()
		if !scan.End() {
			return dst, false, bad(BadJSON)
		}
		return append(dst, text...), text != "null", nil
	}
	return strict.AppendText(dst, text), true, nil
}

// shift makes whole units of minor ones.
func (c *cast) shift(d *decimal) {
	if c.as == "minor" {
		d.scale += c.digits
	}
}

func (c *cast) number(dst []byte, text string, s *Scope) ([]byte, bool, *table.Fault) {
	d, ok := parseDecimal(text, c.mark, c.group)
	if !ok {
		return dst, false, bad(BadNumber)
	}
	c.shift(&d)
	if c.per != nil {
		by := c.per.text(s)
		o, ok := parseDecimal(by, c.mark, c.group)
		if by != "" && !ok {
			return dst, false, bad(BadNumber)
		}
		if d, ok = d.over(&o); !ok {
			return dst, false, nil // nothing is known of the price of none
		}
	}
	from := len(dst)
	dst = d.appendText(dst)
	if c.as == "integer" && slices.Contains(dst[from:], '.') {
		return dst[:from], false, bad(BadInteger)
	}
	return dst, true, nil
}

// said is text that stays text: an identifier, a word of the ledger.
func (v *spoken) said(s *Scope) (string, *table.Fault) {
	for ; ; v = v.or {
		text, fault := v.cast.word(v.template.text(s))
		if text != "" || fault != nil || v.or == nil {
			return text, fault
		}
	}
}

func itoa(n int) string { return strconv.Itoa(n) }
