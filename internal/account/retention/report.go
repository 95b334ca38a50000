package retention

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/heed-platform/heed/internal/clock"
)

// Report is what one run looked at and removed. It names nobody.
type Report struct {
	ID          string        `json:"id"`
	Node        string        `json:"node"`
	Dry         bool          `json:"dry,omitempty"` // it only counted
	Began       clock.Instant `json:"began"`
	Ended       clock.Instant `json:"ended,omitzero"` // zero while it is under way
	Read        int           `json:"people_read"`    // whose facts were old enough to look at
	Facts       int           `json:"facts"`          // emptied
	Gone        int           `json:"people_gone"`    // of whom nothing was left
	Removed     []Count       `json:"removed"`
	Quarantined int64         `json:"quarantined"` // events that were never understood, since the run before
	Tickets     int64         `json:"tickets"`     // codes, sessions and links that were over, since the run before
	Requests    int64         `json:"requests"`    // closed longer ago than they must be kept
}

// Count is how many values of one kind were over under one notice.
type Count struct {
	Removed

	Values int `json:"values"`
}

func (r *Report) add(pending map[Removed]int) {
	for what, n := range pending {
		i := slices.IndexFunc(r.Removed, func(c Count) bool { return c.Removed == what })
		if i < 0 {
			r.Removed, i = append(r.Removed, Count{Removed: what}), len(r.Removed)
		}
		r.Removed[i].Values += n
	}
	slices.SortFunc(r.Removed, func(a, b Count) int {
		return cmp.Or(strings.Compare(a.Notice, b.Notice), strings.Compare(a.Category, b.Category))
	})
}

// Text writes the report for a person at a terminal.
func (r *Report) Text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	did := "emptied"
	switch {
	case r.Dry:
		did = "would be emptied"
		_, _ = fmt.Fprintf(t, "A dry run of %s; nothing was changed.\n", r.Began.Format())
	case r.Ended == 0:
		_, _ = fmt.Fprintf(t, "Run %s, since %s, is under way.\n", r.ID, r.Began.Format())
	default:
		_, _ = fmt.Fprintf(t, "Run %s, from %s to %s.\n", r.ID, r.Began.Format(), r.Ended.Format())
	}
	_, _ = fmt.Fprintf(t, "%d people looked at, %d facts %s; of %d people nothing is left.\n", r.Read, r.Facts, did, r.Gone)
	if !r.Dry {
		_, _ = fmt.Fprintf(t, "%d events left quarantine, %d codes and links ended, %d closed requests went.\n", r.Quarantined, r.Tickets, r.Requests)
		_, _ = fmt.Fprintf(t, "Backups made before %s still hold what was emptied; delete them when you no longer need them.\n", r.Began.Format())
	}
	if len(r.Removed) > 0 {
		_, _ = fmt.Fprintln(t, "\nVALUES\tKIND OF DATA\tPROMISE")
	}
	for _, c := range r.Removed {
		_, _ = fmt.Fprintf(t, "%d\t%s\t%s\n", c.Values, c.Category, cmp.Or(c.Notice, "none"))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// record is what the database keeps about retention: what is under way, what was
// counted outside runs, and the last reports, newest first.
type record struct {
	Running *run     `json:"running,omitempty"`
	Swept   swept    `json:"swept,omitzero"`
	Done    []Report `json:"done"`
}

type run struct {
	Report

	Cursor int64         `json:"cursor"` // the last fragment that was met
	Holder string        `json:"holder"`
	Until  clock.Instant `json:"until"` // the lease of its holder
}

type swept struct {
	Quarantined int64 `json:"quarantined"`
	Tickets     int64 `json:"tickets"`
}

// most is how many reports are kept: a year and a month of days.
const most = 400

func read(raw []byte) (r record, err error) {
	if len(raw) == 0 {
		return r, nil
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("read the record of retention: %w", err)
	}
	return r, nil
}

func (r record) write() ([]byte, error) {
	r.Done = r.Done[:min(most, len(r.Done))]
	raw, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("write the record of retention: %w", err)
	}
	return raw, nil
}
