package table

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/problem"
)

// rows reads everything as "line: cell|cell" or "line! code".
func rows(r io.Reader, f Format) (columns, out []string, err error) {
	t, err := Open(r, f)
	if err != nil {
		return nil, nil, err
	}
	for {
		row, err := t.Next()
		if errors.Is(err, io.EOF) {
			return t.Columns(), out, nil
		}
		if err != nil {
			return t.Columns(), out, err
		}
		switch {
		case row.Fault != nil:
			out = append(out, fmt.Sprintf("%d! %s", row.Line, row.Fault.Code))
		case row.Value != nil:
			out = append(out, fmt.Sprintf("%d: %s", row.Line, row.Value))
		default:
			out = append(out, fmt.Sprintf("%d: %s", row.Line, bytes.Join(row.Cells, []byte("|"))))
		}
	}
}

func pack(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.String()
}

func TestReader(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", MaxRow+10)
	tests := []struct {
		name, text string
		format     Format
		columns    []string
		want       []string
	}{
		{"plain", "a,b\n1,2\n3,4\n", Format{}, []string{"a", "b"}, []string{"2: 1|2", "3: 3|4"}},
		{"no line end at the end", "a,b\n1,2", Format{}, []string{"a", "b"}, []string{"2: 1|2"}},
		{"windows line ends", "a,b\r\n1,2\r\n", Format{}, []string{"a", "b"}, []string{"2: 1|2"}},
		{"mark, spaces around names and cells", "\ufeff a , b\n 1 ,2 \n", Format{}, []string{"a", "b"}, []string{"2: 1|2"}},
		{"packed", pack("a,b\n1,2\n"), Format{}, []string{"a", "b"}, []string{"2: 1|2"}},
		{"packed twice over", pack("a,b\n1,2\n") + pack("3,4\n"), Format{}, []string{"a", "b"}, []string{"2: 1|2", "3: 3|4"}},
		{"quotes", "a,b\n\"1,1\",\"say \"\"hi\"\"\"\n\"x\"\"\",\"\"\n", Format{}, []string{"a", "b"}, []string{`2: 1,1|say "hi"`, `3: x"|`}},
		{"space outside of quotes", "a,b\n \"1\" , \"2\" \r\n", Format{}, []string{"a", "b"}, []string{"2: 1|2"}},
		{"space inside of quotes", "a,b\n\" 1 \",2\n", Format{}, []string{"a", "b"}, []string{"2:  1 |2"}},
		{"lines inside of quotes", "a,b\n\"1\n2\",3\n4,5\n", Format{}, []string{"a", "b"}, []string{"2: 1\n2|3", "4: 4|5"}},
		{"a quote in the middle is itself", "a,b\n5\" pipe,6\n", Format{}, []string{"a", "b"}, []string{`2: 5" pipe|6`}},
		{"blank lines and lines of nothing", "a,b\n\n1,2\n,\n\n3,4\n", Format{}, []string{"a", "b"}, []string{"3: 1|2", "6: 3|4"}},
		{"empty cells at the end", "a,b\n1,2,,\n", Format{}, []string{"a", "b"}, []string{"2: 1|2"}},
		{"too few and too many", "a,b\n1\n1,2,3\n4,5\n", Format{}, []string{"a", "b"}, []string{"2! cell_count", "3! cell_count", "4: 4|5"}},
		{"a quote that never closes", "a,b\n1,\"2\n3,4\n5,6\n", Format{}, []string{"a", "b"}, []string{"2! open_quote", "3: 3|4", "4: 5|6"}},
		{"text after a quote", "a,b\n\"1\"x,2\n3,4\n", Format{}, []string{"a", "b"}, []string{"2! stray_quote", "3: 3|4"}},
		{"a very long row", "a,b\n1," + long + "\n3,4\n", Format{}, []string{"a", "b"}, []string{"2! row_too_long", "3: 3|4"}},
		{"a very long quote", "a,b\n1,\"\n" + long + "\n3,4\n", Format{}, []string{"a", "b"}, []string{"2! open_quote", "3! row_too_long", "4: 3|4"}},
		{"broken text", "a,b\n\xff,2\n3,4\n", Format{}, []string{"a", "b"}, []string{"2! bad_encoding", "3: 3|4"}},
		{"western text", "a,b\nM\xfcller,\x80 5\n", Format{Western: true}, []string{"a", "b"}, []string{"2: Müller|€ 5"}},
		{"western nothing", "a,b\n\x81,1\n", Format{Western: true}, []string{"a", "b"}, []string{"2! bad_encoding"}},
		{"semicolons", "a;b;c\n1,5;2;3\n", Format{}, []string{"a", "b", "c"}, []string{"2: 1,5|2|3"}},
		{"semicolons in quotes", "a;b\n\"[x;y]\";2\n\"Jeanne; D'arc\";3\n", Format{}, []string{"a", "b"}, []string{"2: [x;y]|2", "3: Jeanne; D'arc|3"}},
		{"tabs", "a\tb\n1\t2\n\t3\n", Format{}, []string{"a", "b"}, []string{"2: 1|2", "3: |3"}},
		{"bars", "a|b\n1|2\n", Format{}, []string{"a", "b"}, []string{"2: 1|2"}},
		{"commas in one column of many", "a;b\n1,2,3;4\n5;6\n", Format{}, []string{"a", "b"}, []string{"2: 1,2,3|4", "3: 5|6"}},
		{"no header", "1,2\n3,4", Format{Columns: []string{"x", "y"}}, []string{"x", "y"}, []string{"1: 1|2", "2: 3|4"}},
		{"one column", "a\n1\n2\n", Format{}, []string{"a"}, []string{"2: 1", "3: 2"}},
		{"lines before the header", "made by a till\n\na,b\n1,2\n", Format{Skip: 2}, []string{"a", "b"}, []string{"4: 1|2"}},
		{"only a header", "a,b", Format{}, []string{"a", "b"}, nil},
		{"spaces", " 0004  19970101 2   29.33\n", Format{Kind: Spaces, Columns: []string{"a", "b", "c", "d"}}, []string{"a", "b", "c", "d"}, []string{"1: 0004|19970101|2|29.33"}},
		{"json lines", "{\"a\":1}\n\nnot\n{\"a\":2}", Format{Kind: Lines}, nil, []string{`1: {"a":1}`, "3! not_json", `4: {"a":2}`}},
		{"json line too long", "{\"a\":1}\n{\"a\":\"" + long + "\"}\n{\"a\":2}", Format{Kind: Lines}, nil, []string{`1: {"a":1}`, "2! row_too_long", `3: {"a":2}`}},
		{"json array", " [ {\"a\":[1,2]} ,\n\"x]\\\"\", 3, null]\n", Format{Kind: JSON}, nil, []string{`1: {"a":[1,2]}`, `2: "x]\""`, "3: 3", "4: null"}},
		{"json array, cut off", "[{\"a\":1},", Format{Kind: JSON}, nil, []string{`1: {"a":1}`, "2! not_json"}},
		{"json element, cut off", "[{\"a\":1},{\"b", Format{Kind: JSON}, nil, []string{`1: {"a":1}`, "2! not_json"}},
		{"json object over lines", "{\n \"a\": 1\n}\n", Format{Kind: JSON}, nil, []string{"1: {\n \"a\": 1\n}"}},
		{"json objects one after another", "{\n\"a\": 1}\n{\"a\":\n2}", Format{Kind: JSON}, nil, []string{"1: {\n\"a\": 1}", "2: {\"a\":\n2}"}},
		{"json file of lines", "{\"a\":1}\n{broken\n{\"a\":2}\n", Format{Kind: JSON}, nil, []string{`1: {"a":1}`, "2! not_json", `3: {"a":2}`}},
		{"two arrays", "[1][2]", Format{Kind: JSON}, nil, []string{"1: 1", "2: 2"}},
		{"empty json", " \n", Format{Kind: JSON}, nil, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for chunk, r := range map[string]io.Reader{
				"whole": strings.NewReader(tt.text), "halves": iotest.HalfReader(strings.NewReader(tt.text)),
				"bytes": iotest.OneByteReader(strings.NewReader(tt.text)), "with its end": iotest.DataErrReader(strings.NewReader(tt.text)),
			} {
				columns, got, err := rows(r, tt.format)
				if err != nil {
					t.Fatalf("%s: %v", chunk, err)
				}
				if diff := cmp.Diff(tt.columns, columns); diff != "" {
					t.Errorf("%s: columns (-want +got)\n%s", chunk, diff)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("%s: rows (-want +got)\n%s", chunk, diff)
				}
			}
		})
	}
}

func TestReader_refusesWholeFiles(t *testing.T) {
	t.Parallel()
	packed := pack(strings.Repeat("a,b\n1,2\n", 10_000))
	tests := []struct {
		name, text string
		want       *problem.Error
	}{
		{"empty", "", errNoHeader},
		{"utf-16", "\xff\xfea\x00", errUTF16},
		{"a name twice", "a,a\n1,2\n", errTwice},
		{"torn header", "\"a\n1,2\n", errNoHeader},
		{"torn gzip", packed[:len(packed)-20], errGzip},
		{"damaged gzip", packed[:len(packed)-6] + "xxxxxx", errGzip},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := rows(strings.NewReader(tt.text), Format{}); !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// What comes before the place where reading failed counts; a row that was cut
// off there does not.
func TestReader_aTornFileGivesNoHalfRow(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	for _, f := range []Format{{}, {Kind: Spaces}, {Kind: Lines}, {Kind: JSON}} {
		text := "11 22\n33 44\n55 6"
		if f.Kind == CSV {
			text = strings.ReplaceAll(text, " ", ",")
		}
		_, got, err := rows(io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), f)
		if !errors.Is(err, broken) {
			t.Errorf("kind %d: %v", f.Kind, err)
		}
		for _, row := range got {
			if strings.HasSuffix(row, "6") {
				t.Errorf("kind %d: half a row came: %q", f.Kind, got)
			}
		}
	}
}

func TestReader_boundedMemory(t *testing.T) {
	t.Parallel()
	r := io.MultiReader(strings.NewReader("a,b\n1,\""), &forever{left: 64 << 20})
	tr, err := Open(r, Format{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := tr.Next(); err != nil {
			break
		}
	}
	if n := len(tr.in.buf); n > 4*MaxRow {
		t.Fatalf("the window grew to %d bytes", n)
	}
}

// forever is one very long line.
type forever struct{ left int }

func (f *forever) Read(p []byte) (int, error) {
	if f.left <= 0 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = 'x'
	}
	f.left -= len(p)
	return len(p), nil
}

func FuzzReader(f *testing.F) {
	for _, s := range []string{"a,b\n1,2", "a;b\n\"1\n2\";3", "[{\"a\":1},2]", "{\"a\":\"\\\"\"}\n1", "a\tb\n\"\"\"\"\t", "\xef\xbb\xbfa\n\xff", " 1  2 "} {
		for k := range uint8(4) {
			f.Add([]byte(s), k, false)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, kind uint8, western bool) {
		format := Format{Kind: Kind(kind % 4), Western: western}
		columns, whole, err := rows(bytes.NewReader(text), format)
		columns2, bits, err2 := rows(iotest.OneByteReader(bytes.NewReader(text)), format)
		if (err == nil) != (err2 == nil) || !cmp.Equal(columns, columns2) || !cmp.Equal(whole, bits) {
			t.Fatalf("it depends on how the bytes come:\n%q %v\n%q %v", whole, err, bits, err2)
		}
		if n := bytes.Count(text, []byte("\n")) + 1; len(whole) > n && format.Kind != JSON {
			t.Fatalf("%d rows of %d lines", len(whole), n)
		}
	})
}
