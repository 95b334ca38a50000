// Package store says what heed needs of a database, in heed's own words.
//
// Two stores make a keep. Identity holds who is found by which keyed hash, the
// wrapped keys and the edges; it is small, has its own file or cluster and a
// short backup life. Data holds everything else: facts, their projections, the
// queue, definitions, the audit chain. Identity commits first, then Data; an
// orphan in Identity is harmless.
//
// The package has two engines, sqlite and postgres, held equal by
// keep/keeptest. It promises nothing about secrecy: what comes in is sealed
// already (vault), but for the spine, which is narrow on purpose. Engines
// differ only in what Capabilities declares. Start reading at Data.
package store

import (
	"context"
	"iter"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/person"
)

// Capabilities is where engines honestly differ.
type Capabilities struct {
	Name       string // "sqlite" or "postgres"
	ManyNodes  bool   // several heed processes may share the database
	RowLocks   bool   // Lock blocks only writers of the same fragments
	OneProcess bool   // a second process is refused with the first one's pid
}

// Fragment is a row of the identity store.
type Fragment struct {
	ID       fact.FragmentID
	Hash     person.Hash // keyed hash of (namespace, canonical value): how it is found
	Tomb     person.Hash // the same under another key: what stays when it is erased
	NS       person.Namespace
	Ref      person.Ref // the person id if this fragment anchors a person
	Key      []byte     // wrapped; never empty while the row lives
	Epoch    uint16     // of the key that Key is wrapped under; only Admit looks at it
	Verified bool       // named by a verified event at least once
	Created  clock.Instant
}

// Edge joins two fragments. A is always less than B. For one pair and one
// value of Verified the store keeps the smallest (At, Message).
type Edge struct {
	A, B     fact.FragmentID
	Verified bool
	At       clock.Instant
	Message  person.Hash
	Cut      bool // undone by hand: evidence stays, the edge joins nothing
}

// Tombstone remembers that an identifier was erased, and when, and no more.
type Tombstone struct {
	Tomb person.Hash
	At   clock.Instant
}

// Link is an Edge whose ends are still known by hash only.
type Link struct {
	A, B     person.Hash
	Verified bool
	At       clock.Instant
	Message  person.Hash
}

// Identity is the identity store. Every method that changes something is one
// durable transaction when it returns.
type Identity interface {
	// Find returns the rows of the hashes that exist, in no order.
	Find(ctx context.Context, hashes []person.Hash) ([]Fragment, error)
	// Get returns the rows of the ids that exist, in no order.
	Get(ctx context.Context, ids []fact.FragmentID) ([]Fragment, error)
	// ByRef returns the rows of the person ids that exist, in no order.
	ByRef(ctx context.Context, refs []person.Ref) ([]Fragment, error)
	// Admit inserts the fragments whose hash is new (ID is ignored), raises
	// Verified on those that exist, adds the links, and returns every named
	// fragment as it now stands, read back in the same transaction: when two
	// nodes admit one hash, both get the winner's key. It reports which edges
	// are new or better than before. A link to itself is none; one whose end is
	// unknown fails the whole with ErrNotFound, and a new row whose Epoch is below
	// the floor with ErrEpoch.
	Admit(ctx context.Context, frags []Fragment, links []Link) ([]Fragment, []Edge, error)
	// Component returns every fragment reachable from ids over edges that are
	// not cut, and all edges among them, cut ones too. When more than limit
	// fragments are reachable it stops there and whole is false: what is nearest
	// stays, then the smaller ids. Both lists are sorted.
	Component(ctx context.Context, ids []fact.FragmentID, limit int) (frags []Fragment, edges []Edge, whole bool, err error)
	// Cut marks every edge between the pairs as cut, and those that are admitted
	// between them later; joining them again is Mend.
	Cut(ctx context.Context, pairs [][2]fact.FragmentID) error
	// Mend takes Cut back.
	Mend(ctx context.Context, pairs [][2]fact.FragmentID) error
	// Tombstones returns those of tombs that were erased.
	Tombstones(ctx context.Context, tombs []person.Hash) ([]Tombstone, error)
	// Bury writes the tombstones, then removes the rows, keys and edges, and
	// leaves no copy of them in live files (SQLite: secure_delete and a
	// truncating checkpoint; PostgreSQL: the part is rewritten). It waits for older
	// snapshots as long as ctx allows. Doing it twice is doing it once.
	Bury(ctx context.Context, ids []fact.FragmentID, at clock.Instant) error
	// Scan returns up to limit rows with id greater than after, by id.
	Scan(ctx context.Context, after fact.FragmentID, limit int) ([]Fragment, error)
	// Raise lifts the floor of Admit, which never comes down. When it returns, every
	// row below the floor that will ever be there is there.
	Raise(ctx context.Context, floor uint16) error
	// Rewrap replaces the keys of those rows whose key is still as it was read.
	Rewrap(ctx context.Context, rows []Rewrap) error
	// Reserve makes sure that no id up to and including this one is given to anybody any more.
	Reserve(ctx context.Context, upTo fact.FragmentID) error
	// Dump hands out every row on one snapshot, sheet by sheet, after begin was
	// told what the store is like. row must not keep the values.
	Dump(ctx context.Context, begin func(Shape) error, row func(Row) error) error
	// Meta and SetMeta keep small named bytes: wrapped index keys, epochs. An
	// absent value is nil. SetMeta with insert true keeps the value that is there and returns it.
	Meta(ctx context.Context, name string) ([]byte, error)
	SetMeta(ctx context.Context, name string, value []byte, insert bool) ([]byte, error)
	Close() error
}

// Fact is one sealed line of a fragment's chain. N counts from 1 without gaps.
type Fact struct {
	Fragment fact.FragmentID
	N        uint64
	Kind     fact.Kind
	Received clock.Instant
	Body     []byte
}

// State is the projection row of one fragment.
type State struct {
	Fragment fact.FragmentID
	N        uint64 // the last fact folded in
	Version  int    // of the projection's code
	Body     []byte // sealed fact.State
	Seen     []byte // sorted 16-byte entries: which messages this fragment has
	Pages    int    // 0 while all entries are in Seen, else the number of Seen pages
}

// SeenPage holds the message entries of a fragment that has very many.
type SeenPage struct {
	Fragment fact.FragmentID
	Page     int
	Entries  []byte
}

// Spine is the narrow line that stays in clear, for counting.
type Spine struct {
	Pseudonym int64 // only the fragment's key can compute it
	At        clock.Instant
	Name      string // from the approved dictionary
	Item      string
	Minor     int64
	Currency  string
	Quantity  int64
}

// Job is one piece of queued work. Body is sealed and is a question, not an answer.
type Job struct {
	ID       int64
	Kind     string // "delivery", "evaluate", …
	Fragment fact.FragmentID
	Unique   string // at most one job of a kind with this key, for ever; "" is no limit
	Due      clock.Instant
	Attempt  int
	Lease    clock.Instant // until when somebody holds it; zero is free
	Fence    int64         // grows with each claim; a late holder's is too small
	State    string        // "waiting", "done", "dead"
	Code     string        // why it is dead
	Body     []byte
}

// Timer asks to look at one person again. There is one per anchor.
type Timer struct {
	Fragment fact.FragmentID
	Due      clock.Instant
}

// Quarantined is an event that was not understood, kept sealed for a while.
type Quarantined struct {
	ID       int64
	Source   string
	Code     string
	Why      string // names places, never values
	Received clock.Instant
	Body     []byte
}

// Definition is one version of something a team wrote: a notice, an audience,
// a campaign. Bodies are canonical JSON and hold no personal data.
type Definition struct {
	Kind    string
	Key     string
	Version int64
	Hash    string
	Status  string // "draft", "live", "paused", "ended", "superseded"
	Body    []byte
	Author  string // "role:token-name"
	Approve string // who approved, same form
	Answer  string // to the question "would I want to be written to like this?"
	At      clock.Instant
}

// Source is where events come from, with its write key's hash.
type Source struct {
	Key     string // as in the workspace, e.g. "web"
	KeyHash person.Hash
	Body    []byte // JSON: kind, notice, origin, strict …
}

// Token lets a role use the API.
type Token struct {
	Name string
	Role string
	Hash person.Hash
	At   clock.Instant
}

// Tally is one row of the ingest balance:
// sent = accepted + duplicate + quarantined + refused.
type Tally struct {
	Source      string
	Accepted    int64
	Duplicate   int64
	Quarantined int64
	Refused     int64
}

// Audit is one entry of a writer's chain: Hash covers Previous and Body.
type Audit struct {
	Writer   string
	N        uint64
	At       clock.Instant
	Previous []byte
	Hash     []byte
	Body     []byte
}

// Ticket is a secret that was handed out and may come back: a one-time code, a
// session, a link that opens once. It is found by the keyed hash of the secret.
type Ticket struct {
	Kind     string
	Hash     person.Hash
	Fragment fact.FragmentID // whose it is; 0 is nobody's
	Until    clock.Instant
	Tries    int64
	Body     []byte // sealed
}

// Request is a right that somebody asked for, with its clock. It outlives the
// person, as proof that they were answered, so it says nothing about them: its
// body is what was asked and done, and Fragment is 0 once they are erased.
type Request struct {
	ID       string
	Right    string
	Status   string
	Fragment fact.FragmentID
	Received clock.Instant
	Due      clock.Instant
	Closed   clock.Instant // 0 while it is open
	Body     []byte
}

// Item is one row of the product catalog; no personal data.
type Item struct {
	ID   string // product_id
	Body []byte // JSON
}

// Reader reads one consistent snapshot. What is absent is nil, but for Job.
// Iterators keep nothing open between their steps: ask other things meanwhile.
type Reader interface {
	States(ctx context.Context, ids []fact.FragmentID) ([]State, error)
	// ScanStates returns up to limit rows with fragment greater than after, by fragment.
	ScanStates(ctx context.Context, after fact.FragmentID, limit int) ([]State, error)
	// Facts yields the chain of one fragment from number from, in order.
	Facts(ctx context.Context, id fact.FragmentID, from uint64) iter.Seq2[Fact, error]
	SeenPage(ctx context.Context, id fact.FragmentID, page int) ([]byte, error)
	// SpineCount counts rows by name, at or after since.
	SpineCount(ctx context.Context, since clock.Instant) (map[string]int64, error)
	// Spines yields the spine in order of time.
	Spines(ctx context.Context, since clock.Instant) iter.Seq2[Spine, error]
	// Job fails with ErrNotFound when there is none.
	Job(ctx context.Context, id int64) (Job, error)
	// Jobs lists by kind and state, newest first.
	Jobs(ctx context.Context, kind, state string, limit int) ([]Job, error)
	// Leased returns the jobs of the fragments that somebody holds at now: work
	// that may be leaving at this moment.
	Leased(ctx context.Context, ids []fact.FragmentID, now clock.Instant) ([]Job, error)
	Quarantine(ctx context.Context, after int64, limit int) ([]Quarantined, error)
	// Definitions returns, for a kind ("" is all), every version, by kind, key, version.
	Definitions(ctx context.Context, kind string) ([]Definition, error)
	Sources(ctx context.Context) ([]Source, error)
	Tokens(ctx context.Context) ([]Token, error)
	Tallies(ctx context.Context) ([]Tally, error)
	// Audits yields a writer's chain from number from; Writers names the chains.
	Audits(ctx context.Context, writer string, from uint64) iter.Seq2[Audit, error]
	Writers(ctx context.Context) ([]string, error)
	Items(ctx context.Context, ids []string) ([]Item, error) // nil ids: all, by id
	// Ticket fails with ErrNotFound when there is none.
	Ticket(ctx context.Context, kind string, hash person.Hash) (Ticket, error)
	// Request fails with ErrNotFound when there is none.
	Request(ctx context.Context, id string) (Request, error)
	// Requests lists those in a status ("" is any), oldest due first; RequestsOf
	// those of the fragments, newest first.
	Requests(ctx context.Context, status string, limit int) ([]Request, error)
	RequestsOf(ctx context.Context, ids []fact.FragmentID) ([]Request, error)
	Meta(ctx context.Context, name string) ([]byte, error)
	// Owners lists up to limit fragments greater than after of which anything is
	// kept, by id.
	Owners(ctx context.Context, after fact.FragmentID, limit int) ([]fact.FragmentID, error)
}

// Writer is one transaction. Nothing is visible to others before it commits,
// and it is durable when Write returns nil. When one of its changes fails, the
// transaction is lost, whatever the caller makes of the error.
type Writer interface {
	Reader
	// Lock takes the fragments in id order, creating nothing, and returns the
	// states that exist, fresh. Fragments without a state are locked too.
	Lock(ctx context.Context, ids []fact.FragmentID) ([]State, error)
	// Append adds facts; each must be the next of its chain or the transaction
	// fails with ErrStale.
	Append(ctx context.Context, facts []Fact) error
	PutStates(ctx context.Context, states []State) error
	PutSeenPages(ctx context.Context, pages []SeenPage) error
	PutSpine(ctx context.Context, rows []Spine) error
	// Forget removes the facts, state, seen pages, jobs, timers and tickets of the
	// fragments; the spine and requests stay, cut loose. Repeating it changes nothing.
	Forget(ctx context.Context, ids []fact.FragmentID) error
	// DropFacts empties the bodies of facts but keeps the last 16 bytes, so
	// that the chain still verifies (retention).
	DropFacts(ctx context.Context, id fact.FragmentID, ns []uint64) error
	// ClearStates removes every projection row, for a rebuild from the facts.
	ClearStates(ctx context.Context) error

	// Enqueue adds jobs; one whose (kind, unique) exists is left out.
	Enqueue(ctx context.Context, jobs []Job) (added int, err error)
	// Claim takes up to limit due jobs of a kind, longest due first, and raises
	// Fence. A lease that is over at now is free. Attempt is the caller's.
	Claim(ctx context.Context, kind string, now, until clock.Instant, limit int) ([]Job, error)
	// Settle ends or postpones a claimed job: it keeps State, Code, Due and
	// Attempt and gives the lease back. It fails with ErrFenced when the job's
	// Fence has moved on or nobody holds it, with ErrNotFound when it is gone.
	Settle(ctx context.Context, job Job) error
	// Unbury takes a dead job up again, as waiting or done: it keeps State, Code,
	// Due and Attempt. It fails with ErrNotFound when no dead job has this ID.
	Unbury(ctx context.Context, job Job) error
	// PutTimers moves a timer earlier, or sets it; never later. ClearTimer
	// removes it if it still stands at due.
	PutTimers(ctx context.Context, timers []Timer) error
	// DueTimers leaves out those that another transaction is looking at.
	DueTimers(ctx context.Context, now clock.Instant, limit int) ([]Timer, error)
	ClearTimer(ctx context.Context, id fact.FragmentID, due clock.Instant) error

	PutQuarantine(ctx context.Context, rows []Quarantined) error
	DropQuarantine(ctx context.Context, ids []int64) error
	DropQuarantineBefore(ctx context.Context, t clock.Instant) (int64, error)
	PutDefinitions(ctx context.Context, defs []Definition) error
	PutSources(ctx context.Context, rows []Source) error
	PutTokens(ctx context.Context, rows []Token) error
	AddTallies(ctx context.Context, rows []Tally) error
	// AppendAudit adds entries; each must be the next of its writer's chain.
	AppendAudit(ctx context.Context, rows []Audit) error
	// LastAudit is the chain's end; zero when there is none.
	LastAudit(ctx context.Context, writer string) (Audit, error)
	PutItems(ctx context.Context, items []Item) error
	// PutTickets adds tickets or replaces those of the same kind and hash.
	PutTickets(ctx context.Context, rows []Ticket) error
	// TryTicket raises Tries and returns the ticket as it then stands; it fails
	// with ErrNotFound when there is none, and the transaction goes on.
	TryTicket(ctx context.Context, kind string, hash person.Hash) (Ticket, error)
	// DropTicket removes one and reports whether it was there: of two who take the
	// same one, one gets it.
	DropTicket(ctx context.Context, kind string, hash person.Hash) (bool, error)
	// DropTicketsOf removes those of the fragments, of one kind or ("") of all.
	DropTicketsOf(ctx context.Context, kind string, ids []fact.FragmentID) error
	DropTicketsBefore(ctx context.Context, t clock.Instant) (int64, error)
	PutRequests(ctx context.Context, rows []Request) error
	// DropRequestsBefore removes those that were closed before t, but for one kind.
	DropRequestsBefore(ctx context.Context, t clock.Instant, but string) (int64, error)
	SetMeta(ctx context.Context, name string, value []byte) error
}

// Data is the data store.
type Data interface {
	Capabilities() Capabilities
	// Read runs f on one snapshot. f must not call Read again: all connections
	// could be waiting for each other.
	Read(ctx context.Context, f func(Reader) error) error
	// Write runs f in one transaction and commits it durably, or undoes it when
	// f fails. SQLite runs one at a time.
	Write(ctx context.Context, f func(Writer) error) error
	// Scrub makes sure that what was removed is in no live file any more.
	Scrub(ctx context.Context) error
	// Dump hands out every row, as that of Identity does.
	Dump(ctx context.Context, begin func(Shape) error, row func(Row) error) error
	// Ready fails when the database cannot be written durably.
	Ready(ctx context.Context) error
	Close() error
}
