package join

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"

	"github.com/heed-platform/heed/internal/collect/form"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web"
	"github.com/heed-platform/heed/internal/web/page/look"
)

var (
	errPost      = problem.New(problem.Invalid, "form-unreadable", "What was sent is not a form, or is longer than a form may be; send it as a page does.")
	errElsewhere = problem.New(problem.Forbidden, "form-from-elsewhere", "This form was sent by another site or by a page that is too old; open the page again and send it from there.")
	errChanged   = problem.New(problem.Conflict, "form-changed", "The form or its notice has changed; take the new one from its embed address, show it and send its mark.")
	errAnswers   = problem.New(problem.Invalid, "form-answers", "Some answers do not fit; each field says why.")
)

// problemOf tells a program what is wrong with which answer.
func problemOf(mistakes []form.Mistake) error {
	p := errAnswers
	for _, m := range mistakes {
		p = p.At("/"+m.Field, m.Code)
	}
	return p
}

// accepted tells a program that a form was taken and which channels ask.
func accepted(w http.ResponseWriter, asked []string) error {
	if asked == nil {
		asked = []string{}
	}
	body, err := json.Marshal(struct {
		Taken bool     `json:"taken"`
		Asked []string `json:"asked"` // channels on which an address was asked whether it is theirs
	}{true, asked})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusAccepted)
	_, err = w.Write(append(body, '\n'))
	return err
}

// from reports whether a post may come from where it says: our own page, or one
// that the form names. A browser that says nothing has no other page to hide.
func (s *site) from(r *http.Request, f form.Form) bool {
	origin := r.Header.Get("Origin")
	return s.sameSite(r) || origin != "" && slices.Contains(f.Origins, origin)
}

func (s *site) own(r *http.Request, origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" {
		return false
	}
	own, err := url.Parse(s.PublicURL())
	return u.Host == r.Host || err == nil && u.Scheme == own.Scheme && u.Host == own.Host
}

// shared lets the pages that a form names read the answers of its address.
func (s *site) shared(h web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, err := s.find(r, define.OnPage)
		head := w.Header()
		head.Add("Vary", "Origin")
		if origin := r.Header.Get("Origin"); err == nil && slices.Contains(f.Origins, origin) {
			head.Set("Access-Control-Allow-Origin", origin)
			if r.Method == http.MethodOptions {
				head.Set("Access-Control-Allow-Methods", "GET, POST")
				head.Set("Access-Control-Allow-Headers", "accept, content-type")
				head.Set("Access-Control-Max-Age", "86400")
				w.WriteHeader(http.StatusNoContent)
				return nil
			}
		}
		return h(w, r)
	}
}

// snippet is a form as HTML for the brand's own page: no script, no style, and
// the promise word for word.
var snippet = template.Must(template.New("embed").Parse(embedded)) //nolint:gochecknoglobals // a table that nothing writes to

const embedded = `<form method="post" action="{{.Action}}">
  <h2>{{.Form.Title}}</h2>
{{if .Form.Intro}}  <p>{{.Form.Intro}}</p>
{{end}}  <h3>{{.Form.Shown.Title}}</h3>
  <p>{{.Form.Shown.Text}}</p>
  <p>{{.Get}}: {{.Form.Shown.Return}}</p>
  <p>{{.Keep}}: {{.Form.Shown.Keep}}</p>
  <p>{{.Withdraw}}: {{.Form.Shown.Withdraw}}</p>
{{range .Fields}}  <p><label>{{.Label}}{{if eq .Kind "area"}} <textarea name="{{.Name}}"></textarea>{{else}} <input name="{{.Name}}" type="{{or .Kind "text"}}"{{if .Autocomplete}} autocomplete="{{.Autocomplete}}"{{end}}{{if .Required}} required{{end}}>{{end}}</label></p>
{{end}}{{range .Choices}}  <fieldset><legend>{{.Legend}}</legend>{{$name := .Name}}{{range .Options}} <label><input type="radio" name="{{$name}}" value="{{.Value}}"> {{.Label}}</label>{{end}}</fieldset>
{{end}}{{range .Boxes.Options}}  <p><label><input type="checkbox" name="{{.Name}}" value="1"> {{.Label}}</label></p>
{{end}}{{range .Hidden}}  <input type="hidden" name="{{.Name}}" value="{{.Value}}">
{{end}}  <button>{{.Form.Button}}</button>
</form>
`

// embed is the form as HTML to copy. Its mark names these very words: when they
// change, a copy that was not changed leads people to the hosted page.
func (s *site) embed(w http.ResponseWriter, r *http.Request) error {
	f, err := s.find(r, define.OnPage, r.URL.Query().Get("lang"))
	if err != nil {
		return err
	}
	view, t := s.view(f, filled{}), say(f)
	data := struct {
		formView

		Action, Get, Keep, Withdraw string
		Fields                      []look.Field
		Choices                     []look.Choices
	}{formView: view, Action: s.PublicURL() + "/join/" + url.PathEscape(f.Key), Get: t.T("join.get"), Keep: t.T("join.keep"), Withdraw: t.T("join.withdraw")}
	for _, q := range view.Fields {
		switch q := q.(type) {
		case look.Field:
			data.Fields = append(data.Fields, q)
		case look.Choices:
			data.Choices = append(data.Choices, q)
		}
	}
	var b bytes.Buffer
	if err := snippet.Execute(&b, data); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, err = b.WriteTo(w)
	return err
}
