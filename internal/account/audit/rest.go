package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/queue"
)

// states looks for states without a fragment.
func (c *check) states(ctx context.Context) error {
	var after fact.FragmentID
	for {
		var ids []fact.FragmentID
		err := c.vault.Data().Read(ctx, func(r keep.Reader) error {
			ids = nil
			rows, err := r.ScanStates(ctx, after, page)
			for _, row := range rows {
				ids = append(ids, row.Fragment)
			}
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		known, err := c.vault.Identity().Get(ctx, ids)
		if err != nil {
			return fmt.Errorf("read fragments: %w", err)
		}
		have := make(map[fact.FragmentID]bool, len(known))
		for _, f := range known {
			have[f.ID] = true
		}
		for _, id := range ids {
			if !have[id] {
				c.keyless = append(c.keyless, id)
			}
		}
	}
}

// rowMark is where keep.RefOf begins to speak of a definition's row.
const rowMark = " row:"

// definitions compares each with its hash, and its row with the entries that
// wrote it: what it says, where it stands and who let it go live are what some
// entry tells of. That it stands as the newest of them says cannot be told where
// several nodes write with clocks of their own. A campaign's hash binds its
// audiences too, so only the entry can be compared.
func (c *check) definitions(ctx context.Context) error {
	defs, err := c.keep.Definitions(ctx, "")
	if err != nil {
		return err
	}
	for _, d := range defs {
		where := fmt.Sprintf("definition %s/%s@%d", d.Kind, d.Key, d.Version)
		sum := sha256.Sum256(d.Body)
		if d.Kind != string(catalog.Campaign) && hex.EncodeToString(sum[:]) != d.Hash {
			c.report.add(where, "its text is not the one that its hash names")
		}
		if ref := keep.RefOf(d); !c.says(ref) {
			c.unsaid = append(c.unsaid, unsaid{where, ref})
		}
	}
	return nil
}

// says reports whether an entry tells of a definition as it stands. Entries that
// are older than rowMark tell of its hash alone.
func (c *check) says(ref string) bool {
	what, _, _ := strings.Cut(ref, rowMark)
	return c.refs[ref] || c.refs[what] && !c.whole[what]
}

// waitingLimit bounds how many jobs of a kind are opened, the newest first.
const waitingLimit = 100_000

// waiting opens what lies sealed until somebody works on it.
func (c *check) waiting(ctx context.Context) error {
	for _, kind := range []string{queue.Delivery, queue.Moment} {
		for _, state := range []string{"waiting", "dead"} {
			if err := c.jobs(ctx, kind, state); err != nil {
				return err
			}
		}
	}
	var after int64
	for {
		rows, err := c.keep.Quarantined(ctx, after, page)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, q := range rows {
			after = q.ID
			if _, err := c.keep.OpenQuarantined(q); err != nil {
				c.report.add(fmt.Sprintf("quarantine %d", q.ID), "it does not open: "+err.Error())
			}
		}
	}
}

func (c *check) jobs(ctx context.Context, kind, state string) error {
	var jobs []keep.Job
	err := c.vault.Data().Read(ctx, func(r keep.Reader) (err error) {
		jobs, err = r.Jobs(ctx, kind, state, waitingLimit)
		return err
	})
	if err != nil {
		return err
	}
	for len(jobs) > 0 {
		some := jobs[:min(page, len(jobs))]
		jobs = jobs[len(some):]
		ids := make([]fact.FragmentID, len(some))
		for i, j := range some {
			ids[i] = j.Fragment
		}
		frags, err := c.vault.Fragments(ctx, ids)
		if err != nil && fatal(ctx, err) {
			return err
		}
		for _, j := range some {
			f := frags[j.Fragment]
			if f == nil {
				continue // erased since, or its key is damage that was named already
			}
			if _, err := f.OpenJob(j); err != nil {
				c.report.add(fmt.Sprintf("%s %d", kind, j.ID), "it does not open: "+err.Error())
			}
		}
	}
	return nil
}

// unsaid is a definition that no entry has put in force yet.
type unsaid struct{ where, ref string }

// later looks again at what only seemed wrong because it was being written while
// the chains were read, and names the rest.
func (c *check) later(ctx context.Context) error {
	c.told = map[key]bool{}
	err := c.vault.Data().Read(ctx, func(r keep.Reader) error {
		if err := c.since(ctx, r); err != nil {
			return err
		}
		if err := c.erasing(ctx, r); err != nil {
			return err
		}
		return c.stillKeyless(ctx, r)
	})
	if err != nil {
		return fmt.Errorf("read what was written since: %w", err)
	}
	for _, u := range c.untold {
		if !c.told[u.key] {
			c.report.add(fmt.Sprintf("fragment %d fact %d", u.fragment, u.key.n), "no audit entry tells of it; the chain was cut, or the fact was put in")
		}
	}
	for _, u := range c.unsaid {
		if !c.says(u.ref) {
			c.report.add(u.where, "no audit entry tells who made it so")
		}
	}
	for _, id := range c.keyless {
		c.report.add(fmt.Sprintf("fragment %d", id),
			"there are facts and no key, and no erasure: the identity store lost it, or is older than the data")
	}
	c.gone()
	return c.stillParted(ctx)
}

// stillParted looks again at fragments whose edges were not what their facts say:
// a split writes down first what it cuts then.
func (c *check) stillParted(ctx context.Context) error {
	if len(c.parted) == 0 {
		return nil
	}
	loose := c.report.Loose
	err := c.edges(ctx, c.parted, func(id fact.FragmentID, why string) {
		c.report.add(fmt.Sprintf("edges of fragment %d", id), why)
	})
	c.report.Loose = loose // counted already
	return err
}

// since reads the entries that were written after the chains were read.
func (c *check) since(ctx context.Context, r keep.Reader) error {
	writers, err := r.Writers(ctx)
	if err != nil {
		return err
	}
	for _, w := range writers {
		for a, err := range r.Audits(ctx, w, c.length[w]+1) {
			if err != nil {
				return err
			}
			var e keep.AuditEntry
			if json.Unmarshal(a.Body, &e) == nil {
				c.told[key{e.Person, e.N}] = true
				c.refer(e.Ref)
				c.erased = c.erased || e.What == erasure
			}
		}
	}
	return nil
}

// erasing counts the erasures that are under way or were interrupted, which go
// on by themselves: they destroy keys first and remove facts then.
func (c *check) erasing(ctx context.Context, r keep.Reader) error {
	jobs, err := r.Jobs(ctx, "erase", "waiting", waitingLimit)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if _, err := c.vault.OpenNote("erase", j.Body); err != nil {
			c.report.add(fmt.Sprintf("erasure %d", j.ID), "it does not open: "+err.Error())
			continue
		}
		c.report.Erasing++
		c.erased = true
	}
	return nil
}

// stillKeyless keeps of the states without a key those that are still there and
// that no erasure is about to remove.
func (c *check) stillKeyless(ctx context.Context, r keep.Reader) error {
	if len(c.keyless) == 0 {
		return nil
	}
	rows, err := r.States(ctx, c.keyless)
	c.keyless = nil
	if c.report.Erasing > 0 {
		return err
	}
	for _, row := range rows {
		c.keyless = append(c.keyless, row.Fragment)
	}
	return err
}
