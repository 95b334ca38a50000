package define

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Fault is one thing wrong with the definitions. Path leads from the definition
// to the place ("covers.0.purposes.1"); it is empty for the whole.
type Fault struct {
	Kind   string
	Key    string
	Path   string
	Reason string
}

// Place is the fault's position without a file: "notice/membership@3 covers.0".
func (f Fault) Place() string {
	return strings.TrimSpace(f.Kind + "/" + f.Key + " " + f.Path)
}

var (
	dotted  = regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)*$`)
	plain   = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)
	holiday = regexp.MustCompile(`^(\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$`)
	iso3166 = regexp.MustCompile(`^[A-Z]{2}(-[A-Z0-9]{1,3})?$`)
)

// check collects faults while it walks the definitions.
type check struct {
	faults     []Fault
	purposes   map[string]bool
	categories map[string]bool
	recipients map[string]bool
	notices    map[string]bool
}

func (c *check) say(kind, key, path, format string, args ...any) {
	c.faults = append(c.faults, Fault{kind, key, path, fmt.Sprintf(format, args...)})
}

// Faults lists what is wrong, in the order of the definitions. Compile refuses
// definitions that have any.
func (d Definitions) Faults() []Fault {
	c := &check{purposes: map[string]bool{}, categories: map[string]bool{}, recipients: map[string]bool{}, notices: map[string]bool{}}
	c.names(d)
	for _, p := range d.Purposes {
		c.purpose(p)
	}
	for _, v := range d.Categories {
		c.kind(v, d.Categories)
	}
	for _, n := range d.Notices {
		c.notice(n, d.Notices)
	}
	for _, p := range d.Packs {
		c.pack(p)
	}
	for _, r := range d.Recipients {
		c.recipient(r)
	}
	for _, s := range d.Sources {
		c.source(s)
	}
	for _, o := range d.Forms {
		c.form(o, d)
	}
	if len(d.Notices)+len(d.Recipients) > 0 || d.Brand.Key != "" {
		c.brand(d.Brand) // whoever promises or discloses anything has a name
	}
	for _, a := range d.Attributes {
		c.belongs("attribute", a.Name, a.Label, a.Category)
	}
	words := map[string]string{}
	for _, t := range d.Topics {
		c.belongs("topic", t.Key, t.Label, t.Category)
		for i, w := range t.Words {
			if other := words[strings.ToLower(w)]; other != "" {
				c.say("topic", t.Key, "words."+strconv.Itoa(i), "topic %s has this word already", other)
			}
			words[strings.ToLower(w)] = t.Key
		}
	}
	c.signals(d.Signals)
	for _, n := range d.Namespaces {
		c.belongs("namespace", n.Key, n.Label, n.Category)
	}
	return c.faults
}

// names notes what exists and finds keys that are malformed or said twice.
func (c *check) names(d Definitions) {
	seen := map[string]bool{}
	once := func(kind, key, id string, form *regexp.Regexp) {
		if !form.MatchString(key) {
			c.say(kind, id, "key", "a key is lower-case words, such as %s", map[bool]string{true: "user.contact.email", false: "spring-letter"}[form == dotted])
		}
		if seen[kind+"/"+id] {
			c.say(kind, id, "", "is defined twice")
		}
		seen[kind+"/"+id] = true
	}
	for _, p := range d.Purposes {
		once("purpose", p.Key, p.Key, dotted)
		c.purposes[p.Key] = true
	}
	for _, v := range d.Categories {
		once("category", v.Key, v.Key, dotted)
		c.categories[v.Key] = true
	}
	for _, n := range d.Notices {
		once("notice", n.Key, n.Ref()+"/"+n.Language, plain)
		c.notices[n.Ref()] = true
	}
	for _, p := range d.Packs {
		once("pack", p.Key, p.Key, plain)
	}
	for _, r := range d.Recipients {
		once("recipient", r.Key, r.Key, plain)
		c.recipients[r.Key] = true
	}
	for _, s := range d.Sources {
		once("source", s.Key, s.Key, plain)
	}
	for _, a := range d.Attributes {
		once("attribute", "x", a.Name, plain)
	}
	for _, i := range d.Topics {
		once("topic", i.Key, i.Key, dotted)
	}
	for _, o := range d.Forms {
		once("form", o.Key, o.ID(), plain)
	}
	for _, n := range d.Namespaces {
		once("namespace", n.Key, n.Key, plain)
	}
}

func (c *check) purpose(p Purpose) {
	if now, old := replacement(p.Key); old {
		c.say("purpose", p.Key, "key", "Fides replaced %s; write %s", p.Key, now)
	}
	if !IsDataUse(p.Key) && !IsDataUse(above(p.Key)) && !c.purposes[above(p.Key)] {
		c.say("purpose", p.Key, "key", "%s is not a Fides data use and lies right under none; check its spelling", p.Key)
	}
	if p.Label == "" {
		c.say("purpose", p.Key, "label", "needs a label that fits “we use it for …”")
	}
	if p.Basis == NoBasis || p.Basis == ExistingCustomer {
		c.say("purpose", p.Key, "basis", "needs a basis: consent, contract, legal_obligation or legitimate_interest")
	}
	if p.Service && !Within(p.Key, "essential") {
		c.say("purpose", p.Key, "service", "only purposes under essential are service purposes")
	}
}

// kind checks a data category.
func (c *check) kind(v Category, all []Category) {
	if v.Label == "" {
		c.say("category", v.Key, "label", "needs a label that fits “your …”")
	}
	if now, old := replacement(v.Key); old {
		c.say("category", v.Key, "key", "Fides replaced %s; write %s", v.Key, now)
	}
	if !isDataCategory(v.Key) && !isDataCategory(above(v.Key)) && !c.categories[above(v.Key)] {
		c.say("category", v.Key, "key", "%s is not a Fides data category and lies right under none; check its spelling", v.Key)
	}
	if v.KeepDays < 0 {
		c.say("category", v.Key, "keep_days", "is a number of days, or 0 for no end of its own")
	}
	marked := slices.ContainsFunc(all, func(o Category) bool { return o.Sensitive && Within(v.Key, o.Key) })
	if WithinAny(v.Key, AlwaysSensitive()) && !marked {
		c.say("category", v.Key, "sensitive", "must be sensitive, or lie in a category that is")
	}
}

func (c *check) notice(n Notice, all []Notice) {
	id := n.Ref() + "/" + n.Language
	if n.Version < 1 {
		c.say("notice", id, "version", "versions count from 1")
	}
	if n.Language == "" || n.Title == "" || n.Text == "" {
		c.say("notice", id, "", "needs a language, a title and a text")
	}
	if n.Return == "" || n.Keep == "" || n.Withdraw == "" {
		c.say("notice", id, "", "needs what the person gets in return, how long the data is kept (keep) and how to take it back (withdraw)")
	}
	if n.KeepDays < 0 {
		c.say("notice", id, "keep_days", "is a number of days, or 0 where keep names no number of them")
	}
	for i, v := range n.Covers {
		at := "covers." + strconv.Itoa(i)
		if v.KeepDays < 0 {
			c.say("notice", id, at+".keep_days", "is a number of days, or 0 for what the notice says")
		}
		c.category("notice", id, at+".category", v.Category)
		for j, p := range v.Purposes {
			if !c.purposes[p] {
				c.say("notice", id, at+".purposes."+strconv.Itoa(j), "purpose %s is not defined", p)
			}
		}
	}
	for i, p := range n.Parties {
		if !c.recipients[p] {
			c.say("notice", id, "parties."+strconv.Itoa(i), "recipient %s is not defined", p)
		}
	}
	for _, o := range all {
		if o.Ref() == n.Ref() && o.Language < n.Language && (o.KeepDays != n.KeepDays || !sameCovers(o.Covers, n.Covers)) {
			c.say("notice", id, "covers", "must promise the same in every language of version %d", n.Version)
		}
	}
}

func sameCovers(a, b []Cover) bool {
	return slices.EqualFunc(a, b, func(x, y Cover) bool {
		return x.Category == y.Category && x.KeepDays == y.KeepDays && slices.Equal(x.Purposes, y.Purposes)
	})
}

func (c *check) pack(p Pack) {
	if p.Label == "" {
		c.say("pack", p.Key, "label", "needs a label")
	}
	for i, j := range p.Jurisdictions {
		if !iso3166.MatchString(j) {
			c.say("pack", p.Key, "jurisdictions."+strconv.Itoa(i), "%s is not an ISO 3166 code such as DE or US-CA", j)
		}
	}
	said := map[[2]string]bool{}
	for i, t := range p.Modes {
		at := "modes." + strconv.Itoa(i)
		c.key("pack", p.Key, at+".purpose", t.Purpose)
		if said[[2]string{t.Purpose, t.Channel}] {
			c.say("pack", p.Key, at, "says %s twice", t.Purpose)
		}
		said[[2]string{t.Purpose, t.Channel}] = true
	}
	for i, s := range p.GPC.Stops {
		c.key("pack", p.Key, "gpc.stops."+strconv.Itoa(i), s)
	}
	for i, m := range p.Minors {
		for j, s := range m.Purposes {
			c.key("pack", p.Key, fmt.Sprintf("minors.%d.purposes.%d", i, j), s)
		}
	}
	for i, k := range p.Clocks {
		if k.Within < 1 || !slices.Contains([]string{"hours", "days", "business_days", "months"}, k.Unit) {
			c.say("pack", p.Key, "clocks."+strconv.Itoa(i), "needs within and a unit: hours, days, business_days or months")
		}
	}
	for i, day := range p.Holidays {
		if !holiday.MatchString(day) {
			c.say("pack", p.Key, "holidays."+strconv.Itoa(i), "is a day such as \"12-25\" or \"2026-04-03\"")
		}
	}
	for i, r := range p.Retained {
		if r.Label == "" || r.Law == "" || len(r.Events) == 0 || len(r.Keep) == 0 || r.Years < 1 {
			c.say("pack", p.Key, "retained."+strconv.Itoa(i), "needs a label, events, what of them is kept (keep), years and the law that says so")
		}
	}
}

// key checks a purpose that a law names: any data use, whether or not this
// workspace has it. A misspelled one would let a laxer term speak in its place.
func (c *check) key(kind, key, path, purpose string) {
	if !IsDataUse(purpose) && !c.purposes[purpose] {
		c.say(kind, key, path, "%s is neither a Fides data use nor a purpose of this workspace", purpose)
	}
}

func (c *check) recipient(r Recipient) {
	if r.Label == "" || r.Role == NoRole || !iso3166.MatchString(r.Country) {
		c.say("recipient", r.Key, "", "needs a label, a role (processor or controller) and a country")
	}
	if r.Webhook != "" && !strings.HasPrefix(r.Webhook, "https://") && !strings.HasPrefix(r.Webhook, "http://") {
		c.say("recipient", r.Key, "webhook", "a webhook is https://HOST/PATH; http is for networks that the operator allows")
	}
	web := r.DSR.Kind == "opendsr" || r.DSR.Kind == "webhook"
	if !slices.Contains([]string{"", "mail", "opendsr", "webhook"}, r.DSR.Kind) || web != (r.DSR.URL != "") ||
		web && !strings.HasPrefix(r.DSR.URL, "https://") && !strings.HasPrefix(r.DSR.URL, "http://") {
		c.say("recipient", r.Key, "dsr", "is a kind (opendsr, webhook or mail) and, but for mail, a url https://HOST/PATH")
	}
	for i, p := range r.Purposes {
		if !c.purposes[p] {
			c.say("recipient", r.Key, "purposes."+strconv.Itoa(i), "purpose %s is not defined", p)
		}
	}
	for i, s := range r.Sub {
		if !c.recipients[s] {
			c.say("recipient", r.Key, "sub."+strconv.Itoa(i), "recipient %s is not defined", s)
		}
	}
}

func (c *check) source(s Source) {
	if !slices.Contains([]string{"browser", "server", "import"}, s.Kind) {
		c.say("source", s.Key, "kind", "is browser, server or import")
	}
	if s.Notice != "" && !c.notices[s.Notice] {
		c.say("source", s.Key, "notice", "notice %s is not defined", s.Notice)
	}
	if s.Notice == "" && s.Strict {
		c.say("source", s.Key, "strict", "a strict source needs a notice")
	}
	if s.Origin < 1 || s.Origin > 4 {
		c.say("source", s.Key, "origin", "needs an origin: declared, observed, inferred or third_party")
	}
}

func (c *check) brand(b Brand) {
	if b.Key == "" || b.Name == "" || b.Address == "" || b.Email == "" || b.Where == "" {
		c.say("brand", b.Key, "", "needs a key, a name, an address, an email and where its data lies, for they stand on receipts")
	}
	if !iso3166.MatchString(b.Jurisdiction) {
		c.say("brand", b.Key, "jurisdiction", "needs an ISO 3166 code such as DE or US-CA")
	}
	c.theme(b.Key, b.Theme)
}

func (c *check) belongs(kind, key, label, category string) {
	if label == "" {
		c.say(kind, key, "label", "needs a label")
	}
	c.category(kind, key, "category", category)
}

// category checks a reference: to a category of the workspace, or to one of
// Fides that lies in such a one.
func (c *check) category(kind, key, path, category string) {
	known := c.categories[category]
	for held := range c.categories {
		known = known || isDataCategory(category) && Within(category, held)
	}
	if !known {
		c.say(kind, key, path, "category %s is not defined", category)
	}
}
