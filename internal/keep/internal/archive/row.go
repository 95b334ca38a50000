package archive

import (
	"encoding/binary"
	"fmt"
)

// How a value begins. The numbers are stored: never renumber, only add.
const (
	tagNil byte = iota
	tagInt
	tagText
	tagBytes
	tagTrue
	tagFalse
)

// appendRow writes a row: each value with its tag, numbers as zigzag varints,
// text and bytes with their length.
func appendRow(b []byte, values []any) ([]byte, error) {
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			b = append(b, tagNil)
		case int64:
			b = binary.AppendVarint(append(b, tagInt), v)
		case string:
			b = append(binary.AppendUvarint(append(b, tagText), uint64(len(v))), v...)
		case []byte:
			b = append(binary.AppendUvarint(append(b, tagBytes), uint64(len(v))), v...)
		case bool:
			if v {
				b = append(b, tagTrue)
			} else {
				b = append(b, tagFalse)
			}
		default:
			return nil, fmt.Errorf("archive a value: %T is none of the kinds that databases have", v)
		}
	}
	return b, nil
}

// takeRow reads a row of so many values and returns the rest. Values share the
// memory of b.
func takeRow(b []byte, width int) (values []any, rest []byte, err error) {
	values = make([]any, width)
	for i := range values {
		if len(b) == 0 {
			return nil, nil, ErrBroken
		}
		tag := b[0]
		b = b[1:]
		switch tag {
		case tagNil:
		case tagTrue, tagFalse:
			values[i] = tag == tagTrue
		case tagInt:
			n, size := binary.Varint(b)
			if size <= 0 {
				return nil, nil, ErrBroken
			}
			values[i], b = n, b[size:]
		case tagText, tagBytes:
			n, size := binary.Uvarint(b)
			if size <= 0 || n > uint64(len(b)-size) {
				return nil, nil, ErrBroken
			}
			v := b[size : size+int(n) : size+int(n)]
			if b = b[size+int(n):]; tag == tagText {
				values[i] = string(v)
			} else {
				values[i] = v
			}
		default:
			return nil, nil, ErrBroken
		}
	}
	return values, b, nil
}
