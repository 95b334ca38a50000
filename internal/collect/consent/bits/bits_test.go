package bits_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/collect/consent/bits"
)

// pack writes ones and zeros as base64url, filled up with zeros.
func pack(ones string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	ones = strings.ReplaceAll(ones, " ", "")
	var out strings.Builder
	for len(ones)%6 != 0 {
		ones += "0"
	}
	for chunk := range slices.Chunk([]byte(ones), 6) {
		n := 0
		for _, b := range chunk {
			n = n<<1 | int(b-'0')
		}
		out.WriteByte(alphabet[n])
	}
	return out.String()
}

// TestFibonacci holds the coding to the table of the GPP specification.
func TestFibonacci(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"11": 1, "011": 2, "0011": 3, "1011": 4, "00011": 5, "10011": 6, "01011": 7, "000011": 8, "100011": 9, "010011": 10,
		"0010011": 16, "0000000000000000000011": 17711,
	} {
		r := bits.Base64(pack(text))
		if got := r.Fibonacci(); got != want || r.Err() != nil {
			t.Errorf("%s is %d (%v), want %d", text, got, r.Err(), want)
		}
	}
	for text, want := range map[string]error{
		"":                        bits.ErrShort,
		"0000001":                 bits.ErrShort,
		strings.Repeat("0", 60):   bits.ErrRange,
		strings.Repeat("10", 30):  bits.ErrRange,
		strings.Repeat("0", 6000): bits.ErrRange,
	} {
		r := bits.Base64(pack(text))
		if got := r.Fibonacci(); got != 0 || !errors.Is(r.Err(), want) {
			t.Errorf("%d bits: %d, %v, want %v", len(text), got, r.Err(), want)
		}
	}
}

// TestFibonacciRanges reads the headers that the specification prints.
func TestFibonacciRanges(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]int{"DBABM": {2}, "DBACNY": {2, 6}, "DBABjw": {5, 6}, "DBAA": {}} {
		r := bits.Base64(text)
		kind, version := r.Int(6), r.Int(6)
		got := r.FibonacciRanges()
		if r.End(); r.Err() != nil || kind != 3 || version != 1 {
			t.Errorf("%s: %d %d %v", text, kind, version, r.Err())
			continue
		}
		if !slices.Equal(got.IDs(), want) {
			t.Errorf("%s lists %v, want %v", text, got.IDs(), want)
		}
	}
}

func TestSets(t *testing.T) {
	t.Parallel()
	number := func(n, width int) string {
		var b strings.Builder
		for i := width - 1; i >= 0; i-- {
			b.WriteByte('0' + byte(n>>i&1))
		}
		return b.String()
	}
	n16 := func(n int) string { return number(n, 16) }
	tests := []struct {
		name, bits string
		read       func(*bits.Reader) bits.Set
		want       []int
		err        error
	}{
		{"a field", n16(5) + "0" + "10010", (*bits.Reader).Vendors, []int{1, 4}, nil},
		{"an empty field", n16(0) + "0", (*bits.Reader).Vendors, []int{}, nil},
		{"a field cut short", n16(50) + "0" + "10010", (*bits.Reader).Vendors, []int{1, 4}, bits.ErrShort},
		{"ranges", n16(9) + "1" + number(2, 12) + "0" + n16(3) + "1" + n16(5) + n16(9), (*bits.Reader).Vendors, []int{3, 5, 6, 7, 8, 9}, nil},
		{"ranges out of order", n16(9) + "1" + number(2, 12) + "1" + n16(5) + n16(9) + "0" + n16(3), (*bits.Reader).Vendors, []int{3, 5, 6, 7, 8, 9}, nil},
		{"a range that ends before it starts", n16(9) + "1" + number(1, 12) + "1" + n16(5) + n16(4), (*bits.Reader).Vendors, []int{}, bits.ErrRange},
		{"vendor zero", n16(9) + "1" + number(1, 12) + "0" + n16(0), (*bits.Reader).Vendors, []int{}, bits.ErrRange},
		{"a vendor above the highest", n16(9) + "1" + number(1, 12) + "0" + n16(10), (*bits.Reader).Vendors, []int{}, bits.ErrRange},
		{"more ranges announced than there are", n16(9) + "1" + number(4000, 12) + "0" + n16(3), (*bits.Reader).Vendors, []int{}, bits.ErrShort},
		{"all vendors again and again", n16(65535) + "1" + number(40, 12) + strings.Repeat("1"+n16(1)+n16(65535), 40), func(r *bits.Reader) bits.Set {
			s := r.Vendors()
			if len(s.IDs()) != bits.MaxID || s.Max() != bits.MaxID || !s.Has(65535) || s.Has(0) || s.Has(65536) {
				t.Error("not all vendors were read")
			}
			return bits.Set{}
		}, []int{}, nil},
		{"Fibonacci vendors", n16(6) + "1" + number(2, 12) + "0" + "011" + "1" + "011" + "011", (*bits.Reader).FibonacciVendors, []int{2, 4, 5, 6}, nil},
		{"Fibonacci vendors that end elsewhere", n16(7) + "1" + number(1, 12) + "0" + "011", (*bits.Reader).FibonacciVendors, []int{2}, bits.ErrRange},
		{"Fibonacci vendors beyond all ids", n16(7) + "1" + number(3, 12) + strings.Repeat("0"+strings.Repeat("0", 21)+"11", 3), (*bits.Reader).FibonacciVendors, []int{}, bits.ErrRange},
	}
	for _, tt := range tests {
		r := bits.Base64(pack(tt.bits))
		s := tt.read(r)
		if !errors.Is(r.Err(), tt.err) || tt.err == nil && r.Err() != nil {
			t.Errorf("%s: %v, want %v", tt.name, r.Err(), tt.err)
		}
		if diff := cmp.Diff(tt.want, s.IDs()); diff != "" && tt.err == nil {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestSet_joinAndClone(t *testing.T) {
	t.Parallel()
	r := bits.Base64(pack("0000000000000101" + "0" + "10010" + "0000000011001000" + "0" + strings.Repeat("0", 199) + "1"))
	a, b := r.Vendors(), r.Vendors()
	c := a.Clone()
	c.Join(b)
	if !slices.Equal(c.IDs(), []int{1, 4, 200}) || !slices.Equal(a.IDs(), []int{1, 4}) || c.Max() != 200 {
		t.Errorf("joined %v, left %v", c.IDs(), a.IDs())
	}
}

func TestReader_faults(t *testing.T) {
	t.Parallel()
	for name, read := range map[string]func() error{
		"letters": func() error { r := bits.Base64("AB=C"); r.Int(6); return r.Err() },
		"cut":     func() error { r := bits.Base64("A"); r.Int(36); return r.Err() },
		"padding": func() error { r := bits.Base64("AB"); r.Int(6); r.End(); return r.Err() },
		"value":   func() error { r := bits.Base64("_"); r.Choices(3); return r.Err() },
		"country": func() error { r := bits.Base64("Aa"); r.Letters(); return r.Err() },
		"empty":   func() error { r := &bits.Reader{}; r.Bool(); return r.Err() },
	} {
		want := map[string]error{
			"letters": bits.ErrLetters, "cut": bits.ErrShort, "padding": bits.ErrPadding,
			"value": bits.ErrValue, "country": bits.ErrCountry, "empty": bits.ErrShort,
		}[name]
		if err := read(); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := bits.Base64("B_")
	r.Fail(bits.ErrValue)
	r.Fail(bits.ErrRange)
	if n := r.Int(6); n != 0 || r.Bool() || !errors.Is(r.Err(), bits.ErrValue) || r.Letters() != "" {
		t.Errorf("after a fault a reader still read %d, %v", n, r.Err())
	}
}

// FuzzReader reads anything in every way: it ends, and after a fault all is zero.
func FuzzReader(f *testing.F) {
	f.Add("DBACNY", []byte{0, 1, 2, 3, 4, 5, 6, 7})
	f.Add("CPSG_8APSG_8ANwAAAENAwCgAAAAAAAAAAYgACPAAAAA", []byte{3, 3, 3, 4, 4, 5, 1})
	f.Fuzz(func(t *testing.T, text string, ways []byte) {
		r := bits.Base64(text)
		for _, way := range ways[:min(len(ways), 64)] {
			before := r.Err()
			var got int
			switch way % 9 {
			case 0:
				got = r.Int(int(way) % 37)
			case 1:
				got = r.Fibonacci()
			case 2:
				s := r.FibonacciRanges()
				got = len(s.IDs())
			case 3:
				s := r.Vendors()
				got = len(s.IDs())
			case 4:
				s := r.FibonacciVendors()
				got = s.Max()
			case 5:
				got = r.Choice()
			case 6:
				got = len(r.Letters())
			case 7:
				got = int(r.Instant())
			case 8:
				r.End()
			}
			if before != nil && got != 0 || got < 0 {
				t.Fatalf("way %d gave %d after %v", way%9, got, before)
			}
		}
	})
}
