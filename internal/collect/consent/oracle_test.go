package consent_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/collect/consent/gpp"
	"github.com/heed-platform/heed/internal/collect/consent/tcf"
)

// The IAB's own libraries are asked what they read; tools/oracle runs them.
const oracle = "../../../tools/oracle"

// testimony is what the libraries say about one string.
type testimony struct {
	Kind   string         `json:"kind"`
	Text   string         `json:"text"`
	Fields map[string]any `json:"fields"`
	Error  string         `json:"error"`
}

// ask runs the libraries.
func ask(t *testing.T, in string, args ...string) []testimony {
	t.Helper()
	if _, err := os.Stat(oracle + "/node_modules/@iabgpp/cmpapi"); err != nil {
		t.Fatal("The IAB's libraries are not installed; run: bash tools/needs.sh")
	}
	cmd := exec.CommandContext(t.Context(), "node", append([]string{"oracle.mjs"}, args...)...)
	cmd.Dir, cmd.Stdin = oracle, strings.NewReader(in)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, errs.String())
	}
	var list []testimony
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		var one testimony
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		list = append(list, one)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// decode reads a string of a kind as JSON shows it.
func decode(t testing.TB, kind, text string) (map[string]any, error) {
	t.Helper()
	if kind == "gpp" {
		s, err := gpp.Decode(text)
		return plain(t, s), err
	}
	c, err := tcf.Decode(text)
	return plain(t, c), err
}

// TestOracle_encoded: what the official encoders write is read as they read it.
func TestOracle_encoded(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, want := range ask(t, "", "make", "20261122", "180") {
		if want.Error != "" {
			t.Fatalf("the library refuses its own string %s: %s", want.Text, want.Error)
		}
		got, err := decode(t, want.Kind, want.Text)
		if err != nil {
			t.Errorf("%s %s: %v", want.Kind, want.Text, err)
			continue
		}
		if diff := cmp.Diff(want.Fields, got); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", want.Kind, want.Text, diff)
		}
		seen[want.Kind]++
		if ids, ok := want.Fields["sectionIds"].([]any); ok {
			for _, id := range ids {
				seen[fmt.Sprint("section ", id)]++
			}
		}
	}
	for id := range 28 {
		if id >= 5 && seen[fmt.Sprint("section ", id)] == 0 {
			t.Errorf("section %d was never tried", id)
		}
	}
}

// TestOracle_spoiled: of strings that were cut or changed on their way, we take
// none that the official libraries refuse, and read those that we take as they do.
func TestOracle_spoiled(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 19))
	var in strings.Builder
	for kind, texts := range readVectors(t).strings() {
		for _, text := range texts {
			for range 60 {
				if kind != "usp" {
					in.WriteString(kind + " " + spoil(r, text) + "\n")
				}
			}
		}
	}
	for _, one := range ask(t, "", "make", "19", "24") {
		for range 10 {
			in.WriteString(one.Kind + " " + spoil(r, one.Text) + "\n")
		}
	}
	taken := map[bool]int{}
	for _, want := range ask(t, in.String(), "read") {
		got, err := decode(t, want.Kind, want.Text)
		delete(got, "unknownSectionIds") // the library says nothing of them
		taken[err == nil]++
		switch {
		case err != nil:
		case want.Error != "":
			t.Errorf("%s %s was taken; the library says %s", want.Kind, want.Text, want.Error)
		case !reflect.DeepEqual(want.Fields, got):
			t.Errorf("%s %s (-want +got):\n%s", want.Kind, want.Text, cmp.Diff(want.Fields, got))
		}
	}
	if taken[true] == 0 || taken[false] == 0 {
		t.Errorf("%d taken, %d refused: this tried nothing", taken[true], taken[false])
	}
}

// spoil cuts a string, or changes a letter or two of it.
func spoil(r *rand.Rand, text string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~" + "="
	b := []byte(text)
	switch r.IntN(4) {
	case 0:
		return text[:r.IntN(len(text))]
	case 1:
		at := r.IntN(len(b))
		return text[:at] + text[at+1:]
	case 2:
		at := r.IntN(len(b))
		return text[:at] + string(letters[r.IntN(len(letters))]) + text[at:]
	}
	for range 1 + r.IntN(2) {
		b[r.IntN(len(b))] = letters[r.IntN(len(letters))]
	}
	return string(b)
}

// TestOracle_seed keeps the seed's way of being written.
func TestOracle_seed(t *testing.T) {
	t.Parallel()
	one, again := ask(t, "", "make", strconv.Itoa(7), "4"), ask(t, "", "make", "7", "4")
	for i := range one {
		if one[i].Text != again[i].Text {
			t.Fatal("the same seed made other strings, so a failure could not be run again")
		}
	}
}
