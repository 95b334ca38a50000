package vault

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/internal/store"
	"github.com/heed-platform/heed/internal/person"
)

// A message entry is 11 bytes of the keyed hash of (source, messageId) and 5
// bytes of a digest of what was said, so that a retry is told from a reused id.
const (
	entrySize = 16
	entryKey  = 11
	// pageTarget is how many entries a page holds on average before the number
	// of pages doubles; up to it, entries lie in the state row itself.
	pageTarget = 256
)

// Entry names one message of one source and what it said.
type Entry [entrySize]byte

// EntryOf makes an entry.
func EntryOf(message, body person.Hash) Entry {
	var e Entry
	copy(e[:entryKey], message[:])
	copy(e[entryKey:], body[:])
	return e
}

// Sighting is what is known of a message.
type Sighting uint8

// The sightings.
const (
	Unseen Sighting = iota
	Duplicate
	Reused // the id was used before, for something else
)

// seen is the set of messages a fragment has, without a limit of time. Small
// sets are one sorted list; large ones are a power of two of pages, of which a
// lookup reads one.
type seen struct {
	pages  int // 0: the list below is everything
	list   []Entry
	loaded map[int][]Entry
	dirty  map[int]bool
}

func openSeen(raw []byte, pages int) (seen, error) {
	list, err := parseEntries(raw)
	return seen{pages: pages, list: list}, err
}

func parseEntries(raw []byte) ([]Entry, error) {
	if len(raw)%entrySize != 0 {
		return nil, fmt.Errorf("message set: %w", ErrTampered)
	}
	list := make([]Entry, 0, len(raw)/entrySize+1)
	for chunk := range slices.Chunk(raw, entrySize) {
		list = append(list, Entry(chunk))
	}
	return list, nil
}

func packEntries(list []Entry) []byte {
	raw := make([]byte, 0, len(list)*entrySize)
	for _, e := range list {
		raw = append(raw, e[:]...)
	}
	return raw
}

func (s *seen) row() ([]byte, int) { return packEntries(s.list), s.pages }

func find(list []Entry, e Entry) (int, Sighting) {
	i := sort.Search(len(list), func(i int) bool { return bytes.Compare(list[i][:entryKey], e[:entryKey]) >= 0 })
	if i == len(list) || !bytes.Equal(list[i][:entryKey], e[:entryKey]) {
		return i, Unseen
	}
	if list[i] == e {
		return i, Duplicate
	}
	return i, Reused
}

func (s *seen) pageOf(e Entry) int {
	// Big-endian prefix, so that doubling the pages splits each in two.
	return (int(e[0])<<16 | int(e[1])<<8 | int(e[2])) * s.pages >> 24
}

// look loads the page that would hold e and says what is known of it.
func (s *seen) look(ctx context.Context, r store.Reader, id fact.FragmentID, e Entry) (Sighting, error) {
	if s.pages == 0 {
		_, sighting := find(s.list, e)
		return sighting, nil
	}
	page, err := s.page(ctx, r, id, s.pageOf(e))
	if err != nil {
		return Unseen, err
	}
	_, sighting := find(page, e)
	return sighting, nil
}

func (s *seen) page(ctx context.Context, r store.Reader, id fact.FragmentID, n int) ([]Entry, error) {
	if page, ok := s.loaded[n]; ok {
		return page, nil
	}
	raw, err := r.SeenPage(ctx, id, n)
	if err != nil {
		return nil, fmt.Errorf("read message set: %w", err)
	}
	page, err := parseEntries(raw)
	if err != nil {
		return nil, err
	}
	if s.loaded == nil {
		s.loaded, s.dirty = map[int][]Entry{}, map[int]bool{}
	}
	s.loaded[n] = page
	return page, nil
}

// add puts an unseen entry in; its page must have been looked at.
func (s *seen) add(ctx context.Context, r store.Reader, id fact.FragmentID, e Entry) error {
	if s.pages == 0 {
		i, _ := find(s.list, e)
		s.list = slices.Insert(s.list, i, e)
		if len(s.list) > pageTarget {
			s.spill()
		}
		return nil
	}
	n := s.pageOf(e)
	page, err := s.page(ctx, r, id, n)
	if err != nil {
		return err
	}
	i, _ := find(page, e)
	s.loaded[n], s.dirty[n] = slices.Insert(page, i, e), true
	if len(s.loaded[n]) > 2*pageTarget {
		return s.double(ctx, r, id)
	}
	return nil
}

func (s *seen) spill() {
	s.pages, s.loaded, s.dirty = 2, map[int][]Entry{0: nil, 1: nil}, map[int]bool{0: true, 1: true}
	for _, e := range s.list {
		n := s.pageOf(e)
		s.loaded[n] = append(s.loaded[n], e)
	}
	s.list = nil
}

// double splits every page in two. Entries are hashes, so pages fill evenly and
// this happens once per doubling of the set.
func (s *seen) double(ctx context.Context, r store.Reader, id fact.FragmentID) error {
	all := make([]Entry, 0, s.pages*2*pageTarget)
	for n := range s.pages {
		page, err := s.page(ctx, r, id, n)
		if err != nil {
			return err
		}
		all = append(all, page...)
	}
	s.pages *= 2
	s.loaded, s.dirty = make(map[int][]Entry, s.pages), make(map[int]bool, s.pages)
	for n := range s.pages {
		s.loaded[n], s.dirty[n] = nil, true
	}
	for _, e := range all { // in order, since pages are ranges
		n := s.pageOf(e)
		s.loaded[n] = append(s.loaded[n], e)
	}
	return nil
}

func (s *seen) changedPages(id fact.FragmentID) []store.SeenPage {
	var out []store.SeenPage
	for n := range s.dirty {
		out = append(out, store.SeenPage{Fragment: id, Page: n, Entries: packEntries(s.loaded[n])})
	}
	slices.SortFunc(out, func(a, b store.SeenPage) int { return a.Page - b.Page })
	return out
}
