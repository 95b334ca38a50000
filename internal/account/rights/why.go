package rights

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/account/ledger"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
)

// Creepy is what a note says that a person put on a message: it went too far.
const Creepy = "creepy"

// Why is why one message was sent, for the person who got it. It names what was
// used, never the values: whoever holds the message's link may read it.
type Why struct {
	Decision   string        `json:"decision"`
	At         clock.Instant `json:"at"`
	Channel    string        `json:"channel"`
	Purpose    string        `json:"purpose"`
	What       string        `json:"what"`            // the purpose in the brand's words
	Moment     string        `json:"moment"`          // event, audience, send
	Named      string        `json:"named,omitempty"` // the event's or the audience's name
	Topic      string        `json:"topic,omitempty"` // key of the topic it was about
	About      string        `json:"about,omitempty"` // the topic in the brand's words
	Chosen     bool          `json:"chosen"`          // false: it was decided not to write
	Used       []Used        `json:"used"`
	Rules      []string      `json:"rules"` // what the guards said, to the person
	Recipients []string      `json:"recipients"`
	Service    bool          `json:"service"` // it belongs to what they ordered
	Consent    *Consent      `json:"consent,omitempty"`
	Stopped    bool          `json:"stopped"` // such messages do not come any more
	Creepy     bool          `json:"creepy"`
}

// Used is one thing that the message was written from or sent to.
type Used struct {
	Path    string `json:"path"`
	Label   string `json:"label"`
	Origin  string `json:"origin,omitempty"`
	Source  string `json:"source,omitempty"`
	Promise string `json:"promise,omitempty"`
}

// Consent is the yes that the message stands on.
type Consent struct {
	Notice string        `json:"notice"`
	Title  string        `json:"title"`
	Since  clock.Instant `json:"since"`
}

// Reason explains one decision of a dossier that came with its history; false
// when there is none of that id.
func Reason(d gate.Dossier, rules *policy.Rules, defs define.Definitions, id string) (Why, bool, error) {
	book, err := ledger.Read(d)
	if err != nil {
		return Why{}, false, err
	}
	v, ok := book.Decision(id)
	if !ok {
		return Why{}, false, nil
	}
	w := words{defs}
	purpose, _ := rules.Purpose(v.Purpose)
	out := Why{
		Decision: v.ID, At: v.At, Channel: v.Channel, Purpose: v.Purpose, What: w.purpose(v.Purpose), Chosen: v.Chosen, Used: []Used{}, Rules: []string{},
		Recipients: []string{}, Service: purpose.Service, Topic: topicOf(v.Question),
		Creepy: slices.ContainsFunc(book.Notes, func(n fact.Note) bool { return n.What == Creepy && n.Why == id }),
	}
	out.Moment, out.Named, _ = strings.Cut(v.Moment, ":")
	if t, ok := rules.Topic(out.Topic); ok {
		out.About = t.Label
	} else {
		out.Topic = ""
	}
	for _, r := range v.Reasons {
		if r.Person != "" && !slices.Contains(out.Rules, r.Person) {
			out.Rules = append(out.Rules, r.Person)
		}
	}
	for _, sent := range book.Disclosures {
		if sent.Decision != id {
			continue
		}
		if label := w.recipient(sent.Recipient).Label; !slices.Contains(out.Recipients, label) {
			out.Recipients = append(out.Recipients, label)
		}
		for _, field := range sent.Fields {
			out.use(w, rules, d.Profile(), field)
		}
	}
	ruling, _ := d.Answer(policy.Question{Use: policy.Contact, Purpose: v.Purpose, Channel: v.Channel, Topic: out.Topic})
	out.Stopped = ruling.Verdict != policy.Allow
	for _, g := range d.Profile().Grants {
		if g.Status == fact.Granted && policy.Within(v.Purpose, g.Purpose) && (g.Channel == "" || g.Channel == v.Channel) {
			out.Consent = &Consent{g.Notice, or(w.notice(g.Notice), g.Notice), g.Said}
		}
	}
	return out, true, nil
}

func (y *Why) use(w words, rules *policy.Rules, p *fact.Profile, field string) {
	if slices.ContainsFunc(y.Used, func(u Used) bool { return u.Path == field }) {
		return
	}
	u := Used{Path: field, Label: or(rules.Label(field), field)}
	name, trait := cutTrait(field)
	for _, a := range p.Attributes {
		if trait && a.Name == name {
			u.Origin, u.Source, u.Promise = a.Origin.String(), w.source(a.Source), w.notice(a.Notice)
			break
		}
	}
	y.Used = append(y.Used, u)
}

// topicOf reads the topic out of what a decision's guards were asked.
func topicOf(question []byte) string {
	var q struct {
		Subjects []struct {
			Topic string `json:"topic"`
		} `json:"subjects"`
	}
	if err := json.Unmarshal(question, &q); err != nil {
		return "" // kept for replay in an older form
	}
	if len(q.Subjects) == 0 {
		return ""
	}
	return q.Subjects[0].Topic
}
