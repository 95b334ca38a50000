package rights

import (
	"encoding/csv"
	"io"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
)

// dangerous begin what a spreadsheet would run as a formula.
const dangerous = "=+-@\t\r\n"

// Safe keeps a spreadsheet from running a value: it gets an apostrophe in front.
func Safe(value string) string {
	if value != "" && strings.ContainsRune(dangerous, rune(value[0])) || strings.HasPrefix(value, "\x00") {
		return "'" + value
	}
	return value
}

// Table writes a person's data as CSV, for a spreadsheet. Its first line says how
// values are changed for that; Export has them exactly.
func (m *Mine) Table(out io.Writer) error {
	w := csv.NewWriter(out)
	rows := [][]string{
		{"# values that a spreadsheet would run as a formula have an apostrophe in front; the JSON file has them exactly"},
		{"what", "value", "kind", "origin", "source", "promise", "used for", "since", "until"},
	}
	for _, p := range m.Points {
		rows = append(rows, []string{p.Label, p.Value, "", "", "", "", "", "", ""})
	}
	for _, h := range m.All() {
		rows = append(rows, []string{
			h.Label, h.Value, h.Kind, h.Origin, h.Source, or(h.Promise, h.Notice), strings.Join(h.For, "; "), date(h.Since), date(h.Until),
		})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = Safe(row[i])
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func date(t clock.Instant) string {
	if t == 0 {
		return ""
	}
	return t.Time().Format("2006-01-02")
}
