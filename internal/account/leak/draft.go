package leak

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/policy"
)

// Draft writes the report to the authority, as GDPR Art. 33(3) asks for it. What
// the ledgers know is filled in; what only people know is asked for in square
// brackets.
func Draft(w io.Writer, c Case, r *policy.Rules, now clock.Instant) error {
	d := draft{r: r}
	brand := r.Brand()
	d.line("# Report of a personal data breach (draft)")
	d.line("")
	d.line("Reporting: %s, %s", brand.Name, brand.Address)
	d.line("Contact for questions (Art. 33(3)(b)): %s %s", brand.Email, brand.Phone)
	d.line("Learned of it: %s. Report due: %s (%s).", day(c.Learned), day(c.Due), c.Law)
	if left := c.Left(now); left < 0 {
		d.line("This report is late by %d hours, because: [say why; Art. 33(1)]", -int(left.Hours()))
	}
	d.part("What happened (Art. 33(3)(a))")
	d.line("%s", c.What)
	d.line("%s", d.scope(c.Scope))
	d.found(c.Latest)
	d.part("What is likely to follow from it (Art. 33(3)(c))")
	d.line("[say what the people affected may suffer: fraud, shame, loss of money, loss of control]")
	if a := c.Latest; a != nil && a.sensitive() {
		d.line("Sensitive data got out, so the risk is likely to be high, and the people must be told (Art. 34).")
	}
	d.part("What was done and will be done (Art. 33(3)(d))")
	for _, s := range c.Steps {
		d.line("- %s: %s", day(s.At), s.What)
	}
	d.line("[say what else was done to stop it, and to spare people its effects]")
	_, err := io.WriteString(w, d.text.String())
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

type draft struct {
	r    *policy.Rules
	text strings.Builder
}

func (d *draft) line(format string, args ...any) {
	fmt.Fprintf(&d.text, format+"\n", args...)
}

func (d *draft) part(title string) { d.line("\n## %s\n", title) }

func (d *draft) scope(s Scope) string {
	parts := []string{}
	say := func(what string, words []string) {
		if len(words) > 0 {
			parts = append(parts, what+" "+strings.Join(words, ", "))
		}
	}
	if s.Since != 0 {
		parts = append(parts, "since "+day(s.Since))
	}
	if s.Until != 0 {
		parts = append(parts, "until "+day(s.Until))
	}
	say("data that came from", s.Sources)
	var to []string
	for _, key := range s.Recipients {
		to = append(to, d.recipient(key))
	}
	say("data handed to", to)
	say("only", s.Categories)
	if s.Audience != "" {
		parts = append(parts, "people in “"+s.Audience+"”")
	}
	if len(parts) == 0 {
		return "Scope: all data of everybody."
	}
	return "Scope: " + strings.Join(parts, "; ") + "."
}

// found says who and what is affected.
func (d *draft) found(a *Assessment) {
	if a == nil {
		d.line("\n[the number of people and records is not known yet: assess the leak]")
		return
	}
	d.line("\nPeople affected, as of %s: %d, of whom %d are known to be minors. Records: %d.", day(a.At), a.People, a.Minors, a.Records)
	for _, place := range slices.Sorted(maps.Keys(a.Jurisdictions)) {
		d.line("- living in %s: %d", place, a.Jurisdictions[place])
	}
	d.line("\nKinds of data:\n")
	for _, k := range a.Kinds {
		mark := ""
		if k.Sensitive {
			mark = " (sensitive)"
		}
		d.line("- %s%s: %d people", k.Category, mark, k.People)
	}
	if len(a.Before) > 0 {
		d.line("\nWhere data of these people had gone before:\n")
	}
	for _, e := range a.Before {
		d.line("- %s: %d people, %d times, from %s to %s", d.recipient(e.Recipient), e.People, e.Disclosures, day(e.First), day(e.Last))
	}
}

func (d *draft) recipient(key string) string {
	if r, ok := d.r.Recipient(key); ok {
		return fmt.Sprintf("%s (%s, %s)", r.Label, r.Role, r.Country)
	}
	return key
}

func (a *Assessment) sensitive() bool {
	return slices.ContainsFunc(a.Kinds, func(k Kind) bool { return k.Sensitive })
}

func day(t clock.Instant) string { return t.Time().Format("2 January 2006, 15:04 UTC") }
