package app_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/jackc/pgx/v5"
)

// scanner looks for bytes that must not be anywhere, in all the ways in which
// programs write bytes down.
type scanner struct{ needles []needle }

type needle struct {
	what  string
	bytes []byte
}

func (s *scanner) add(what string, b []byte) {
	if len(b) < 6 {
		panic("a needle of " + what + " is too short to mean anything")
	}
	if !slices.ContainsFunc(s.needles, func(n needle) bool { return bytes.Equal(n.bytes, b) }) {
		s.needles = append(s.needles, needle{what, b})
	}
}

// raw looks for bytes as they are, in hexadecimal and in base64.
func (s *scanner) raw(what string, b []byte) {
	s.add(what, b)
	s.add(what+" in hex", []byte(hex.EncodeToString(b)))
	s.add(what+" in HEX", []byte(strings.ToUpper(hex.EncodeToString(b))))
	for offset := range 3 {
		// What comes before shifts the letters; those at the ends depend on the
		// neighbors and are left out.
		text := base64.RawStdEncoding.EncodeToString(append(make([]byte, offset), b...))
		text = text[(offset*8+5)/6 : len(text)-2]
		s.add(what+" in base64", []byte(text))
		s.add(what+" in base64 for URLs", []byte(strings.NewReplacer("+", "-", "/", "_").Replace(text)))
	}
}

// text looks for text in every spelling.
func (s *scanner) text(what, text string) {
	for _, spelled := range []string{text, strings.ToLower(text), strings.ToUpper(text)} {
		s.raw(what, []byte(spelled))
		var little, big, escaped, percent []byte
		for _, u := range utf16.Encode([]rune(spelled)) {
			little = append(little, byte(u), byte(u>>8))
			big = append(big, byte(u>>8), byte(u))
			escaped = fmt.Appendf(escaped, `\u%04x`, u)
		}
		for _, b := range []byte(spelled) {
			percent = fmt.Appendf(percent, "%%%02x", b)
		}
		s.add(what+" in UTF-16LE", little)
		s.add(what+" in UTF-16BE", big)
		s.add(what+" escaped", escaped)
		s.add(what+" in percents", percent)
		s.add(what+" in a URL", []byte(url.QueryEscape(spelled)))
		s.add(what+" in a path", []byte(url.PathEscape(spelled)))
	}
}

// hashes looks for hashes that anybody could compute again from a guess.
func (s *scanner) hashes(what, text string) {
	a, b, c := sha256.Sum256([]byte(text)), sha1.Sum([]byte(text)), md5.Sum([]byte(text))
	for _, sum := range [][]byte{a[:], a[:16], b[:], c[:]} {
		s.raw(what+" hashed without a key", sum)
	}
}

// in reports what is found in b, each with what stands around it.
func (s *scanner) in(where string, b []byte) []string {
	var found []string
	for _, n := range s.needles {
		if i := bytes.Index(b, n.bytes); i >= 0 {
			found = append(found, fmt.Sprintf("%s: %s, in %.160q", where, n.what, b[max(0, i-40):min(len(b), i+len(n.bytes)+40)]))
		}
	}
	return found
}

// folder reads every file of a folder. Files may come and go meanwhile.
func (s *scanner) folder(t testing.TB, root string) []string {
	t.Helper()
	var found []string
	files := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) || err == nil && !d.Type().IsRegular() {
			return nil
		}
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		files++
		found = append(found, s.in(path, b)...)
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("read %s: %d files, %v", root, files, err)
	}
	return found
}

// database reads a PostgreSQL database table by table, and then every file of
// the server that it lives in.
func (s *scanner) database(t testing.TB, address string) []string {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, sql := range []string{"ANALYZE", "CHECKPOINT"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := conn.Query(ctx, `SELECT format('%I.%I', schemaname, tablename), schemaname <> 'pg_catalog' FROM pg_tables WHERE schemaname <> 'information_schema'`)
	if err != nil {
		t.Fatal(err)
	}
	type table struct {
		Name string
		Ours bool
	}
	tables, err := pgx.CollectRows(rows, pgx.RowToStructByPos[table])
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, tab := range tables {
		formats := []string{"text"}
		if tab.Ours {
			formats = append(formats, "binary")
		}
		for _, format := range formats {
			var b bytes.Buffer
			if _, err := conn.PgConn().CopyTo(ctx, &b, fmt.Sprintf("COPY (SELECT * FROM %s) TO STDOUT (FORMAT %s)", tab.Name, format)); err != nil {
				t.Fatalf("read table %s: %v", tab.Name, err)
			}
			found = append(found, s.in("table "+tab.Name, b.Bytes())...)
		}
	}
	var folder string
	if err := conn.QueryRow(ctx, "SHOW data_directory").Scan(&folder); err != nil {
		t.Fatal(err)
	}
	return append(found, s.folder(t, filepath.Dir(folder))...)
}

// relations reads the files of one PostgreSQL database, which hold its tables
// and indexes.
func (s *scanner) relations(t testing.TB, address string) []string {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "CHECKPOINT"); err != nil {
		t.Fatal(err)
	}
	var folder string
	err = conn.QueryRow(ctx, "SELECT current_setting('data_directory') || '/base/' || oid FROM pg_database WHERE datname = current_database()").Scan(&folder)
	if err != nil {
		t.Fatal(err)
	}
	return s.folder(t, folder)
}

// stores reads everything that a heed has on disk.
func (s *scanner) stores(t testing.TB, h *house) []string {
	t.Helper()
	found := s.folder(t, h.env["HEED_DATA"])
	for _, address := range []string{h.env["HEED_DATABASE"], h.env["HEED_KEYS"]} {
		if strings.HasPrefix(address, "postgres") {
			found = append(found, s.database(t, address)...)
		}
	}
	return found
}

// The scanner's control: it finds a text however it was written down.
func TestScanner_findsEverySpelling(t *testing.T) {
	t.Parallel()
	const secret = "Canary-qxzv.7319"
	s := &scanner{}
	s.text("the canary", secret)
	s.hashes("the canary", secret)
	sum := sha256.Sum256([]byte(secret))
	around := func(text string) []string {
		return []string{text, "a" + text + "b", "ab" + text, `{"x":"` + text + `"}`}
	}
	for _, plain := range slices.Concat(around(secret), around(strings.ToUpper(secret))) {
		for name, written := range map[string]string{
			"plain": plain, "hex": hex.EncodeToString([]byte(plain)), "url": url.QueryEscape(plain),
			"base64": base64.StdEncoding.EncodeToString([]byte(plain)), "base64 for URLs": base64.RawURLEncoding.EncodeToString([]byte(plain)),
		} {
			if len(s.in("here", []byte("…"+written+"…"))) == 0 {
				t.Errorf("%s: %q is not found", name, written)
			}
		}
	}
	if len(s.in("here", sum[:])) == 0 {
		t.Error("an unkeyed hash is not found")
	}
	if found := s.in("here", []byte("Canary-qxzv.7318 and canary_qxzv.7319")); len(found) > 0 {
		t.Errorf("found what is not there: %v", found)
	}
}
