package template

import "fmt"

// filter is one of the functions behind “|”, and how many arguments it takes.
type filter struct {
	least, most int
	apply       func(w work, v Value, args []Value) Value
}

// work is where a filter runs: it may spend steps and fail.
type work struct {
	*run

	at spot
}

// arity is how many arguments the filter takes, for a sentence.
func (f filter) arity() string {
	switch {
	case f.most == 0:
		return "nothing"
	case f.least == f.most && f.most == 1:
		return "1 value"
	case f.least == f.most:
		return fmt.Sprintf("%d values", f.most)
	}
	return fmt.Sprintf("%d to %d values", f.least, f.most)
}

var filters = map[string]filter{
	"default": {0, 1, orElse},

	"append":        {1, 1, appended},
	"capitalize":    {0, 0, text(capitalized)},
	"downcase":      {0, 0, text(lower)},
	"escape":        {0, 0, text(func(s string) string { return string(appendHTML(nil, s)) })},
	"escape_once":   {0, 0, text(func(s string) string { return string(appendHTML(nil, unescaped(s))) })},
	"lstrip":        {0, 1, stripped(true, false)},
	"newline_to_br": {0, 0, text(withBreaks)},
	"prepend":       {1, 1, prepended},
	"remove":        {1, 1, replaced(-1)},
	"remove_first":  {1, 1, replaced(1)},
	"replace":       {1, 2, replaced(-1)},
	"replace_first": {1, 2, replaced(1)},
	"rstrip":        {0, 1, stripped(false, true)},
	"slice":         {1, 2, slice},
	"split":         {1, 1, split},
	"strip":         {0, 1, stripped(true, true)},
	"strip_html":    {0, 0, text(withoutTags)},
	"truncate":      {0, 2, truncated},
	"truncatewords": {0, 2, truncatedWords},
	"upcase":        {0, 0, text(upper)},
	"url_decode":    {0, 0, text(urlDecoded)},
	"url_encode":    {0, 0, text(urlEncoded)},
	"json":          {0, 0, asJSONText},
	"date":          {0, 1, dated},
	"money":         {0, 1, money},
	"first":         {0, 0, firstOf},
	"join":          {0, 1, join},
	"last":          {0, 0, lastOf},
	"map":           {1, 1, mapped},
	"reverse":       {0, 0, reversed},
	"size":          {0, 0, sizeOf},
	"sort":          {0, 1, sorted},
	"uniq":          {0, 0, uniq},
	"where":         {1, 2, where},
	"abs":           {0, 0, arithmetic(abs)},
	"at_least":      {1, 1, arithmetic(atLeast)},
	"at_most":       {1, 1, arithmetic(atMost)},
	"ceil":          {0, 0, arithmetic(ceil)},
	"divided_by":    {1, 2, divided},
	"floor":         {0, 0, arithmetic(floor)},
	"minus":         {1, 1, arithmetic(minus)},
	"modulo":        {1, 1, modulo},
	"plus":          {1, 1, arithmetic(plus)},
	"round":         {0, 1, arithmetic(round10)},
	"times":         {1, 1, arithmetic(times)},
}

// orElse is the filter default: for nil, false and what is empty.
func orElse(_ work, v Value, args []Value) Value {
	if v.truthy() && (v.sort != isText && v.sort != isList || v.size() > 0) && v.sort != isEmpty && v.sort != isBlank {
		return v
	}
	return argument(args, 0)
}

// argument is args[i], or nil.
func argument(args []Value, i int) Value {
	if i < len(args) {
		return args[i]
	}
	return Value{}
}

// has reports whether there is an argument and it has a value: an absent one
// counts as none, so that the filter's own default is used.
func has(args []Value, i int) bool { return argument(args, i).sort != isNil }
