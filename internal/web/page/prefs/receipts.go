package prefs

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/wish"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/web/page/door"
	"github.com/heed-platform/heed/internal/web/page/look"
	"github.com/heed-platform/heed/internal/web/page/words"
)

// said is one entry of the ledger in words.
type said struct {
	At    clock.Instant
	What  string
	State string
	Link  string
}

// receipts lists everything that the visitor ever said, the newest first.
func (d Deps) receipts(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	all, err := d.Desk.Entries(r.Context(), v)
	if err != nil {
		return err
	}
	say := d.Look.Words(r)
	list := make([]said, len(all))
	for i, e := range all {
		list[i] = said{At: e.At, What: say.T("prefs.receipt_choices"), Link: Path + "/receipts/" + url.PathEscape(e.ID)}
		if e.Grant != nil {
			list[i].What, list[i].State = capital(e.Label), status(say, e)
		}
	}
	return d.Look.Render(w, r, http.StatusOK, look.Page{
		Set: pages, Name: "receipts.html", Title: say.T("prefs.receipts_title"), Data: list, Inside: true, Here: Path, CSRF: door.Field(v),
	})
}

func status(say words.Words, e wish.Entry) string {
	return say.T("prefs.status." + e.Grant.Status.String())
}

// receipt shows one receipt, or with ?as=json hands it over as a file.
func (d Deps) receipt(w http.ResponseWriter, r *http.Request, v access.Visitor) error {
	got, err := d.Desk.Receipt(r.Context(), v, r.PathValue("id"))
	if err != nil {
		return err
	}
	var proof any = got.Choice
	if got.Consent != nil {
		proof = got.Consent
	}
	if look.JSON(r) || r.URL.Query().Get("as") == "json" {
		body, err := json.MarshalIndent(proof, "", "  ")
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Disposition", `attachment; filename="receipt.json"`)
		_, err = w.Write(append(body, '\n'))
		return err
	}
	say := d.Look.Words(r)
	rows := choiceRows(say, got)
	if got.Consent != nil {
		rows = consentRows(say, got)
	}
	return d.Look.Render(w, r, http.StatusOK, look.Page{
		Set: pages, Name: "receipt.html", Title: say.T("prefs.receipt_title"), Inside: true, Here: Path, CSRF: door.Field(v),
		Data: struct {
			Rows []look.Row
			Text string
			JSON string
		}{rows, text(got), r.URL.Path + "?as=json"},
	})
}

// text is what was shown when the answer was given.
func text(r wish.Receipt) string {
	if r.Consent == nil {
		return ""
	}
	return r.Consent.Notice.Text
}

// filled leaves out what there is nothing to say about.
func filled(rows []look.Row) []look.Row {
	out := rows[:0]
	for _, row := range rows {
		if row.Value != "" {
			out = append(out, row)
		}
	}
	return out
}

func consentRows(say words.Words, r wish.Receipt) []look.Row {
	c := r.Consent
	var kinds, to []string
	for _, k := range c.Categories {
		kinds = append(kinds, k.Label)
	}
	for _, p := range c.Recipients {
		to = append(to, p.Name)
	}
	e := c.Events[0]
	rows := []look.Row{
		{Name: say.T("prefs.receipt_purpose"), Value: capital(r.Label)},
		{Name: say.T("prefs.receipt_answer"), Value: status(say, r.Entry)},
		{Name: say.T("prefs.receipt_at"), Value: say.DateTime(e.Received)},
		{Name: say.T("prefs.receipt_notice"), Value: c.Notice.Title},
		{Name: say.T("prefs.receipt_kinds"), Value: say.List(kinds...)},
		{Name: say.T("prefs.receipt_return"), Value: c.Return},
		{Name: say.T("prefs.receipt_keep"), Value: c.Retention},
		{Name: say.T("prefs.receipt_parties"), Value: say.List(to...)},
		{Name: say.T("prefs.receipt_withdraw"), Value: c.Withdrawal},
		{Name: say.T("prefs.receipt_who"), Value: c.Controllers[0].Name + ", " + c.Controllers[0].Address},
		{Name: say.T("prefs.receipt_number"), Value: c.Record},
	}
	return filled(rows)
}

func choiceRows(say words.Words, r wish.Receipt) []look.Row {
	c := r.Choice
	if c == nil {
		return nil
	}
	until := ""
	if c.Break != 0 {
		until = say.Date(c.Break)
	}
	rows := []look.Row{
		{Name: say.T("prefs.receipt_at"), Value: say.DateTime(c.Received)},
		{Name: say.T("prefs.receipt_muted"), Value: say.List(c.Muted...)},
		{Name: say.T("prefs.receipt_topics"), Value: say.List(c.Topics...)},
		{Name: say.T("prefs.receipt_channels"), Value: say.List(c.Channels...)},
		{Name: say.T("prefs.part.often"), Value: say.List(c.Often...)},
		{Name: say.T("prefs.part.quiet"), Value: c.Quiet},
		{Name: say.T("prefs.part.break"), Value: until},
		{Name: say.T("prefs.part.zone"), Value: c.Zone},
		{Name: say.T("prefs.part.language"), Value: c.Language},
		{Name: say.T("prefs.part.location"), Value: c.Location},
		{Name: say.T("prefs.receipt_refused"), Value: say.List(c.Refused...)},
		{Name: say.T("prefs.receipt_who"), Value: c.Party.Name + ", " + c.Party.Address},
		{Name: say.T("prefs.receipt_number"), Value: c.Record},
	}
	return filled(rows)
}
