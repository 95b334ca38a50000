package join

import (
	"github.com/heed-platform/heed/internal/collect/form"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// formView is what form.html shows.
type formView struct {
	Form   form.Form
	Note   string
	Fields []any // look.Field or look.Choices
	Boxes  look.Choices
	Faults []look.Fault
	Hidden []hiddenInput
	Clerk  *Clerk
	Proof  look.Field
	Asks   bool // an address will be asked whether it is theirs
}

type hiddenInput struct{ Name, Value string }

// tokens are the words by which phones know what to fill in.
var tokens = map[string]string{
	"email": "email", "phone": "tel", "name": "name", "first_name": "given-name", "firstName": "given-name",
	"last_name": "family-name", "lastName": "family-name", "address": "street-address", "postal_code": "postal-code",
	"city": "address-level2", "country": "country-name", "birthday": "bday", "company": "organization",
}

// kinds of inputs by the kind of question.
var kinds = map[string]string{"words": "area", "date": "date"}

// view puts a form together with what was typed and what is wrong with it.
func (s *site) view(f form.Form, in filled) formView {
	w := say(f)
	v := formView{Form: f, Clerk: in.clerk, Hidden: []hiddenInput{{"mark", f.Mark()}, {"language", f.Language}}}
	if in.note != "" {
		v.Note = w.T(in.note)
	}
	for _, m := range in.mistakes {
		v.Faults = append(v.Faults, look.Fault{Field: anchor(m.Field), Text: w.T("join.wrong_" + m.Code)})
	}
	for _, q := range f.Ask {
		if channel := define.Addresses()[q.Name]; channel != "" && !s.Carries(channel) {
			continue // nothing could ask the address whether it is theirs
		} else if channel != "" {
			v.Asks = true
		}
		v.Fields = append(v.Fields, field(q, in.raw[q.Name], look.Faulty(v.Faults, q.Name), in.clerk != nil))
	}
	v.Boxes = look.Choices{Name: "yes", Legend: w.T("join.boxes"), Kind: "check", Error: look.Faulty(v.Faults, "yes")}
	if in.clerk != nil {
		v.Boxes.Legend = w.T("clerk.boxes")
		v.Proof = look.Field{
			Name: "proof", Label: w.T("clerk.proof"), Hint: w.T("clerk.proof_hint"), Value: in.proof, Error: look.Faulty(v.Faults, "proof"),
			Autocomplete: "off", Max: maxProof, Required: true,
		}
	}
	for i, y := range f.Agree {
		v.Boxes.Options = append(v.Boxes.Options, look.Option{Name: form.Box(i), Value: "1", Label: y.Label, Chosen: in.raw[form.Box(i)] != ""})
	}
	return v
}

// anchor is the field of the page that a mistake is about.
func anchor(input string) string {
	if len(input) > 4 && input[:4] == "yes-" {
		return "yes"
	}
	return input
}

func field(q define.Asked, value, fault string, clerk bool) any {
	if q.Kind == "choice" {
		c := look.Choices{Name: q.Name, Legend: q.Label, Hint: q.Hint, Error: fault}
		for _, o := range q.Options {
			c.Options = append(c.Options, look.Option{Value: o, Label: o, Chosen: o == value})
		}
		return c
	}
	f := look.Field{Name: q.Name, Label: q.Label, Hint: q.Hint, Error: fault, Value: value, Kind: kinds[q.Kind], Required: q.Need, Max: 200}
	f.Autocomplete = tokens[q.Name]
	switch {
	case q.Kind == "words":
		f.Max = 4000
	case q.Kind == "number":
		f.Mode, f.Short = "decimal", true
	case q.Name == "email":
		f.Kind, f.Mode = "email", "email"
	case q.Name == "phone":
		f.Kind, f.Mode = "tel", "tel"
	}
	if clerk || f.Autocomplete == "" {
		f.Autocomplete = "off" // the clerk's phone knows the clerk, not the customer
	}
	return f
}

// IsField tells the template which piece to use.
func (formView) IsField(v any) bool {
	_, ok := v.(look.Field)
	return ok
}
