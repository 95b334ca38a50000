package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/config"
)

func TestURL_hidesPasswords(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"", ""},
		{"sqlite:heed-data/heed.db", "sqlite:heed-data/heed.db"},
		{"postgres://heed@db:5432/heed", "postgres://heed@db:5432/heed"},
		{"postgres://heed:hunter2@db/heed", "postgres://heed:[withheld]@db/heed"},
		{"postgres://heed:hunter2@db/heed?sslmode=require", "postgres://heed:[withheld]@db/heed?[withheld]"},
		{"postgres:///heed?password=hunter2", "postgres:///heed?[withheld]"},
		{"smtps://a%40b:hunter%2F2@mail", "smtps://a%40b:[withheld]@mail"},
		{"postgres://heed:2#hunter@db/heed", "[withheld]"},
		{"postgres://heed:2?hunter@db/heed", "[withheld]"},
		{"postgres://heed:2/hunter@db/heed", "[withheld]"},
		{"host=db password=hunter2", "[withheld]"},
		{"postgres://heed:hunter2@db:port/heed", "[withheld]"},
	}
	for _, test := range tests {
		if got := config.Locate(test.text).String(); got != test.want {
			t.Errorf("%q prints as %q, want %q", test.text, got, test.want)
		}
	}
}

// TestConfig_showsNoSecret prints a whole Config in every way that a careless
// line of code could.
func TestConfig_showsNoSecret(t *testing.T) {
	t.Parallel()
	const canary = "hunter2"
	c := config.Default()
	c.Database = config.Locate("postgres://heed:" + canary + "@db/heed")
	c.Keys, c.SMTP = c.Database, c.Database
	c.WriteKey, c.AdminToken = config.Hide(canary), config.Hide(canary)
	c.DKIM.Key, c.SMS.Token = config.Hide(canary), config.Hide(canary)
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("starting", slog.Any("config", c), slog.Any("key", c.WriteKey))
	type wrapped struct{ hidden config.Config }
	for way, text := range map[string]string{
		"v": fmt.Sprintf("%v", c), "+v": fmt.Sprintf("%+v", c), "#v": fmt.Sprintf("%#v", c), "s": fmt.Sprintf("%s", c.SMTP),
		"q": fmt.Sprintf("%q", c.WriteKey), "x": fmt.Sprintf("%x", c.WriteKey), "unexported": fmt.Sprintf("%+v", wrapped{c}),
		"json": string(asJSON), "log": log.String(), "print": printed(t, c), "error": fmt.Sprint(c.Check()),
	} {
		if strings.Contains(text, canary) || strings.Contains(text, fmt.Sprintf("%x", canary)) {
			t.Errorf("%s shows a secret: %s", way, text)
		}
	}
}
