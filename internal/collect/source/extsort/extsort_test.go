package extsort

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func collect(t interface{ Fatal(...any) }, s *Sorter) []string {
	var out []string
	for r, err := range s.Sorted() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(r.Key)+"="+string(r.Value))
	}
	return out
}

func TestSorter_isAStableSort(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		s := New(dir, rapid.IntRange(1, 4000).Draw(t, "memory"))
		defer func() { _ = s.Close() }()
		type pair struct{ key, text string }
		var want []pair
		for i := range rapid.IntRange(0, 300).Draw(t, "records") {
			key := rapid.SampledFrom([]string{"", "a", "b", "ab", "ba", "\x00", "zz"}).Draw(t, "key")
			value := fmt.Sprint(i)
			if err := s.Add([]byte(key), []byte(value)); err != nil {
				t.Fatal(err)
			}
			want = append(want, pair{key, key + "=" + value})
		}
		slices.SortStableFunc(want, func(a, b pair) int { return bytes.Compare([]byte(a.key), []byte(b.key)) })
		var texts []string
		for _, w := range want {
			texts = append(texts, w.text)
		}
		if got := collect(t, s); !slices.Equal(got, texts) {
			t.Fatalf("got %v, want %v", got, texts)
		}
		if s.Len() != int64(len(want)) {
			t.Fatalf("Len %d", s.Len())
		}
	})
}

func TestSorter_manyPiecesLeaveNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := New(dir, 100)
	const n = 3 * fanIn * 3
	for i := range n {
		if err := s.Add(fmt.Appendf(nil, "%04d", n-i), bytes.Repeat([]byte("personal "), 10)); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.pieces) >= 2*fanIn {
		t.Fatalf("%d files are open", len(s.pieces))
	}
	sealed := make([]byte, 1<<10)
	if _, err := s.pieces[0].file.ReadAt(sealed, 0); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("personal")) {
		t.Fatal("what was written can be read")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Fatalf("files with a name: %v, %v", left, err)
	}
	got := collect(t, s)
	if len(got) != n || !slices.IsSorted(got) {
		t.Fatalf("%d records, sorted %v", len(got), slices.IsSorted(got))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSorter_noFolder(t *testing.T) {
	t.Parallel()
	s := New(t.TempDir()+"/gone", 1)
	if err := s.Add([]byte("a"), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Add([]byte("b"), nil); err == nil {
		t.Fatal("it wrote nowhere and said nothing")
	}
}
