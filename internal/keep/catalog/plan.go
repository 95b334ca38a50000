package catalog

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/clock"
)

// Plan is what applying a workspace changes: new versions, and those they take
// the place of, all of which are stored together or not at all. What is already
// there is left alone, and what the files leave out stays in force (Left names
// it). The house's own definitions hold at once and are for privacy and admin to
// apply; audiences go live when applied; a campaign becomes a draft, and so does
// every campaign that speaks to an audience that changed. Problems:
// role-not-allowed, notice-changed.
func Plan(all []Entry, w Workspace, by Actor, now clock.Instant) ([]Entry, error) {
	p := planner{all: all, by: by, now: now}
	for _, d := range w.Definitions {
		if err := p.apply(d); err != nil {
			return nil, err
		}
	}
	for _, e := range all {
		if e.Kind == Campaign && e.open() && !p.touched(e.Key) && e.Hash != p.hash(e.Kind, e.Body) {
			p.draft(versions(all, Campaign, e.Key), Entry{Kind: Campaign, Key: e.Key, Body: e.Body})
		}
	}
	return p.changes, nil
}

type planner struct {
	all, changes []Entry
	by           Actor
	now          clock.Instant
}

func (p *planner) apply(d Definition) error {
	old, at := versions(p.all, d.Kind, d.Key), string(d.Kind)+"/"+d.Key
	next := Entry{Kind: d.Kind, Key: d.Key, Body: d.Body}
	if p.unchanged(old, p.hash(d.Kind, d.Body)) {
		return nil
	}
	switch {
	case d.Kind == Campaign:
		if !p.by.is(Marketer, Admin) {
			return errRole.At(at, "campaigns are written by marketers")
		}
		p.draft(old, next)
		return nil
	case d.Kind == Audience:
		if !p.by.is(Marketer, Privacy, Admin) {
			return errRole.At(at, "audiences are written by marketers and privacy")
		}
	case !p.by.is(Privacy, Admin):
		return errRole.At(at, "what is promised to people is applied by privacy or admin")
	case d.Kind == Notice && !said(old, d.Hash):
		return errNotice.At(at, "says something else than the version that people saw")
	}
	p.put(old, next, Live)
	return nil
}

// unchanged reports whether the newest version says this already, and stands.
func (p *planner) unchanged(old []Entry, hash string) bool {
	if len(old) == 0 {
		return false
	}
	last := old[len(old)-1]
	return last.Hash == hash && last.Status != Ended
}

// said reports whether every version that there ever was had this hash.
func said(old []Entry, hash string) bool {
	return !slices.ContainsFunc(old, func(e Entry) bool { return e.Hash != hash })
}

// draft puts a campaign up for approval. A live version with the same words goes
// on until the new one is approved; one whose audience became another does not.
func (p *planner) draft(old []Entry, next Entry) {
	for _, e := range old {
		if (e.Status == Live || e.Status == Paused) && e.Hash != p.hash(Campaign, e.Body) {
			e.Status = Superseded
			p.changes = append(p.changes, e)
		}
	}
	p.put(old, next, Draft)
}

// put adds the next version and supersedes those that stand where it will.
func (p *planner) put(old []Entry, next Entry, status Status) {
	if len(old) > 0 {
		next.Version = old[len(old)-1].Version
	}
	next.Version++
	next.Hash, next.Status, next.Author, next.At = p.hash(next.Kind, next.Body), status, p.by.String(), p.now
	p.changes = append(append(p.changes, replace(old, status)...), next)
}

func (p *planner) touched(campaign string) bool {
	return slices.ContainsFunc(p.changes, func(e Entry) bool { return e.Kind == Campaign && e.Key == campaign })
}

// hash is what an approval is bound to. A campaign's binds the audiences that it
// names as well: another audience makes it another campaign.
func (p *planner) hash(kind Kind, body []byte) string {
	return bound(append(slices.Clone(p.all), p.changes...), kind, body)
}

func bound(all []Entry, kind Kind, body []byte) string {
	if kind != Campaign {
		return hash(body)
	}
	whole := slices.Clone(body)
	for _, key := range audiencesOf(body) {
		whole = append(whole, "\n"+key...)
		list := versions(all, Audience, key)
		for _, e := range slices.Backward(list) {
			if e.Status == Live {
				whole = append(whole, " "+e.Hash...)
				break
			}
		}
	}
	return hash(whole)
}

// audiencesOf is every audience that a campaign's body names under a key
// "audience", "audiences" or "enters", at any depth, sorted.
func audiencesOf(body []byte) []string {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	found := map[string]bool{}
	gather(v, false, found)
	return slices.Sorted(maps.Keys(found))
}

func gather(v any, named bool, found map[string]bool) {
	switch v := v.(type) {
	case string:
		if named {
			found[v] = true
		}
	case []any:
		for _, e := range v {
			gather(e, named, found)
		}
	case map[string]any:
		for k, e := range v {
			gather(e, k == "audience" || k == "audiences" || k == "enters", found)
		}
	}
}

// Left is what is in force and no file says any more, sorted by kind and key.
func Left(all []Entry, w Workspace) []Entry {
	var left []Entry
	for _, e := range all {
		if _, there := w.Find(e.Kind, e.Key); !there && e.open() {
			left = append(left, e)
		}
	}
	slices.SortStableFunc(left, func(a, b Entry) int {
		return cmp.Or(slices.Index(kinds, a.Kind)-slices.Index(kinds, b.Kind), strings.Compare(a.Key, b.Key))
	})
	return left
}

// replace marks the versions that stand at status as superseded.
func replace(old []Entry, status Status) []Entry {
	var gone []Entry
	for _, e := range old {
		if e.Status == status {
			e.Status = Superseded
			gone = append(gone, e)
		}
	}
	return gone
}

// versions is every version of one definition, oldest first.
func versions(all []Entry, kind Kind, key string) []Entry {
	var list []Entry
	for _, e := range all {
		if e.Kind == kind && e.Key == key {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b Entry) int { return int(a.Version - b.Version) })
	return list
}
