package fact

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/person"
)

// kind ties one kind's two functions together for tests over all of them.
type kind struct {
	name      string
	roundTrip func(t *rapid.T) (in, out any, b []byte, err error)
	sparse    func() []byte
	full      func() []byte // every field filled, always in the same way
	parse     func(b []byte) (again []byte, err error)
}

func kindOf[T any](name string, app func([]byte, *T) []byte, parse func([]byte) (T, error)) kind {
	return kind{
		name: name,
		roundTrip: func(t *rapid.T) (any, any, []byte, error) {
			in := arbitrary[T](t)
			b := app([]byte("before"), &in)[len("before"):]
			out, err := parse(b)
			return in, out, b, err
		},
		sparse: func() []byte { return app(nil, new(T)) },
		full: func() []byte {
			var v T
			n := 0
			enumerate(reflect.ValueOf(&v).Elem(), &n)
			return app(nil, &v)
		},
		parse: func(b []byte) ([]byte, error) {
			v, err := parse(b)
			if err != nil {
				return nil, err
			}
			return app(nil, &v), nil
		},
	}
}

var kinds = []kind{
	kindOf("event", AppendEvent, ParseEvent),
	kindOf("edge", AppendEdge, ParseEdge),
	kindOf("grant", AppendGrant, ParseGrant),
	kindOf("preference", AppendPreference, ParsePreference),
	kindOf("membership", AppendMembership, ParseMembership),
	kindOf("decision", AppendDecision, ParseDecision),
	kindOf("disclosure", AppendDisclosure, ParseDisclosure),
	kindOf("outcome", AppendOutcome, ParseOutcome),
	kindOf("cut", AppendCut, ParseCut),
	kindOf("note", AppendNote, ParseNote),
	kindOf("state", AppendState, ParseState),
}

// arbitrary fills every field there is, so that a field which somebody adds and
// forgets to write makes TestCodec_roundTrip fail.
func arbitrary[T any](t *rapid.T) T {
	var v T
	fill(t, reflect.ValueOf(&v).Elem())
	return v
}

func fill(t *rapid.T, v reflect.Value) {
	switch v.Interface().(type) {
	case person.Secret:
		v.Set(reflect.ValueOf(person.Hide(rapid.StringN(1, 12, -1).Draw(t, "secret"))))
		return
	case person.Hash:
		v.Set(reflect.ValueOf(person.Hash(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "hash"))))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(t, field)
		}
	case reflect.Slice:
		n := rapid.IntRange(0, 3).Draw(t, "length")
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, v.Index(i))
		}
	case reflect.String:
		v.SetString(rapid.StringN(0, 12, -1).Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Uint8:
		v.SetUint(uint64(rapid.Byte().Draw(t, "byte")))
	case reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, "uint"))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "int"))
	case reflect.Int32:
		v.SetInt(int64(rapid.Int32().Draw(t, "int32")))
	default:
		panic(fmt.Sprintf("no generator for %s", v.Type()))
	}
}

// enumerate fills every field with the next number.
func enumerate(v reflect.Value, n *int) {
	*n++
	switch v.Interface().(type) {
	case person.Secret:
		v.Set(reflect.ValueOf(person.Hide(fmt.Sprint(*n))))
		return
	case person.Hash:
		v.Set(reflect.ValueOf(person.Hash{byte(*n)}))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			enumerate(field, n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		enumerate(v.Index(0), n)
		enumerate(v.Index(1), n)
	case reflect.String:
		v.SetString(fmt.Sprint(*n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(uint64(*n))
	default:
		v.SetInt(int64(*n))
	}
}

var update = flag.Bool("update", false, "rewrite testdata/bytes.txt")

// TestCodec_stable: what was written once is read for ever. A line that changes
// means that stored facts cannot be read any more: raise the kind's schema, and
// keep the old line and its parser.
func TestCodec_stable(t *testing.T) {
	t.Parallel()
	const file = "testdata/bytes.txt"
	var now strings.Builder
	for _, k := range kinds {
		fmt.Fprintf(&now, "%s %x\n", k.name, k.full())
	}
	if *update {
		if err := os.WriteFile(file, []byte(now.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(stored), now.String()); d != "" {
		t.Error(d)
	}
	// Lines of schemas that nothing writes any more.
	before, err := os.ReadFile("testdata/before.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(string(before)+string(stored)), "\n") {
		name, digits, _ := strings.Cut(line, " ")
		b, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range kinds {
			if k.name != name {
				continue
			}
			if _, err := k.parse(b); err != nil {
				t.Errorf("%s of schema %d is not read any more: %v", name, b[0], err)
			}
		}
	}
}

var equal = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(person.Secret.Equal),
}

func TestCodec_roundTrip(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				in, out, b, err := k.roundTrip(t)
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(in, out, equal); d != "" {
					t.Fatal(d)
				}
				again, err := k.parse(b)
				if err != nil || !bytes.Equal(b, again) {
					t.Fatalf("equal values gave other bytes (%v)", err)
				}
			})
		})
	}
}

func TestCodec_refusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			good := k.sparse()
			newer := bytes.Clone(good)
			newer[0]++
			if _, err := k.parse(newer); !errors.Is(err, ErrNewer) {
				t.Errorf("a newer schema: got %v, want ErrNewer", err)
			}
			zero := append([]byte{0}, good[1:]...)
			for name, b := range map[string][]byte{
				"nothing": nil, "schema zero": zero, "cut short": good[:len(good)-1], "one byte more": append(good, 0),
			} {
				if _, err := k.parse(b); !errors.Is(err, ErrMalformed) {
					t.Errorf("%s: got %v, want ErrMalformed", name, err)
				}
			}
		})
	}
}

func TestCodec_longListInShortTextIsRefused(t *testing.T) {
	t.Parallel()
	var p Preference
	b := AppendPreference(nil, &p)
	huge := append(b[:1:1], binary.AppendUvarint(nil, 1<<60)...)
	if _, err := ParsePreference(huge); !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v, want ErrMalformed", err)
	}
}

func TestCodec_readsCopiesOnly(t *testing.T) {
	t.Parallel()
	b := AppendEvent(nil, &Event{Source: "web", Raw: Raw(`{"a":1}`)})
	e, err := ParseEvent(b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b)
	if e.Source != "web" || string(e.Raw) != `{"a":1}` {
		t.Error("a parsed event changed when its buffer was reused")
	}
}

// FuzzCodec holds every parser to: no panic, and what reads back is stable.
func FuzzCodec(f *testing.F) {
	for i, k := range kinds {
		f.Add(byte(i), k.sparse())
	}
	s := typicalState()
	f.Add(byte(len(kinds)-1), AppendState(nil, &s))
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		k := kinds[int(which)%len(kinds)]
		once, err := k.parse(b)
		if err != nil {
			return
		}
		twice, err := k.parse(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s: bytes that were read do not read back the same (%v)", k.name, err)
		}
	})
}

func TestDay(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]int32{
		"1970-01-01T00:00:00Z": 0, "1969-12-31T23:59:59Z": -1, "1970-01-02T00:00:00Z": 1,
		"2024-02-29T23:59:59.999999Z": 19782,
	} {
		at := parseTime(at)
		if got := Day(at); got != want {
			t.Errorf("Day(%s) = %d, want %d", at.Format(), got, want)
		}
	}
}

func parseTime(s string) (at clock.Instant) {
	if err := at.UnmarshalText([]byte(s)); err != nil {
		panic(err)
	}
	return at
}

// typicalState is a customer of a year: 8 attributes, 6 counters, 3 orders with
// 5 lines, 3 grants.
func typicalState() State {
	at := parseTime("2026-03-01T10:00:00Z")
	s := State{
		N: 120, Identifier: person.Ident(person.UserID, "u-104233"), Verified: true,
		First: at.Add(-300 * 24 * time.Hour), Last: at,
	}
	for i, name := range []string{"address", "birthday", "email", "firstName", "lastName", "phone", "plan", "size"} {
		s.Attributes = append(s.Attributes, Attribute{
			Name: name, Value: person.Hide(`"some value"`), Origin: Declared, Source: "shop", Notice: "membership@3",
			At: at.Add(-time.Duration(i/6) * time.Hour), Message: person.Hash{byte(i / 6)},
		})
	}
	for i, name := range []string{
		"Cart Viewed", "Checkout Started", "Order Completed", "Product Added", "Product Viewed", "page",
	} {
		c := Counter{Name: name, Notice: "membership@3", Count: int64(20 * i), First: s.First, Last: at}
		for d := range 10 {
			c.Days = append(c.Days, DayCount{Day: Day(s.First) + int32(7*d), Count: 2})
		}
		s.Counters = append(s.Counters, c)
	}
	for i, lines := range []int{2, 2, 1} {
		o := Order{
			Key: uint64(i+1) << 60, Placed: true, Whole: true, At: at.Add(-time.Duration(i) * time.Hour),
			Notice: "membership@3", Currency: "EUR", Minor: 5999,
		}
		for l := range lines {
			o.Lines = append(o.Lines, Line{
				Item: fmt.Sprintf("P-100%d", l), Variant: "P-1001-42", Category: "shoes", Brand: "Swift",
				Quantity: 1, Currency: "EUR", Minor: 2999,
			})
		}
		s.Orders = append(s.Orders, o)
	}
	for _, c := range []string{"email", "push", "sms"} {
		s.Grants = append(s.Grants, Grant{
			Record: "01JABCDEFGHJKMNPQRSTVWXYZ", Purpose: "marketing.communications." + c, Channel: c, Status: Granted,
			Notice: "membership@3", Language: "en", Jurisdiction: "de", Method: "form", Source: "shop",
			Said: at, Received: at, Evidence: "form-7",
		})
	}
	return s
}

func BenchmarkAppendState(b *testing.B) {
	s := typicalState()
	buf := AppendState(nil, &s)
	b.ReportMetric(float64(len(buf)), "bytes")
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendState(buf[:0], &s)
	}
}

func BenchmarkParseState(b *testing.B) {
	s := typicalState()
	buf := AppendState(nil, &s)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseState(buf); err != nil {
			b.Fatal(err)
		}
	}
}
