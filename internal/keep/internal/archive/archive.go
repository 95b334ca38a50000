// Package archive is the file that a copy of a store lies in: a tar of numbered
// chunks of rows between a page that says what it is and a page that says what
// it holds, with a seal over the latter.
//
// It promises that what is read is what was written: every chunk is held to its
// hash, the list of chunks to its seal, and an archive that was cut short, put
// together of two or changed is ErrBroken. It believes nothing of what it reads.
// It does not know what rows mean, nor whose key the seal is made with; rows are
// sealed by the vault before they get here.
//
// Start reading at Writer, then Read.
package archive

import (
	"encoding/json"
	"errors"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/keep/internal/store"
)

// Format is the version of this layout; newer ones are refused.
const Format = 1

// Names of the entries that are no chunks.
const (
	aboutName    = "about.json"
	contentsName = "contents.json"
	sealName     = "seal"
)

// ErrBroken answers an archive that is not what was written, ErrNewer one of a
// later heed.
var (
	ErrBroken = errors.New("the archive is damaged or cut short")
	ErrNewer  = errors.New("the archive was written by a newer heed")
)

// About says what an archive is a copy of. It is the first entry.
type About struct {
	Format int            `json:"format"`
	ID     string         `json:"id"`
	Made   clock.Instant  `json:"made"`
	Epoch  uint16         `json:"key_epoch"` // the current one when it was made
	Shape  store.Shape    `json:"shape"`
	Sheets []*store.Sheet `json:"sheets"`
}

// Chunk is some rows of one sheet.
type Chunk struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// contents is the last entry but the seal.
type contents struct {
	About  string  `json:"about_sha256"`
	Chunks []Chunk `json:"chunks"`
}

// Contents is what an archive turned out to hold.
type Contents struct {
	About About
	Rows  int64
	Bytes int64

	list, seal []byte
}

// Sealed reports whether the seal is the one that the maker's key gives.
func (c Contents) Sealed(seal func(list []byte) []byte) bool {
	return len(c.seal) > 0 && string(seal(c.list)) == string(c.seal)
}

// page marshals what people may want to read, too.
func page(v any) ([]byte, error) {
	raw, err := json.MarshalIndent(v, "", " ")
	return append(raw, '\n'), err
}
