package source

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/heed-platform/heed/internal/collect/event/strict"
	"github.com/heed-platform/heed/internal/collect/source/mapping"
)

// maker turns rows into entries and items with their ids.
type maker struct {
	run   *run
	rules *mapping.Rows
	scope *mapping.Scope
	pages *pages
	raw   []byte // the row at hand, where it is one
	hash  []byte
}

// group makes what a group of rows becomes.
func (m *maker) group(key []byte, rows []mapping.Record, size int) error {
	if len(rows) > maxGroupRows || size > maxGroupBytes {
		m.run.tell.reject(Reject{
			rows[0].File, rows[0].Line, "group_too_large",
			"more than 10,000 rows or 8 MB have the same columns that group them; group by more columns", "",
		})
		return nil
	}
	return m.make(key, false, rows)
}

// make applies the rules. byPlace says that the key is the row's place in its
// file, to which the row's content must be added: lines may move between runs,
// and then they are other rows.
func (m *maker) make(key []byte, byPlace bool, rows []mapping.Record) error {
	var err error
	fault := m.rules.Make(m.scope, rows, func(made mapping.Made) {
		if err != nil {
			return
		}
		if made.Item {
			err = m.pages.item(Item{made.JSON, rows[0].File, rows[0].Line})
			return
		}
		err = m.entry(key, byPlace, made, &rows[0])
	})
	if fault != nil {
		m.run.tell.reject(Reject{rows[0].File, rows[0].Line, fault.Code, fault.Why, string(m.raw)})
	}
	return err
}

func (m *maker) entry(key []byte, byPlace bool, made mapping.Made, at *mapping.Record) error {
	e := Entry{JSON: made.JSON, Grants: made.Grants, File: at.File, Line: at.Line}
	if made.Raw {
		return m.pages.event(e)
	}
	e.Made = true
	asOf := m.run.o.AsOf
	if !made.Timeless || !made.ByContent {
		asOf = 0
	}
	for i := range e.Grants {
		if e.Grants[i].Said == 0 {
			e.Grants[i].Said = m.run.o.AsOf
		}
		if e.Grants[i].Said == 0 {
			m.run.tell.reject(Reject{at.File, at.Line, mapping.BadGrant, "nothing tells when consent was said; fill the column, or say of which day the list is with --as-of", string(m.raw)})
			return nil
		}
	}
	head := make([]byte, 0, len(made.JSON)+96)
	head = append(head, `{"messageId":"`...)
	head = m.id(head, key, made, byPlace || made.ByContent, int64(asOf))
	head = append(head, '"')
	if asOf != 0 {
		head = strict.AppendText(append(head, `,"timestamp":`...), asOf.Format())
	}
	if len(made.JSON) > 2 {
		head = append(head, ',')
	}
	e.JSON = append(head, made.JSON[1:]...)
	return m.pages.event(e)
}

// id is the same whenever the same row comes again. What a row says belongs to
// it where the same row may say something new: of somebody (identify), about
// consent, and where only its place in the file names it.
func (m *maker) id(dst, key []byte, made mapping.Made, content bool, asOf int64) []byte {
	b := m.hash[:0]
	for _, part := range []string{m.run.m.Name, m.rules.Name, made.Label} {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	b = binary.AppendUvarint(b, uint64(len(key)))
	b = append(b, key...)
	if content {
		b = binary.AppendVarint(b, asOf)
		b = append(b, made.JSON...)
	}
	m.hash = b
	sum := sha256.Sum256(b)
	dst = append(dst, "import-"...)
	return hex.AppendEncode(dst, sum[:16])
}
