package source

import (
	"context"
	"io"
	"time"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/collect/source/mapping"
	"github.com/heed-platform/heed/internal/fact"
)

// Mapping says what the files of a folder mean.
type Mapping = mapping.Mapping

// Fault is one thing that is wrong with a mapping.
type Fault = mapping.Fault

// ParseMapping reads a mapping; with faults it must not be used.
func ParseMapping(text []byte) (Mapping, []Fault) { return mapping.Parse(text) }

// Entry is one event on its way in, as the Segment spec writes it.
type Entry struct {
	JSON   []byte
	Grants []fact.Grant // what it says about consent, with proof
	File   string
	Line   int
	Made   bool // of columns, so somebody must be named in it
	Known  bool // an earlier run has sent it: check it, and send it no more
}

// Outcome is what became of an event or an item.
type Outcome uint8

// The outcomes.
const (
	Accepted  Outcome = iota + 1
	Duplicate         // it was known
	Refused           // Code and Why say more
)

// Answer is the outcome of one Entry or Item.
type Answer struct {
	Outcome   Outcome
	Code, Why string
}

// Item is one record of the catalog, as JSON.
type Item struct {
	JSON []byte
	File string
	Line int
}

// Sink takes what was read, page by page, and answers for each in order; an
// error ends the import. Pages of events may come several at once, unless they
// bring grants, whose order matters; pages of items never do.
type Sink struct {
	Events func(ctx context.Context, page []Entry) ([]Answer, error)
	Items  func(ctx context.Context, page []Item) ([]Answer, error)
}

// Memory is where an import remembers how far it came. Save replaces what was
// there; nil forgets it.
type Memory interface {
	Load(ctx context.Context) ([]byte, error)
	Save(ctx context.Context, state []byte) error
}

// Options say what to import.
type Options struct {
	Paths   []string      // files and folders
	Mapping *Mapping      // nil: the files hold Segment events
	Salt    string        // what else decides over the events, for the checkpoint: source, notice
	AsOf    clock.Instant // when rows that don't tell were true; zero is the moment of import
	Folder  string        // where sorting may write
	Buffer  int           // bytes of memory for sorting; 0 is 64 MB
	Page    int           // events in a page; 0 is 500
	Lanes   int           // pages in flight; 0 is 4

	Rejects    io.Writer // nil: only counted and shown by Rejected
	RejectsRaw bool      // with the row itself, which holds what people told
	Rejected   func(Reject)
	Progress   func(Progress)
	Memory     Memory // nil: an import that was killed starts at the beginning
}

// Reject is one row, event or item that did not come in.
type Reject struct {
	File string `json:"file"`
	Line int    `json:"line"` // of the file; in JSON arrays the element's number
	Code string `json:"code"`
	Why  string `json:"why"`
	Raw  string `json:"raw,omitempty"`
}

// Progress is how far an import has come.
type Progress struct {
	Doing  string // the rows at hand: "transactions"
	Part   float64
	Rows   int64
	Events int64
	Rate   float64       // events a second, lately
	Left   time.Duration // zero is not known yet
}

// Report is what became of everything.
type Report struct {
	Files      int              `json:"files"`
	Ignored    []string         `json:"ignored,omitempty"` // files that the mapping does not name
	Rows       int64            `json:"rows"`
	Events     int64            `json:"events"`
	Accepted   int64            `json:"accepted"`
	Duplicates int64            `json:"duplicates"`
	Skipped    int64            `json:"skipped,omitempty"` // sent by an earlier run that did not end
	Grants     int64            `json:"grants,omitempty"`
	Items      int64            `json:"items,omitempty"`
	Rejected   int64            `json:"rejected"`
	Reasons    map[string]int64 `json:"reasons,omitempty"` // of Rejected, by code
	Seconds    float64          `json:"seconds"`
}
