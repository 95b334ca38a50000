package template

import (
	"math"
	"strconv"
	"strings"
)

// money writes an amount in minor units with its currency: the currency is the
// argument, or the value is an object with “minor” and “currency”. What is not
// an amount comes out as it went in.
func money(w work, v Value, args []Value) Value {
	amount, currency := v, argument(args, 0).string()
	if minor, ok := v.member("minor"); ok {
		amount = minor
		if c, ok := v.member("currency"); ok && currency == "" {
			currency = c.string()
		}
	}
	minor, ok := amount.number()
	currency = strings.ToUpper(currency)
	if !ok || amount.string() == "" || math.Abs(minor) > maxSafe || len(currency) != 3 || !isASCII(currency) {
		return v
	}
	return of(format(int64(math.Round(minor)), currency, w.options.Language))
}

// style is how a language writes amounts.
type style struct {
	group, decimal string
	behind         bool // the currency stands behind, after a space that does not break
}

const noBreak = "\u00A0"

func styleOf(tag string) style {
	primary, _, _ := strings.Cut(strings.ReplaceAll(tag, "_", "-"), "-")
	switch strings.ToLower(primary) {
	case "de", "es", "it", "pt", "nl", "da", "id", "tr", "el", "hr", "sl", "ro":
		return style{group: ".", decimal: ",", behind: true}
	case "fr", "sv", "nb", "nn", "no", "fi", "pl", "cs", "sk", "hu", "ru", "uk", "bg", "lt", "lv", "et":
		return style{group: noBreak, decimal: ",", behind: true}
	}
	return style{group: ",", decimal: "."}
}

// decimals is how many digits of a currency are minor units (ISO 4217).
func decimals(currency string) int {
	switch currency {
	case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF":
		return 0
	case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND":
		return 3
	case "CLF", "UYW":
		return 4
	}
	return 2
}

func symbol(currency string) string {
	switch currency {
	case "EUR":
		return "€"
	case "USD":
		return "$"
	case "GBP":
		return "£"
	case "JPY":
		return "¥"
	case "INR":
		return "₹"
	case "KRW":
		return "₩"
	}
	return ""
}

func format(minor int64, currency, language string) string {
	s := styleOf(language)
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	digits := strconv.FormatInt(minor, 10)
	n := decimals(currency)
	if len(digits) <= n {
		digits = strings.Repeat("0", n+1-len(digits)) + digits
	}
	whole, rest := digits[:len(digits)-n], digits[len(digits)-n:]
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + s.group + whole[i:]
	}
	if n > 0 {
		whole += s.decimal + rest
	}
	mark := symbol(currency)
	switch {
	case s.behind && mark != "":
		return sign + whole + noBreak + mark
	case s.behind:
		return sign + whole + noBreak + currency
	case mark != "":
		return sign + mark + whole
	}
	return sign + currency + noBreak + whole
}
