package conformance

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/heed-platform/heed/internal/clock"
)

var header = []string{
	"finding", "purpose", "channel", "recipient", "category_or_field", "promise", "count", "first", "last", "disclosure", "person", "code", "why",
}

// CSV writes the report as one table, exceptions first. Cells that a spreadsheet
// would run as a formula are quoted.
func (r Report) CSV(w io.Writer) error {
	out := csv.NewWriter(w)
	rows := [][]string{header}
	for _, e := range r.Exceptions {
		rows = append(rows, []string{
			"exception", e.Purpose, e.Channel, e.Recipient, e.Field, "", "1", stamp(e.At), stamp(e.At), e.Disclosure, e.Person.String(), e.Code, e.Why,
		})
	}
	for _, u := range r.Uses {
		rows = append(rows, []string{
			"kept", u.Purpose, u.Channel, u.Recipient, u.Category, u.Promise, strconv.Itoa(u.Count), stamp(u.First), stamp(u.Last), "", "", "", "",
		})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = harmless(row[i])
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	out.Flush()
	return out.Error()
}

// harmless keeps a spreadsheet from running a cell.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r\x00", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

func stamp(t clock.Instant) string { return t.Format() }

// Text writes the report for a person at a terminal.
func (r Report) Text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	switch len(r.Exceptions) {
	case 0:
		_, _ = fmt.Fprintf(t, "%d disclosures, each under a promise that allowed it.\n", r.Disclosures)
	default:
		_, _ = fmt.Fprintf(t, "%d disclosures; %d values left that should not have:\n\n", r.Disclosures, len(r.Exceptions))
		_, _ = fmt.Fprintln(t, "WHEN\tPURPOSE\tTO\tFIELD\tWHY")
		for _, e := range r.Exceptions {
			_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", stamp(e.At), e.Purpose, to(e.Channel, e.Recipient), e.Field, e.Why)
		}
	}
	if r.Unjudged > 0 {
		_, _ = fmt.Fprintf(t, "%d values cannot be judged any more: retention has emptied what they stood under.\n", r.Unjudged)
	}
	if len(r.Uses) > 0 {
		_, _ = fmt.Fprintln(t, "\nPURPOSE\tTO\tKIND OF DATA\tPROMISE\tTIMES\tLAST")
		for _, u := range r.Uses {
			_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\n", u.Purpose, to(u.Channel, u.Recipient), u.Category, u.Promise, u.Count, stamp(u.Last))
		}
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

func to(channel, recipient string) string {
	return strings.Trim(channel+" "+recipient, " ")
}
