package app

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/heed-platform/heed/internal/account/access"
	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/account/request/instant"
	"github.com/heed-platform/heed/internal/account/rights"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/line"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/page/data"
)

// mine is a person's own data, as the pages need it.
type mine struct{ *App }

// dataArea mounts the pages about what is known, who has it and why.
func (a *App) dataArea(mux *http.ServeMux) {
	data.Routes(mux, data.Deps{Look: a.looks(), With: a.Door().With, Mine: mine{a}, Why: mine{a}})
}

// asking is what a visitor asks for in their own name.
func (a *App) askingOf(v access.Visitor, why string) gate.Asking {
	s := gate.ByFragment(v.Fragment)
	if v.Fragment == 0 {
		s = gate.ByRef(v.Ref)
	}
	return gate.Asking{Subject: s, Purpose: a.honoring(), By: gate.Themselves, Role: gate.Themselves, Why: why}
}

// own opens a visitor's data for the visitor.
func (a *App) own(ctx context.Context, v access.Visitor) (d gate.Dossier, pass gate.Pass[gate.Honor], err error) {
	if pass, err = gate.Ask[gate.Honor](ctx, a.Keep.Gate, a.askingOf(v, "looks at their own data")); err != nil {
		return d, pass, err
	}
	d, err = gate.Own(ctx, pass)
	return d, pass, err
}

// level is how well a visitor showed who they are.
func level(v access.Visitor) request.Level {
	if v.Scope == access.Full {
		return request.Code
	}
	return request.Link
}

// Own is everything that is known, as the person sees it.
func (m mine) Own(ctx context.Context, v access.Visitor) (rights.Mine, error) {
	d, _, err := m.own(ctx, v)
	if err != nil {
		return rights.Mine{}, err
	}
	return rights.Own(d, m.World().Know, m.definitions(), m.rules(), v.Fragment)
}

// Download is everything to take along. It is on the record, as a request that
// was answered at once.
func (m mine) Download(ctx context.Context, v access.Visitor) (rights.Exported, error) {
	pass, err := gate.Ask[gate.Honor](ctx, m.Keep.Gate, m.askingOf(v, "takes their data along"))
	if err != nil {
		return rights.Exported{}, err
	}
	d, err := gate.Release(ctx, pass)
	if err != nil {
		return rights.Exported{}, err
	}
	all, err := rights.Export(d, m.World().Workspace)
	if err != nil {
		return all, err
	}
	return all, m.atOnce(ctx, v, d, request.Portability, "")
}

// atOnce puts a right that was answered at once on the record.
func (a *App) atOnce(ctx context.Context, v access.Visitor, d gate.Dossier, right request.Right, about string) error {
	group, _, _ := d.Group()
	q, err := a.Requests().Open(ctx, request.Asked{
		Right: right, Fragment: d.Found(), Members: group.Members, Place: d.Jurisdiction(), Level: level(v), By: gate.Themselves, About: about,
	})
	if err != nil {
		return err
	}
	_, err = a.Requests().Done(ctx, q.ID, gate.Themselves, "at_once")
	return err
}

var (
	errNotHeld = problem.New(problem.NotFound, "value-missing", "Nothing of this name is known about you.")
	errUnfit   = problem.New(problem.Invalid, "value-unfit", "This is not a value of the kind that stood there: a number stays a number, yes or no stays yes or no.")
	errByStaff = problem.New(problem.Conflict, "value-by-code", "This also finds you, or came without a promise of its own; ask for it on the page of your rights, and somebody will change it with you.")
)

// Correct sets a value to what the person typed, in their own words: declared, by
// them, under the promise that it was given under before. "" takes it away. Who
// received the old one is told.
func (m mine) Correct(ctx context.Context, v access.Visitor, name, typed string) error {
	d, _, err := m.own(ctx, v)
	if err != nil {
		return err
	}
	shown, err := rights.Own(d, m.World().Know, m.definitions(), m.rules(), v.Fragment)
	if err != nil {
		return err
	}
	h, ok := shown.Find(name)
	switch {
	case !ok:
		return errNotHeld
	case typed == "" && !h.Remove, typed != "" && !h.Change:
		return errByStaff
	}
	value, notices := json.RawMessage("null"), []string{h.Notice}
	if typed != "" {
		if value, notices, err = replacement(d.Profile(), name, typed); err != nil {
			return err
		}
	}
	by, ok := speaker(d.Profile(), notices)
	if !ok {
		return errByStaff
	}
	for _, notice := range notices {
		if err := m.speak(ctx, by, notice, name, value); err != nil {
			return err
		}
	}
	return m.Instant().Rectified(ctx, m.askingOf(v, "corrected their data"), level(v), "traits."+name)
}

// replacement is what was typed, of the kind that stood there, and every promise
// under which it stood.
func replacement(p *fact.Profile, name, typed string) (value json.RawMessage, notices []string, err error) {
	var before any
	for _, a := range p.Attributes {
		if a.Name != name {
			continue
		}
		if before == nil {
			if err := json.Unmarshal([]byte(a.Value.Reveal()), &before); err != nil {
				return nil, nil, errUnfit.Because(err)
			}
		}
		if a.Notice != "" && !slices.Contains(notices, a.Notice) {
			notices = append(notices, a.Notice)
		}
	}
	switch before.(type) {
	case float64:
		n := json.Number(strings.Replace(typed, ",", ".", 1))
		if _, err := n.Float64(); err != nil || !json.Valid([]byte(n)) {
			return nil, nil, errUnfit
		}
		return json.RawMessage(n), notices, nil
	case bool:
		b, err := strconv.ParseBool(strings.ToLower(typed))
		if err != nil {
			return nil, nil, errUnfit
		}
		return json.RawMessage(strconv.FormatBool(b)), notices, nil
	}
	value, err = json.Marshal(typed)
	return value, notices, err
}

// speaker is the identifier under which a person says something about themselves.
// Naming an address or a number says it anew, under the same promise, so it may
// be named only where it was given under that promise before.
func speaker(p *fact.Profile, notices []string) (person.Identifier, bool) {
	for _, id := range p.Identifiers {
		if id.NS != person.Email && id.NS != person.Phone {
			return id.Identifier, true
		}
	}
	for _, id := range p.Identifiers {
		under := func(notice string) bool {
			return slices.ContainsFunc(p.Attributes, func(a fact.Attribute) bool { return a.Name == string(id.NS) && a.Notice == notice })
		}
		if !slices.ContainsFunc(notices, func(n string) bool { return !under(n) }) {
			return id.Identifier, true
		}
	}
	return person.Identifier{}, false
}

// Me is the source of what people say on their own pages.
const Me = "me"

// speak lets a person say one thing about themselves: an event of theirs, through
// the line like any other.
func (a *App) speak(ctx context.Context, by person.Identifier, notice, name string, value json.RawMessage) error {
	call := map[string]any{
		"type": "identify", "messageId": uuid.NewString(), "traits": map[string]any{name: value},
		"context": map[string]any{"externalIds": []any{map[string]any{"type": string(by.NS), "id": by.Value.Reveal(), "collection": "users", "encoding": "none"}}},
	}
	own := map[person.Namespace]string{person.UserID: "userId", person.AnonymousID: "anonymousId"}
	if field, ok := own[by.NS]; ok {
		call[field] = by.Value.Reveal()
		delete(call, "context")
	}
	body, err := json.Marshal(call)
	if err != nil {
		return err
	}
	src := event.Source{Key: Me, Kind: event.Server, Notice: notice, Origin: fact.Declared, Canonical: a.canonical}
	parsed, err := event.Single(body, 0, src, a.Clock.Now())
	if err != nil {
		return err
	}
	verdict := &parsed.Verdicts[0]
	if verdict.Code != "" {
		return errUnfit.Because(errTold.At(verdict.Code, verdict.Why))
	}
	answers, err := a.Line.Accept(ctx, line.Batch{Source: Me, Arrivals: []line.Arrival{{Event: verdict.Event}}})
	if err != nil {
		return err
	}
	if answers[0].Outcome != line.Accepted {
		return errUnfit
	}
	return nil
}

// Guess switches the use of guesses on or off.
func (m mine) Guess(ctx context.Context, v access.Visitor, on bool) error {
	g := instant.Guesses(on)
	g.Said = m.Clock.Now()
	_, err := gate.Declare(ctx, m.Keep.Gate, m.askingOf(v, "").Subject, gate.Statement{Grants: []fact.Grant{g}, By: gate.Themselves})
	return err
}

// Apart says that an identifier is somebody else's: it and what came with it is
// parted from what the visitor showed to be theirs.
func (m mine) Apart(ctx context.Context, v access.Visitor, fragment string) error {
	d, _, err := m.own(ctx, v)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(fragment, 10, 64)
	id := fact.FragmentID(n)
	group, _, _ := d.Group()
	if err != nil || id == v.Fragment || !slices.Contains(group.Members, id) {
		return errNotHeld.Because(err)
	}
	asking := m.askingOf(v, "said that it is not theirs")
	if _, err := m.Split(ctx, asking, gate.ByFragment(id), gate.ByFragment(v.Fragment)); err != nil {
		return err
	}
	if d, _, err = m.own(ctx, v); err != nil {
		return err
	}
	return m.atOnce(ctx, v, d, request.Rectification, "identifiers")
}

// Receivers says who has the visitor's data.
func (m mine) Receivers(ctx context.Context, v access.Visitor) ([]rights.Receiver, error) {
	d, _, err := m.own(ctx, v)
	if err != nil {
		return nil, err
	}
	return rights.Receivers(d, m.definitions())
}

// Object stops what one recipient gets beside what orders need, and tells it.
func (m mine) Object(ctx context.Context, v access.Visitor, recipient, language string) error {
	_, _, err := m.Instant().Use(ctx, m.askingOf(v, "objects to a recipient"), level(v), instant.Wish{
		Right: request.Objection, About: define.ToRecipient + recipient, Language: language,
	})
	return err
}

var errNoDecision = problem.New(problem.NotFound, "message-missing", "There is no such message of yours.")

// Reason explains one decision about the visitor.
func (m mine) Reason(ctx context.Context, v access.Visitor, decision string) (rights.Why, error) {
	d, _, err := m.own(ctx, v)
	if err != nil {
		return rights.Why{}, err
	}
	y, ok, err := rights.Reason(d, m.rules(), m.definitions(), decision)
	if err == nil && !ok {
		err = errNoDecision
	}
	return y, err
}

// Read is whose message a link is of, and which.
func (m mine) Read(token string) (access.Visitor, string, error) {
	why, err := m.Links().ReadWhy(token)
	return access.Visitor{Ref: why.Ref, Scope: access.Lower, Decision: why.Decision}, why.Decision, err
}

// Stop ends messages of a kind, or about a topic.
func (m mine) Stop(ctx context.Context, v access.Visitor, y rights.Why, what, language string) error {
	st := gate.Statement{By: gate.Themselves}
	switch {
	case what == "kind":
		st.Grants = []fact.Grant{{
			Purpose: y.Purpose, Channel: y.Channel, Status: fact.Withdrawn, Method: "why_page", Source: Me, Said: m.Clock.Now(),
			Language: language, Evidence: y.Decision,
		}}
	case y.Topic != "":
		d, _, err := m.own(ctx, v)
		if err != nil {
			return err
		}
		p := d.Profile().Preference
		if !slices.Contains(p.Muted, y.Topic) {
			p.Muted = append(slices.Clone(p.Muted), y.Topic)
		}
		p.Source, st.Preference = Me, &p
	default:
		return errNoDecision
	}
	_, err := gate.Declare(ctx, m.Keep.Gate, m.askingOf(v, "").Subject, st)
	return err
}

// Creepy puts on the person's record that a message went too far; saying it twice
// is saying it once.
func (m mine) Creepy(ctx context.Context, v access.Visitor, y rights.Why) error {
	if y.Creepy {
		return nil
	}
	pass, err := gate.Ask[gate.Honor](ctx, m.Keep.Gate, m.askingOf(v, "said that a message is creepy"))
	if err != nil {
		return err
	}
	return gate.Word(ctx, pass, rights.Creepy, y.Decision)
}
