package ledger

import (
	"slices"

	"github.com/heed-platform/heed/internal/clock"
)

// Receiver is everything that one recipient received about one person.
type Receiver struct {
	Recipient   string         `json:"recipient"`
	Countries   []string       `json:"countries"`
	Purposes    []string       `json:"purposes"`
	Channels    []string       `json:"channels"`
	Categories  []string       `json:"categories"`
	Protections []string       `json:"protections"`
	Times       int            `json:"times"`
	First       clock.Instant  `json:"first"`
	Last        clock.Instant  `json:"last"`
	Outcomes    map[string]int `json:"outcomes"` // how often each; "unknown" may have arrived
}

// Receivers sums disclosures up by recipient, in the order of the first: who has
// this person's data. What is known not to have arrived counts too, under its
// outcome.
func (b Book) Receivers() []Receiver {
	at := map[string]int{}
	var out []Receiver
	for _, d := range b.Disclosures {
		i, known := at[d.Recipient]
		if !known {
			i = len(out)
			at[d.Recipient] = i
			out = append(out, Receiver{Recipient: d.Recipient, First: d.At, Outcomes: map[string]int{}})
		}
		r := &out[i]
		r.Times, r.Last = r.Times+1, d.At
		collect(&r.Countries, d.Country)
		collect(&r.Purposes, d.Purpose)
		collect(&r.Channels, d.Channel)
		collect(&r.Protections, d.Protection)
		collect(&r.Categories, d.Categories...)
		r.Outcomes[d.Status()]++
	}
	return out
}

// Status is what became of it; "unknown" when nobody has heard.
func (d Disclosure) Status() string {
	if d.Outcome.Status == "" {
		return "unknown"
	}
	return d.Outcome.Status
}

func collect(into *[]string, words ...string) {
	if *into == nil {
		*into = []string{}
	}
	for _, w := range words {
		if w != "" && !slices.Contains(*into, w) {
			*into = append(*into, w)
		}
	}
}
