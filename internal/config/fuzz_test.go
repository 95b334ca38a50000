package config_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/problem"
)

// FuzzLoad shows that no settings file breaks Load, and that what it accepts is
// usable.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"", "listen: 127.0.0.1:1\n", "data: a\ndata: b\n", "- a\n", "a: &a [*a]\n", "log_level: !!binary aGk=\n",
		"webhook_allow: 10.0.0.0/8, ::1/128\nquarantine_days: 3\n", "write_key_file: /dev/null\n", "? {a: b}\n: c\n", "data: a\n---\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if strings.Contains(string(text), "_file") {
			return // it would read whatever the text names
		}
		path := filepath.Join(t.TempDir(), "heed.yaml")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(config.Flags{Config: path}, env())
		if err != nil {
			if code := problem.Of(err).Code; code != "config-invalid" && code != "config-unreadable" {
				t.Fatalf("unexpected problem %s: %v", code, err)
			}
			return
		}
		if err := c.Check(); err != nil {
			t.Fatalf("Load accepts what Check refuses: %v", err)
		}
	})
}

// FuzzURL shows that no password survives printing.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{"hunter2", "p@ss:w/rd?#", "%41", "[::1]", "päss wort", "\x00\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, password string) {
		const before, after = "postgres://heed:", "@db/heed?sslmode=require"
		if len(password) < 4 || strings.Contains(before+after+"[withheld]", password) {
			return // also a part of the rest
		}
		for _, written := range []string{password, url.QueryEscape(password), url.UserPassword("", password).String()} {
			shown := config.Locate(before + written + after).String()
			if strings.Contains(shown, password) || strings.Contains(shown, url.QueryEscape(password)) {
				t.Fatalf("%q shows its password", shown)
			}
		}
	})
}
