package define

import (
	"regexp"
	"slices"
	"strconv"
)

// Form is what people are asked in one place, in one language, under one notice.
type Form struct {
	Key      string      `yaml:"key" json:"key"`
	Language string      `yaml:"language" json:"language"`
	Notice   string      `yaml:"notice" json:"notice"` // "newsletter@2": what the answers are given under
	Source   string      `yaml:"source" json:"source"` // the server source that answers arrive by
	Places   []string    `yaml:"places" json:"places"` // page: hosted and embedded; clerk: filled in by staff
	Title    string      `yaml:"title" json:"title"`
	Intro    string      `yaml:"intro" json:"intro,omitempty"`
	Ask      []Asked     `yaml:"ask" json:"ask"`
	Agree    []Agreement `yaml:"agree" json:"agree,omitempty"` // boxes, unticked
	Button   string      `yaml:"button" json:"button"`
	Thanks   string      `yaml:"thanks" json:"thanks"`
	Confirm  Confirm     `yaml:"confirm" json:"confirm,omitzero"`  // needed when an address is asked
	Origins  []string    `yaml:"origins" json:"origins,omitempty"` // pages that may embed it: "https://shop.example"
}

// Asked is one question of a form, and the attribute that its answer is.
type Asked struct {
	Name    string   `yaml:"name" json:"name"`
	Label   string   `yaml:"label" json:"label"`
	Hint    string   `yaml:"hint" json:"hint,omitempty"`
	Kind    string   `yaml:"kind" json:"kind,omitempty"`       // text (""), words, date, number, choice
	Options []string `yaml:"options" json:"options,omitempty"` // of a choice
	Need    bool     `yaml:"need" json:"need,omitempty"`
}

// Agreement is one box: a yes to one purpose, on one channel and about one topic
// or, where those are empty, all of them.
type Agreement struct {
	Purpose string `yaml:"purpose" json:"purpose"`
	Channel string `yaml:"channel" json:"channel,omitempty"`
	Topic   string `yaml:"topic" json:"topic,omitempty"`
	Label   string `yaml:"label" json:"label"`
	Need    bool   `yaml:"need" json:"need,omitempty"` // without this yes the form is about nothing; one at most
}

// Confirm is how an address is asked whether it is really the person's: under
// which notice, for which purpose, and who carries the question.
type Confirm struct {
	Notice  string `yaml:"notice" json:"notice,omitempty"`
	Purpose string `yaml:"purpose" json:"purpose,omitempty"`
	Email   string `yaml:"email" json:"email,omitempty"` // recipient that carries mail
	SMS     string `yaml:"sms" json:"sms,omitempty"`     // recipient that carries texts
}

// ID is how a form of one language is found: "newsletter/en".
func (f Form) ID() string { return f.Key + "/" + f.Language }

// Asks reports whether the form asks for an attribute.
func (f Form) Asks(name string) bool {
	return slices.ContainsFunc(f.Ask, func(q Asked) bool { return q.Name == name })
}

// In reports whether the form may be filled in at a place.
func (f Form) In(place string) bool { return slices.Contains(f.Places, place) }

// The places, and the attributes that are addresses, with their channels.
const (
	OnPage  = "page"
	AtClerk = "clerk"
)

// Addresses are the attributes that are asked to confirm themselves, and the
// channel on which each is asked.
func Addresses() map[string]string { return map[string]string{"email": "email", "phone": "sms"} }

// questionKinds are the kinds of questions; "" is one line of text.
var questionKinds = []string{"", "text", "words", "date", "number", "choice"}

// origin is a place of pages: a name under TLS, or this machine.
var origin = regexp.MustCompile(`^(https://[a-z0-9-]+(\.[a-z0-9-]+)*|http://(localhost|127\.0\.0\.1))(:[0-9]{1,5})?$`)

// form checks that a form asks, and asks a yes for, only what its notice covers.
func (c *check) form(f Form, d Definitions) {
	say := func(path, format string, args ...any) { c.say("form", f.ID(), path, format, args...) }
	if f.Title == "" || f.Button == "" || f.Thanks == "" || f.Language == "" || len(f.Ask) == 0 {
		say("", "needs a language, a title, something to ask, a button and thanks")
	}
	if len(f.Places) == 0 {
		say("places", "needs a place: page, clerk or both")
	}
	for i, p := range f.Places {
		if p != OnPage && p != AtClerk {
			say("places."+strconv.Itoa(i), "is page or clerk")
		}
	}
	n := slices.IndexFunc(d.Notices, func(n Notice) bool { return n.Ref() == f.Notice && n.Language == f.Language })
	if n < 0 {
		say("notice", "notice %s has no text in language %s; people agree to what they can read", f.Notice, f.Language)
		return
	}
	if s := slices.IndexFunc(d.Sources, func(s Source) bool { return s.Key == f.Source }); s < 0 || d.Sources[s].Kind != "server" {
		say("source", "source %s is not a server source of this workspace", f.Source)
	}
	c.asked(f, d, d.Notices[n])
	c.agreed(f, d, d.Notices[n])
	c.confirmed(f, d)
	for i, o := range f.Origins {
		if !origin.MatchString(o) {
			say("origins."+strconv.Itoa(i), "an origin is https://HOST, without a path")
		}
	}
	for _, o := range d.Forms {
		if o.Key == f.Key && o.Language < f.Language && !sameForm(o, f) {
			say("", "must ask the same as its %s version, under the same notice", o.Language)
		}
	}
}

func (c *check) asked(f Form, d Definitions, n Notice) {
	seen := map[string]bool{}
	for i, q := range f.Ask {
		at := "ask." + strconv.Itoa(i)
		say := func(path, format string, args ...any) { c.say("form", f.ID(), at+path, format, args...) }
		if seen[q.Name] {
			say(".name", "%s is asked twice", q.Name)
		}
		seen[q.Name] = true
		if q.Label == "" {
			say("", "needs a label")
		}
		if !slices.Contains(questionKinds, q.Kind) || (q.Kind == "choice") != (len(q.Options) > 0) {
			say("", "a question is text, words, date, number, or choice with options")
		}
		a := slices.IndexFunc(d.Attributes, func(a Attribute) bool { return a.Name == q.Name })
		switch {
		case a < 0:
			say(".name", "attribute %s is not defined, so nobody knows what kind of data it is", q.Name)
			continue
		case q.Name == "member_id" && f.In(OnPage):
			say(".name", "a card's number is asked by a clerk who sees the card; on a page anybody could type it")
		case q.Name != "member_id" && Addresses()[q.Name] == "" && c.identifies(d, q.Name):
			say(".name", "%s names machines or accounts; people do not know it", q.Name)
		}
		if category := d.Attributes[a].Category; !n.holds(category, "") {
			say(".name", "notice %s does not cover %s (%s); ask for less, or show a notice that covers it", n.Ref(), q.Name, category)
		}
	}
}

// identifies reports whether an attribute is also a namespace.
func (*check) identifies(d Definitions, name string) bool {
	return slices.ContainsFunc(d.Namespaces, func(n Namespace) bool { return n.Key == name })
}

// holds reports whether the notice covers a category, for a purpose or, with
// "", for any.
func (n Notice) holds(category, purpose string) bool {
	return slices.ContainsFunc(n.Covers, func(v Cover) bool {
		return (category == "" || Within(category, v.Category)) && (purpose == "" && len(v.Purposes) > 0 || slices.Contains(v.Purposes, purpose))
	})
}

func (c *check) agreed(f Form, d Definitions, n Notice) {
	needed := 0
	for i, a := range f.Agree {
		at := "agree." + strconv.Itoa(i)
		say := func(path, format string, args ...any) { c.say("form", f.ID(), at+path, format, args...) }
		if a.Label == "" {
			say("", "needs a label that says what the yes is to")
		}
		if a.Need {
			needed++
		}
		p := slices.IndexFunc(d.Purposes, func(p Purpose) bool { return p.Key == a.Purpose })
		if p < 0 {
			say(".purpose", "purpose %s is not defined", a.Purpose)
			continue
		}
		if a.Channel != "" && !slices.Contains(d.Purposes[p].Channels, a.Channel) {
			say(".channel", "purpose %s does not speak on channel %s", a.Purpose, a.Channel)
		}
		if !n.holds("", a.Purpose) {
			say(".purpose", "notice %s does not speak of %s; nobody can say yes to what they were not told", n.Ref(), a.Purpose)
		}
		if a.Topic != "" && !slices.ContainsFunc(d.Topics, func(t Topic) bool { return t.Key == a.Topic }) {
			say(".topic", "topic %s is not defined", a.Topic)
		}
		for name, channel := range Addresses() {
			if speaks(d.Purposes[p], a.Channel, channel) && !f.Asks(name) {
				say("", "is a yes to %s, but the form does not ask for the %s", channel, name)
			}
		}
	}
	if needed > 1 {
		c.say("form", f.ID(), "agree", "needs more than one yes; whoever wants one thing must not have to take another")
	}
}

// speaks reports whether a yes is to one channel and no other.
func speaks(p Purpose, said, channel string) bool {
	return said == channel || said == "" && len(p.Channels) == 1 && p.Channels[0] == channel
}

func (c *check) confirmed(f Form, d Definitions) {
	for name, channel := range Addresses() {
		if !f.Asks(name) {
			continue
		}
		say := func(path, format string, args ...any) { c.say("form", f.ID(), path, format, args...) }
		n := slices.IndexFunc(d.Notices, func(n Notice) bool { return n.Ref() == f.Confirm.Notice })
		p := slices.IndexFunc(d.Purposes, func(p Purpose) bool { return p.Key == f.Confirm.Purpose })
		if n < 0 || p < 0 || !d.Purposes[p].Service || !slices.Contains(d.Purposes[p].Channels, channel) {
			say("confirm", "asks for the %s, so it needs confirm: a notice and a service purpose on channel %s, to ask whether it is really theirs", name, channel)
			continue
		}
		if a := slices.IndexFunc(d.Attributes, func(a Attribute) bool { return a.Name == name }); a >= 0 && !d.Notices[n].holds(d.Attributes[a].Category, f.Confirm.Purpose) {
			say("confirm.notice", "notice %s does not cover asking whether the %s is theirs", f.Confirm.Notice, name)
		}
		carrier := f.Confirm.Carrier(channel)
		if r := slices.IndexFunc(d.Recipients, func(r Recipient) bool { return r.Key == carrier }); r < 0 || !slices.Contains(d.Recipients[r].Purposes, f.Confirm.Purpose) {
			say("confirm", "%s must name a recipient that carries %s", channel, f.Confirm.Purpose)
		}
	}
}

// Carrier is the recipient that carries the question on a channel.
func (c Confirm) Carrier(channel string) string {
	if channel == "sms" {
		return c.SMS
	}
	return c.Email
}

// sameForm reports whether two languages of a form ask the same.
func sameForm(a, b Form) bool {
	return a.Notice == b.Notice && a.Source == b.Source && a.Confirm == b.Confirm &&
		slices.Equal(a.Places, b.Places) && slices.Equal(a.Origins, b.Origins) &&
		slices.EqualFunc(a.Ask, b.Ask, func(x, y Asked) bool {
			return x.Name == y.Name && x.Kind == y.Kind && x.Need == y.Need && len(x.Options) == len(y.Options)
		}) &&
		slices.EqualFunc(a.Agree, b.Agree, func(x, y Agreement) bool {
			return x.Purpose == y.Purpose && x.Channel == y.Channel && x.Topic == y.Topic && x.Need == y.Need
		})
}
