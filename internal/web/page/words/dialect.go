package words

import (
	"strconv"
	"strings"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/heed-platform/heed/internal/clock"
)

// dialect is how one language writes what is not a text. Digits are European in
// every language, as they are on receipts and in addresses.
type dialect struct {
	tag, name, dir string
	date           string // {d} {m} {y}
	first          string // the day on the first of a month; "" is 1
	months         [12]string
	group, decimal string
	grouped        int    // how many digits a number has before it is grouped
	and            string // between the last two of a list
	comma          string // between the others
	money          string // {v} {c}
	texts          map[string]text
}

var dialects = []*dialect{
	{
		tag: "en", name: "English", dir: "ltr", date: "{d} {m} {y}", group: ",", decimal: ".", grouped: 4, and: " and ", comma: ", ", money: "{c} {v}",
		months: [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		texts:  mustRead("en"),
	},
	{
		tag: "de", name: "Deutsch", dir: "ltr", date: "{d}. {m} {y}", group: ".", decimal: ",", grouped: 5, and: " und ", comma: ", ", money: "{v} {c}",
		months: [12]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"},
		texts:  mustRead("de"),
	},
	{
		tag: "fr", name: "Français", dir: "ltr", date: "{d} {m} {y}", first: "1er", group: "\u202f", decimal: ",", grouped: 4, and: " et ", comma: ", ", money: "{v} {c}",
		months: [12]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"},
		texts:  mustRead("fr"),
	},
	{
		tag: "es", name: "Español", dir: "ltr", date: "{d} de {m} de {y}", group: ".", decimal: ",", grouped: 5, and: " y ", comma: ", ", money: "{v} {c}",
		months: [12]string{"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"},
		texts:  mustRead("es"),
	},
	{
		tag: "ar", name: "العربية", dir: "rtl", date: "{d} {m} {y}", group: ",", decimal: ".", grouped: 4, and: " و", comma: "، ", money: "{v} {c}",
		months: [12]string{"يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو", "يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"},
		texts:  mustRead("ar"),
	},
}

// Number is n with its digits grouped: "12,345".
func (w Words) Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	if len(digits) < w.language.grouped {
		return sign + digits
	}
	var b strings.Builder
	for i, c := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(w.language.group)
		}
		b.WriteRune(c)
	}
	return sign + b.String()
}

// Money is an amount in a currency's minor units: Money(1999, "EUR") is
// "EUR 19.99" in English. How many minor units a currency has is ISO 4217's.
func (w Words) Money(minor int64, code string) string {
	scale := 2
	if unit, err := currency.ParseISO(code); err == nil {
		scale, _ = currency.Standard.Rounding(unit)
	}
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	unit := int64(1)
	for range scale {
		unit *= 10
	}
	value := w.Number(minor / unit)
	if scale > 0 {
		part := strconv.FormatInt(minor%unit, 10)
		value += w.language.decimal + strings.Repeat("0", scale-len(part)) + part
	}
	return strings.NewReplacer("{v}", sign+value, "{c}", code, " ", "\u00a0").Replace(w.language.money)
}

// Date is the day of t: "2 November 2026".
func (w Words) Date(t clock.Instant) string {
	at := t.Time().In(w.zone)
	day := strconv.Itoa(at.Day())
	if at.Day() == 1 && w.language.first != "" {
		day = w.language.first
	}
	return strings.NewReplacer("{d}", day, "{m}", w.language.months[at.Month()-1], "{y}", strconv.Itoa(at.Year())).Replace(w.language.date)
}

// Time is the time of day of t, as a clock of 24 hours shows it: "17:04".
func (w Words) Time(t clock.Instant) string { return t.Time().In(w.zone).Format("15:04") }

// DateTime is the day and the time of t: "2 November 2026, 17:04".
func (w Words) DateTime(t clock.Instant) string { return w.Date(t) + w.language.comma + w.Time(t) }

// List is "a, b and c".
func (w Words) List(items ...string) string {
	last := len(items) - 1
	var b strings.Builder
	for i, item := range items {
		switch {
		case i == last && i > 0:
			b.WriteString(w.language.and)
		case i > 0:
			b.WriteString(w.language.comma)
		}
		b.WriteString(w.isolate(item))
	}
	return b.String()
}

// Country is the name of an ISO 3166 code: "Germany" for "DE" or "DE-BE". A code
// that is none is its own name.
func (w Words) Country(code string) string {
	base, _, _ := strings.Cut(code, "-")
	region, err := language.ParseRegion(base)
	if err != nil {
		return code
	}
	if name := display.Regions(language.Make(w.language.tag)).Name(region); name != "" {
		return name
	}
	return code
}
