package data

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/rights"
	"github.com/heed-platform/heed/internal/problem"
)

var errForm = problem.New(problem.Invalid, "download-form-unknown", "Your data comes as json, csv or html.")

// download hands everything out, as a file. It is asked for by a form, because it
// goes on the record.
func (d Deps) download(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	form := r.PostForm.Get("form")
	kind := map[string]string{"json": "application/json", "csv": "text/csv; charset=utf-8", "html": "text/html; charset=utf-8"}[form]
	if kind == "" {
		return errForm
	}
	all, err := d.Mine.Download(r.Context(), v)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	switch form {
	case "json":
		enc := json.NewEncoder(&out)
		enc.SetIndent("", "  ")
		err = enc.Encode(all)
	default:
		err = d.readable(&out, r, v, form, all)
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="my-data.`+form+`"`)
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Robots-Tag", "noindex")
	_, err = out.WriteTo(w)
	return err
}

// readable writes the table, or the page that can be read without us.
func (d Deps) readable(out *bytes.Buffer, r *http.Request, v access.Visitor, form string, all rights.Exported) error {
	mine, err := d.Mine.Own(r.Context(), v)
	if err != nil {
		return err
	}
	if form == "csv" {
		return mine.Table(out)
	}
	receivers, err := d.Mine.Receivers(r.Context(), v)
	if err != nil {
		return err
	}
	say := d.Look.Words(r)
	t, err := template.New("file.html").Funcs(template.FuncMap{
		"T": say.T, "lang": say.Tag, "dir": say.Dir, "date": say.Date, "datetime": say.DateTime, "list": func(items []string) string { return say.List(items...) },
		"country": say.Country, "whole": whole,
	}).ParseFS(files, "copy/file.html", "html/held.html")
	if err != nil {
		return fmt.Errorf("readable copy: %w", err)
	}
	return t.Execute(out, &struct {
		Mine      rights.Mine
		Receivers []rights.Receiver
		All       rights.Exported
	}{mine, receivers, all})
}

// whole is a line of the events, as it was sent.
func whole(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

func reply(w http.ResponseWriter, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(append(body, '\n'))
	return err
}
