package door

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// asked is what the pages that ask for an address and for a code are given.
type asked struct {
	Next    string
	Kept    string // the form that waits, as a query; "" is none
	Try     string
	Address look.Field
	Typed   string // the address, for asking again
	Code    look.Field
	Login   string // the name of the brand's own sign-in; "" is none
	Waiting bool   // a form waits
}

// input is what the two steps take, in a form or as JSON.
type input struct {
	Next    string `json:"next"`
	Kept    string `json:"-"`
	Try     string `json:"try"`
	Address string `json:"address"`
	Code    string `json:"code"`
	Again   string `json:"-"`
}

func (d *Door) input(w http.ResponseWriter, r *http.Request) (in input, err error) {
	if err := read(w, r); err != nil {
		return in, err
	}
	if isJSON(r) {
		dec := json.NewDecoder(r.Body)
		dec.DisallowUnknownFields()
		if err := dec.Decode(&in); err != nil {
			return in, errForm.Because(err)
		}
		return in, nil
	}
	f := r.PostForm
	return input{
		Next: f.Get("next"), Kept: f.Get("kept"), Try: f.Get("try"), Address: f.Get("address"), Code: f.Get("code"), Again: f.Get("again"),
	}, nil
}

// code is /me/code: asks for an address, then for the code that went there.
func (d *Door) code(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return d.askPage(w, r, http.StatusOK, input{Next: r.URL.Query().Get("next")}, "")
	}
	if _, err := d.ours(r); err != nil {
		return err
	}
	in, err := d.input(w, r)
	if err != nil {
		return err
	}
	if in.Try == "" || in.Again != "" {
		return d.send(w, r, in)
	}
	return d.take(w, r, in)
}

// ask shows the first step to somebody who came for next, and keeps the form
// that they had filled in.
func (d *Door) ask(w http.ResponseWriter, r *http.Request, next string) error {
	if look.JSON(r) || isJSON(r) {
		return access.ErrNobody
	}
	if r.Method != http.MethodPost {
		http.Redirect(w, r, "/me/code?next="+url.QueryEscape(next), http.StatusSeeOther)
		return nil
	}
	kept := url.Values{}
	for name, values := range r.PostForm {
		if name != FieldName {
			kept[name] = values
		}
	}
	return d.askPage(w, r, http.StatusForbidden, input{Next: next, Kept: kept.Encode()}, "")
}

// askPage is the first step; fault is what was wrong with the address.
func (d *Door) askPage(w http.ResponseWriter, r *http.Request, status int, in input, fault string) error {
	say := d.Look.Words(r)
	data := asked{Next: inside(in.Next), Kept: in.Kept, Waiting: in.Kept != "", Address: look.Field{
		Name: "address", Label: say.T("door.address"), Hint: say.T("door.address_hint"), Value: in.Address, Error: fault,
		Autocomplete: "email", Max: 200, Required: true,
	}}
	if d.Login != nil {
		data.Login = d.Login.Name
	}
	return d.render(w, r, status, look.Page{Name: "ask.html", Title: say.T("door.ask_title"), Data: data, Faults: faults("address", fault)})
}

func faults(field, text string) []look.Fault {
	if text == "" {
		return nil
	}
	return []look.Fault{{Field: field, Text: text}}
}

// send asks the desk for a code. Its answer is the same whether the address is
// known or not.
func (d *Door) send(w http.ResponseWriter, r *http.Request, in input) error {
	say := d.Look.Words(r)
	slow := !d.asks.Allow(web.Address(r), d.Clock.Now())
	var err error
	if slow {
		err = web.ErrTooFast
	} else {
		in.Try, err = d.Desk.Ask(r.Context(), in.Address, say.Tag())
	}
	if err != nil && look.JSON(r) {
		return err
	}
	switch {
	case slow, errors.Is(err, access.ErrAsked):
		return d.askPage(w, r, http.StatusTooManyRequests, in, say.T("door.too_often"))
	case errors.Is(err, access.ErrAddress):
		return d.askPage(w, r, http.StatusBadRequest, in, say.T("door.address_unclear"))
	case err != nil:
		return err
	case look.JSON(r):
		return reply(w, struct {
			Try string `json:"try"`
		}{in.Try})
	}
	return d.givePage(w, r, http.StatusOK, in, "")
}

// givePage is the second step; fault is what was wrong with the code.
func (d *Door) givePage(w http.ResponseWriter, r *http.Request, status int, in input, fault string) error {
	say := d.Look.Words(r)
	data := asked{Next: inside(in.Next), Kept: in.Kept, Try: in.Try, Typed: in.Address, Code: look.Field{
		Name: "code", Label: say.T("door.code"), Hint: say.T("door.code_hint"), Error: fault,
		Autocomplete: "one-time-code", Mode: "numeric", Max: 20, Required: true, Short: true,
	}}
	return d.render(w, r, status, look.Page{Name: "give.html", Title: say.T("door.give_title"), Data: data, Faults: faults("code", fault)})
}

// take gives the code to the desk and lets in whoever had the right one.
func (d *Door) take(w http.ResponseWriter, r *http.Request, in input) error {
	say := d.Look.Words(r)
	var err error
	var secret string
	var v access.Visitor
	slow := !d.gives.Allow(web.Address(r), d.Clock.Now())
	if slow {
		err = web.ErrTooFast
	} else {
		secret, v, err = d.Desk.Give(r.Context(), in.Try, in.Code)
	}
	if err != nil && look.JSON(r) {
		return err
	}
	switch {
	case slow:
		return d.givePage(w, r, http.StatusTooManyRequests, in, say.T("door.too_often"))
	case errors.Is(err, access.ErrCode):
		return d.givePage(w, r, http.StatusBadRequest, in, say.T("door.code_wrong"))
	case errors.Is(err, access.ErrWorn):
		return d.askPage(w, r, http.StatusGone, in, say.T("door.code_worn"))
	case err != nil:
		return err
	}
	if err := d.letIn(w, r, secret); err != nil {
		return err
	}
	return d.welcome(w, r, v, in)
}

// welcome leads whoever has come in to where they wanted to go.
func (d *Door) welcome(w http.ResponseWriter, r *http.Request, v access.Visitor, in input) error {
	if look.JSON(r) {
		return reply(w, struct {
			Scope string `json:"scope"`
			Form  string `json:"form"`
		}{v.Scope.String(), v.Form})
	}
	if in.Kept != "" {
		kept, err := url.ParseQuery(in.Kept)
		if err != nil {
			return errForm.Because(err)
		}
		return d.goOn(w, r, v, inside(in.Next), kept)
	}
	http.Redirect(w, r, inside(in.Next), http.StatusSeeOther)
	return nil
}

// goOn shows a form that was filled in before its sender came in, ready to be
// sent. It is sent by hand: nothing happens because somebody signed in.
func (d *Door) goOn(w http.ResponseWriter, r *http.Request, v access.Visitor, next string, kept url.Values) error {
	type pair struct{ Name, Value string }
	data := struct {
		Next   string
		Form   string
		Fields []pair
	}{Next: inside(next), Form: Field(v)}
	for _, name := range sorted(kept) {
		for _, value := range kept[name] {
			if name != FieldName {
				data.Fields = append(data.Fields, pair{name, value})
			}
		}
	}
	say := d.Look.Words(r)
	return d.render(w, r, http.StatusOK, look.Page{Name: "go-on.html", Title: say.T("door.go_on_title"), Data: data, CSRF: Field(v)})
}

// reply answers a program.
func reply(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(append(body, '\n'))
	return err
}
