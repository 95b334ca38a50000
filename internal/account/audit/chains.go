package audit

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep"
)

// told is what one audit entry says about one fact. Entry counts over all chains
// in the order of their writers.
type told struct {
	name  [12]byte // of the fragment in the chain
	tag   [16]byte
	n     uint64
	entry uint64
}

// ledger is what all entries say about facts, sorted by name and number once it
// is complete. It takes 48 bytes an entry.
type ledger struct {
	all    []told
	starts []start
}

// start is where a writer's entries begin.
type start struct {
	writer string
	first  uint64
}

// about are the entries that speak of one fragment.
func (l *ledger) about(name [12]byte) []told {
	from, _ := slices.BinarySearchFunc(l.all, name, func(t told, name [12]byte) int { return bytes.Compare(t.name[:], name[:]) })
	to := from
	for to < len(l.all) && l.all[to].name == name {
		to++
	}
	return l.all[from:to]
}

// place names an entry.
func (l *ledger) place(t told) string {
	i, exact := slices.BinarySearchFunc(l.starts, t.entry, func(s start, e uint64) int { return cmp.Compare(s.first, e) })
	if !exact {
		i--
	}
	return fmt.Sprintf("audit %s entry %d", l.starts[i].writer, t.entry-l.starts[i].first+1)
}

// chains reads every chain, remembers what it says, and takes its head.
func (c *check) chains(ctx context.Context, known []Head) error {
	return c.vault.Data().Read(ctx, func(r keep.Reader) error {
		damage, length, err := c.vault.VerifyAudit(ctx, r, c.hear)
		if err != nil {
			return err
		}
		for _, d := range damage {
			c.report.add(d.Where, d.Why)
		}
		c.length = length
		writers, err := r.Writers(ctx)
		if err != nil {
			return err
		}
		var first uint64 = 1
		for _, w := range writers {
			c.ledger.starts = append(c.ledger.starts, start{w, first})
			first += length[w]
			h, err := headOf(ctx, r, w, length[w])
			if err != nil {
				return err
			}
			c.report.Heads = append(c.report.Heads, h)
		}
		slices.SortFunc(c.ledger.all, func(x, y told) int {
			return cmp.Or(bytes.Compare(x.name[:], y.name[:]), cmp.Compare(x.n, y.n), cmp.Compare(x.entry, y.entry))
		})
		c.report.Joint = joint(c.report.Heads)
		return c.compare(ctx, r, known)
	})
}

// erasure is what the gate calls one in the chain.
const erasure = "person.erase"

// hear takes one good entry.
func (c *check) hear(e keep.AuditEntry, _ clock.Instant) {
	c.report.Entries++
	c.erased = c.erased || e.What == erasure
	if e.Person == "" {
		c.refer(e.Ref)
		return
	}
	t := told{n: e.N, entry: c.report.Entries}
	if n, err := hex.Decode(t.name[:], []byte(e.Person)); err != nil || n != len(t.name) || len(e.Tag) != len(t.tag) {
		return // an entry that names nobody's fact says nothing about any
	}
	copy(t.tag[:], e.Tag)
	c.ledger.all = append(c.ledger.all, t)
}

// refer remembers what an entry says about a definition, and of which ones it is
// known how their rows stood.
func (c *check) refer(ref string) {
	if !strings.Contains(ref, "@") {
		return
	}
	c.refs[ref] = true
	if what, _, whole := strings.Cut(ref, rowMark); whole {
		c.whole[what] = true
	}
}

// Head is the end of one writer's chain: its last entry's number and hash.
type Head struct {
	Writer string `json:"writer"`
	N      uint64 `json:"n"`
	Hash   string `json:"hash"`
}

// String is the line that heed verify prints, and ParseHeads reads.
func (h Head) String() string { return fmt.Sprintf("head %s %d %s", h.Writer, h.N, h.Hash) }

// ParseHeads finds the heads in what heed verify printed; other lines are passed
// over.
func ParseHeads(text string) []Head {
	var out []Head
	for line := range strings.Lines(text) {
		var h Head
		if n, err := fmt.Sscanf(strings.TrimSpace(line), "head %s %d %s", &h.Writer, &h.N, &h.Hash); err == nil && n == 3 {
			out = append(out, h)
		}
	}
	return out
}

// joint is one hash over all heads, so that one line is enough to keep.
func joint(heads []Head) string {
	sum := sha256.New()
	for _, h := range heads {
		fmt.Fprintln(sum, h)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func headOf(ctx context.Context, r keep.Reader, writer string, n uint64) (Head, error) {
	for a, err := range r.Audits(ctx, writer, n) {
		if err != nil {
			return Head{}, fmt.Errorf("read audit chain: %w", err)
		}
		return Head{writer, a.N, hex.EncodeToString(a.Hash)}, nil
	}
	return Head{writer, 0, ""}, nil
}

// compare looks whether the chains still go through the heads that were kept.
func (c *check) compare(ctx context.Context, r keep.Reader, known []Head) error {
	for _, k := range known {
		if k.N == 0 {
			continue
		}
		now, err := headOf(ctx, r, k.Writer, k.N)
		if err != nil {
			return err
		}
		switch {
		case now.N != k.N:
			c.report.add(fmt.Sprintf("audit %s entry %d", k.Writer, c.length[k.Writer]+1),
				fmt.Sprintf("the chain was cut: a head that was kept says that it had %d entries", k.N))
		case now.Hash != k.Hash:
			c.report.add(fmt.Sprintf("audit %s entry %d", k.Writer, k.N), "the chain was written anew, here or before: a head that was kept has another hash")
		}
	}
	return nil
}
