package catalog

import (
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
)

// Status is where a version of a definition stands. Its zero value is none.
type Status string

// The statuses. Only Live counts; a superseded version gave way to a later one.
const (
	Draft      Status = "draft"
	Live       Status = "live"
	Paused     Status = "paused"
	Ended      Status = "ended"
	Superseded Status = "superseded"
)

// Role is what somebody may do here.
type Role string

// The roles.
const (
	Marketer Role = "marketer"
	Privacy  Role = "privacy"
	Operator Role = "operator"
	Auditor  Role = "auditor"
	Clerk    Role = "clerk" // at the till: enters what people say, and sees nobody
	Admin    Role = "admin"
)

// Actor is who does something, in the role in which they do it.
type Actor struct {
	Role Role
	Name string // of the token or the session, never a person's data
}

// String is "marketer:anna", as entries keep it.
func (a Actor) String() string { return string(a.Role) + ":" + a.Name }

// open reports whether the version counts or may yet.
func (e Entry) open() bool { return e.Status == Live || e.Status == Paused || e.Status == Draft }

// is reports whether the actor acts in one of the roles, under a name.
func (a Actor) is(roles ...Role) bool { return a.Name != "" && slices.Contains(roles, a.Role) }

// Entry is one version of a definition on the shelf: what it says, by its hash,
// who wrote it, where it stands and who let it go live.
type Entry struct {
	Kind    Kind
	Key     string
	Version int64
	Hash    string
	Status  Status
	Body    []byte
	Author  string // Actor.String
	Approve string // Actor.String; "" until approved
	Answer  string // to Conscience
	At      clock.Instant
}

// Conscience is what the approver of a campaign is asked and answers on the record.
const Conscience = "Would I want to be written to like this?"

var (
	errRole = problem.New(problem.Forbidden, "role-not-allowed",
		"This role may not do this; ask somebody whose part it is.")
	errChanged = problem.New(problem.Conflict, "definition-changed",
		"What was read is not what is stored; read it again and decide on that.")
	errStatus = problem.New(problem.Conflict, "status-not-allowed",
		"The definition does not stand where this step begins.")
	errSame = problem.New(problem.Forbidden, "approval-by-author",
		"Whoever wrote a campaign cannot approve it; another role must.")
	errAnswer = problem.New(problem.Invalid, "answer-missing",
		"Approving needs an answer to: would I want to be written to like this?")
	errNotice = problem.New(problem.Conflict, "notice-changed",
		"A version of a notice never changes, for people agreed to that text; give the new text a new version.")
)

// Approve takes a campaign's draft live. The approver acts in another role than
// the author and under another name, names the hash of what they read, and
// answers Conscience. The version that was live or paused gives way. Problems:
// not-found, role-not-allowed, approval-by-author, definition-changed,
// answer-missing, status-not-allowed.
func Approve(all []Entry, key string, version int64, hash, answer string, by Actor, now clock.Instant) ([]Entry, error) {
	old := versions(all, Campaign, key)
	e, err := pick(old, version)
	if err != nil {
		return nil, err
	}
	author := actorOf(e.Author)
	switch {
	case e.Status != Draft:
		return nil, errStatus
	case !by.is(Privacy, Admin):
		return nil, errRole
	case by.Role == author.Role || by.Name == author.Name:
		return nil, errSame
	case hash == "" || hash != e.Hash || hash != bound(all, e.Kind, e.Body):
		return nil, errChanged
	case strings.TrimSpace(answer) == "":
		return nil, errAnswer
	}
	e.Status, e.Approve, e.Answer, e.At = Live, by.String(), answer, now
	return append(append(replace(old, Live), replace(old, Paused)...), e), nil
}

// Pause silences a live campaign at once; marketers, privacy, operators and
// admins may.
func Pause(all []Entry, key string, by Actor) ([]Entry, error) {
	return step(all, Campaign, key, []Status{Live}, Paused, by, Marketer, Privacy, Operator, Admin)
}

// Resume lets a paused campaign go on as it was approved; privacy, operators and
// admins may.
func Resume(all []Entry, key string, by Actor) ([]Entry, error) {
	return step(all, Campaign, key, []Status{Paused}, Live, by, Privacy, Operator, Admin)
}

// End closes a live, paused or drafted one for good. What is promised to people
// is ended by privacy or admin: values of an ended notice are usable for nothing.
func End(all []Entry, kind Kind, key string, by Actor) ([]Entry, error) {
	roles := []Role{Privacy, Admin}
	if !kind.house() {
		roles = append(roles, Marketer, Operator)
	}
	return step(all, kind, key, []Status{Live, Paused, Draft}, Ended, by, roles...)
}

func step(all []Entry, kind Kind, key string, from []Status, to Status, by Actor, roles ...Role) ([]Entry, error) {
	if !by.is(roles...) {
		return nil, errRole
	}
	var changed []Entry
	for _, e := range versions(all, kind, key) {
		if slices.Contains(from, e.Status) {
			e.Status = to
			changed = append(changed, e)
		}
	}
	if len(changed) == 0 {
		return nil, errStatus
	}
	return changed, nil
}

var errMissing = problem.New(problem.NotFound, "definition-missing", "There is no such version of this definition.")

func pick(list []Entry, version int64) (Entry, error) {
	for _, e := range list {
		if e.Version == version {
			return e, nil
		}
	}
	return Entry{}, errMissing
}

func actorOf(s string) Actor {
	role, name, _ := strings.Cut(s, ":")
	return Actor{Role(role), name}
}

// InForce is the workspace that the live entries make: what rules are compiled
// from. Faults name entries that cannot be read any more.
func InForce(all []Entry, more ...Shape) (Workspace, []Fault) {
	l := newLoader(more)
	for _, e := range all {
		if e.Status == Live {
			l.documents(e.Kind, string(e.Kind)+"/"+e.Key, e.Body)
		}
	}
	l.sort()
	return l.out, l.faults
}

// AsOf is the part of the workspace that is promised to people, as it stood at a
// moment: of each definition the newest version of then. When one was ended only
// the audit chain tells, so an ended one counts as standing.
func AsOf(all []Entry, at clock.Instant) (Workspace, []Fault) {
	type name struct {
		kind Kind
		key  string
	}
	newest := map[name]Entry{}
	for _, e := range all {
		n := name{e.Kind, e.Key}
		if e.Kind.house() && e.At <= at && e.Status != Draft && e.Version > newest[n].Version {
			newest[n] = e
		}
	}
	then := make([]Entry, 0, len(newest))
	for _, e := range newest {
		e.Status = Live
		then = append(then, e)
	}
	return InForce(then)
}

// Compile makes rules of a workspace without faults.
func (w Workspace) Compile() (*policy.Rules, error) { return policy.Compile(w.policy) }
