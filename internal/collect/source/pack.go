package source

import (
	"encoding/binary"
	"strings"

	"github.com/heed-platform/heed/internal/collect/source/mapping"
)

// pack writes cells after one another, each with its length before it.
func pack(cells []string) string {
	var b strings.Builder
	size := 0
	for _, c := range cells {
		size += len(c) + 2
	}
	b.Grow(size)
	var n [binary.MaxVarintLen64]byte
	for _, c := range cells {
		b.Write(n[:binary.PutUvarint(n[:], uint64(len(c)))])
		b.WriteString(c)
	}
	return b.String()
}

func unpack(packed string) ([]string, error) {
	var out []string
	for packed != "" {
		head := packed[:min(len(packed), binary.MaxVarintLen64)]
		size, n := binary.Uvarint([]byte(head))
		if n <= 0 || uint64(len(packed)-n) < size {
			return nil, errPacked
		}
		out = append(out, packed[n:n+int(size)])
		packed = packed[n+int(size):]
	}
	return out, nil
}

// appendRecord writes a record for sorting: which file, which line, its cells.
func appendRecord(b []byte, file int, r *mapping.Record) []byte {
	b = binary.AppendUvarint(b, uint64(file))
	b = binary.AppendUvarint(b, uint64(r.Line))
	for _, c := range r.Cells {
		b = binary.AppendUvarint(b, uint64(len(c)))
		b = append(b, c...)
	}
	return b
}

func readRecord(b []byte, files []input) (mapping.Record, error) {
	file, n := binary.Uvarint(b)
	line, k := binary.Uvarint(b[max(n, 0):])
	if n <= 0 || k <= 0 || file >= uint64(len(files)) {
		return mapping.Record{}, errPacked
	}
	cells, err := unpack(string(b[n+k:]))
	return mapping.Record{File: files[file].name, Line: int(line), Cells: cells}, err
}
