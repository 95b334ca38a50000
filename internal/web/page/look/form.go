package look

// Fault is what is wrong with one field of a form, in a sentence for whoever
// fills it in.
type Fault struct {
	Field string // the field's name; "" is the form as a whole
	Text  string
}

// Faulty is the sentence for a field, or "".
func Faulty(faults []Fault, field string) string {
	for _, f := range faults {
		if f.Field == field {
			return f.Text
		}
	}
	return ""
}

// Field is one field of a form: {{template "field" .Email}}.
type Field struct {
	Name  string // also makes its id: "f-" and the name
	Label string
	Hint  string // what belongs here, and why it is asked
	Error string // what was wrong with Value: see Faulty
	Value string // what was typed before; it survives an error
	Kind  string // text, email, tel, number, date, time, area; "" is text
	// Autocomplete is the token of the HTML standard, so that nobody types what
	// the phone knows: "email", "one-time-code", "off".
	Autocomplete string
	Mode         string // the keyboard: numeric, tel, email
	Max          int    // characters; 0 is no limit
	Min, Most    string // of numbers, dates and times
	Required     bool
	Short        bool // a few digits: a narrow box
}

// Choices is a question with answers to choose from: {{template "choices" .}}.
// One of them (radio), several (check), one of many (select), each on or off
// (switch).
type Choices struct {
	Name    string
	Legend  string
	Hint    string
	Error   string
	Kind    string // radio, check, select, switch; "" is radio
	Options []Option
}

// Option is one answer. Where Name is not empty it stands for itself: a row of
// switches has a name for each.
type Option struct {
	Name   string
	Value  string
	Label  string
	Hint   string
	Chosen bool
	Fixed  bool   // cannot be changed here; Hint says why
	Said   string // a second line in quieter words: what the person gets for it
	Under  bool   // belongs to the one before it
}

// Button is a form's button: {{template "button" .}}.
type Button struct {
	Text        string
	Name, Value string
	Kind        string // "" is the page's main one; quiet, danger
	Formaction  string
}

// Note is a box with something to know: {{template "note" .}}.
type Note struct {
	Kind  string // done, warn, "" is plain
	Title string
	Text  string
	Link  string // an address
	Label string // of the link
}

// Row is one line of a list of facts: {{template "facts" .Rows}}.
type Row struct {
	Name, Value string
	Link        string
}
