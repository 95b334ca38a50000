package config_test

import (
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/problem"
)

// env is an environment that holds only what it is given.
func env(pairs ...string) func(string) (string, bool) {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) (string, bool) {
		v, ok := m[name]
		return v, ok
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// faults are the places and reasons of a problem, one a line.
func faults(t *testing.T, err error) []string {
	t.Helper()
	p := problem.Of(err)
	if p == nil {
		return nil
	}
	var lines []string
	for _, f := range p.Fields {
		lines = append(lines, f.Pointer+": "+f.Reason)
	}
	return append([]string{p.Code}, lines...)
}

func TestDefault_isUsable(t *testing.T) {
	t.Parallel()
	c := config.Default()
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Load(config.Flags{}, env())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := printed(t, loaded), printed(t, c); got != want {
		t.Errorf("an empty Load differs from Default:\n%s", cmp.Diff(want, got))
	}
	if c.Listen != "127.0.0.1:8480" || c.Database.Text() != "sqlite:heed-data/heed.db" || c.Keys.Text() != "sqlite:heed-data/keys.db" {
		t.Errorf("defaults moved: %s", printed(t, c))
	}
}

func printed(t *testing.T, c config.Config) string {
	t.Helper()
	var b strings.Builder
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestLoad_laterLayersWin(t *testing.T) {
	t.Parallel()
	file := write(t, "heed.yaml", "listen: 127.0.0.1:1\nadmin: 127.0.0.1:2\npublic_url: https://shop.example\ndata: fromfile\n")
	c, err := config.Load(
		config.Flags{Config: file, Listen: "127.0.0.1:31"},
		env("HEED_LISTEN", "127.0.0.1:21", "HEED_ADMIN", "127.0.0.1:22", "HEED_PUBLIC_URL", ""))
	if err != nil {
		t.Fatal(err)
	}
	got := []string{c.Listen, c.Admin, c.PublicURL, c.Data, c.Database.Text()}
	want := []string{"127.0.0.1:31", "127.0.0.1:22", "https://shop.example", "fromfile", "sqlite:fromfile/heed.db"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	table := printed(t, c)
	for _, line := range []string{
		"listen 127.0.0.1:31 --listen", "admin 127.0.0.1:22 HEED_ADMIN", "public_url https://shop.example " + file + ":3",
		"log_level info default",
	} {
		if !strings.Contains(squeeze(table), line) {
			t.Errorf("Print does not say %q:\n%s", line, table)
		}
	}
}

// squeeze turns runs of blanks into one.
func squeeze(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.Join(strings.Fields(l), " ")
	}
	return strings.Join(lines, "\n")
}

func TestLoad_everyKeyFromTheEnvironment(t *testing.T) {
	t.Parallel()
	pem := "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"
	c, err := config.Load(config.Flags{}, env(
		"HEED_LISTEN", "[::1]:80", "HEED_ADMIN", "off", "HEED_PUBLIC_URL", "http://localhost:8480",
		"HEED_DATA", "/var/lib/heed", "HEED_DATABASE", "postgres://u:p@db/heed", "HEED_KEYS", "postgresql://u:p@keys/heed",
		"HEED_WRITE_KEY", "wk", "HEED_ADMIN_TOKEN", "at", "HEED_FROM", "Shop <hello@shop.example>",
		"HEED_SMTP_URL", "smtps://u:p@mail:465", "HEED_DKIM_DOMAIN", "shop.example", "HEED_DKIM_SELECTOR", "s1", "HEED_DKIM_KEY", pem,
		"HEED_SMS_URL", "https://sms.example", "HEED_SMS_ACCOUNT", "AC1", "HEED_SMS_TOKEN", "st", "HEED_SMS_FROM", "+15550100",
		"HEED_OIDC_ISSUER", "https://login.example", "HEED_OIDC_CLIENT", "heed", "HEED_OIDC_SECRET", "os", "HEED_OIDC_NAME", "Club",
		"HEED_WEBHOOK_ALLOW", "10.1.2.3/16, ::1/128", "HEED_QUARANTINE_DAYS", "3", "HEED_LOG_LEVEL", "warn", "HEED_LOG_FORMAT", "json"))
	if err != nil {
		t.Fatal(err)
	}
	if c.WriteKey.Text() != "wk" || c.AdminToken.Text() != "at" || c.SMS.Token.Text() != "st" || c.OIDC.Secret.Text() != "os" || c.DKIM.Key.Text() != pem {
		t.Error("a secret did not arrive")
	}
	if c.Quarantine != 72*time.Hour || c.Log.Level != slog.LevelWarn || c.Admin != config.Off || c.Database.Scheme() != "postgres" {
		t.Errorf("a value did not arrive: %s", printed(t, c))
	}
	hooks := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("::1/128")}
	if !reflect.DeepEqual(c.Hooks, hooks) {
		t.Errorf("hooks = %v, want %v", c.Hooks, hooks)
	}
	if strings.Contains(printed(t, c), "default") {
		t.Errorf("a key was not set from its variable:\n%s", printed(t, c))
	}
}

func TestLoad_secretsFromFiles(t *testing.T) {
	t.Parallel()
	token := write(t, "token", "s3cret\r\n")
	other := write(t, "other", "from-env")
	file := write(t, "heed.yaml", "admin_token_file: "+token+"\nwrite_key_file: "+token+"\n")
	c, err := config.Load(config.Flags{Config: file}, env("HEED_WRITE_KEY_FILE", other))
	if err != nil {
		t.Fatal(err)
	}
	if c.AdminToken.Text() != "s3cret" || c.WriteKey.Text() != "from-env" {
		t.Errorf("wrong secret: %q, %q", c.AdminToken.Text(), c.WriteKey.Text())
	}
	if !strings.Contains(squeeze(printed(t, c)), "write_key [withheld] HEED_WRITE_KEY_FILE") {
		t.Errorf("Print does not name the variable:\n%s", printed(t, c))
	}

	empty := write(t, "empty", "\n")
	_, err = config.Load(config.Flags{}, env(
		"HEED_WRITE_KEY", "a", "HEED_WRITE_KEY_FILE", other,
		"HEED_ADMIN_TOKEN_FILE", filepath.Join(t.TempDir(), "absent"), "HEED_SMS_TOKEN_FILE", empty))
	want := []string{
		"config-invalid",
		"HEED_WRITE_KEY: is set together with HEED_WRITE_KEY_FILE; keep one of them",
		"HEED_ADMIN_TOKEN_FILE: names a file that cannot be read: no such file or directory",
		"HEED_SMS_TOKEN_FILE: names a file that is empty",
	}
	if d := cmp.Diff(want, faults(t, err)); d != "" {
		t.Error(d)
	}
}

func TestLoad_fileIsStrict(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"empty", "", ""},
		{"only comments", "# nothing yet\n", ""},
		{"unknown key", "listn: 127.0.0.1:1\n", "FILE:1: is not a setting; docs/operate/README.md lists them"},
		{"upper case", "LISTEN: 127.0.0.1:1\n", "FILE:1: is not a setting; docs/operate/README.md lists them"},
		{"no file spelling for what is no secret", "listen_file: x\n", "FILE:1: is not a setting; docs/operate/README.md lists them"},
		{"twice", "data: a\ndata: b\n", "FILE:2: sets data again, after FILE:1"},
		{"twice in two spellings", "write_key: a\nwrite_key_file: b\n", "FILE:2: sets write_key again, after FILE:1"},
		{"list", "data: [a]\n", "FILE:1: data must have one plain value"},
		{"null", "data:\n", "FILE:1: data must have one plain value"},
		{"alias", "data: &d x\nfrom: *d\n", "FILE:2: from must have one plain value"},
		{"not a mapping", "- data\n", "FILE:1: must be a list of settings, as in listen: 127.0.0.1:8480"},
		{"two documents", "data: a\n---\ndata: b\n", "FILE: holds more than one YAML document"},
		{"not YAML", "data: [\n", "FILE: yaml: line 1: did not find expected node content"},
		{"bad level", "log_level: loud\n", "FILE:1: must be debug, info, warn or error"},
		{"bad days", "quarantine_days: 15\n", "FILE:1: must be a whole number of days from 1 to 14"},
		{"bad networks", "webhook_allow: 10.0.0.1\n", "FILE:1: must be networks in CIDR form with commas between them, as in 10.1.0.0/16"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := write(t, "heed.yaml", test.text)
			_, err := config.Load(config.Flags{Config: file}, env())
			var got string
			if lines := faults(t, err); len(lines) > 0 {
				got = strings.ReplaceAll(strings.Join(lines[1:], "\n"), file, "FILE")
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestLoad_absentFile(t *testing.T) {
	t.Parallel()
	absent := filepath.Join(t.TempDir(), "absent.yaml")
	for _, load := range []struct {
		name  string
		flags config.Flags
		env   func(string) (string, bool)
	}{
		{"flag", config.Flags{Config: absent}, env()},
		{"variable", config.Flags{}, env("HEED_CONFIG", absent)},
	} {
		_, err := config.Load(load.flags, load.env)
		want := []string{"config-unreadable", absent + ": no such file or directory"}
		if d := cmp.Diff(want, faults(t, err)); d != "" {
			t.Errorf("%s: %s", load.name, d)
		}
	}
}

func TestCheck_everyFaultAtOnce(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Flags{Listen: "nowhere", LogLevel: "loud"}, env(
		"HEED_ADMIN", "127.0.0.1:123456", "HEED_PUBLIC_URL", "http://shop.example", "HEED_DATABASE", "mysql://hunter2@db",
		"HEED_KEYS", "sqlite:", "HEED_WRITE_KEY", "two words", "HEED_ADMIN_TOKEN", "a:b", "HEED_FROM", "nobody",
		"HEED_SMTP_URL", "mail.example:25", "HEED_DKIM_KEY", "hunter2", "HEED_SMS_URL", "ftp://sms", "HEED_SMS_TOKEN", "hunter2",
		"HEED_OIDC_ISSUER", "http://login.example", "HEED_LOG_FORMAT", "xml", "HEED_QUARANTINE_DAYS", "0"))
	want := []string{
		"config-invalid",
		"HEED_QUARANTINE_DAYS: must be a whole number of days from 1 to 14",
		"--log-level: must be debug, info, warn or error",
		"--listen: must be HOST:PORT, as in 127.0.0.1:8480",
		"HEED_ADMIN: must be HOST:PORT, as in 127.0.0.1:8481, or off",
		"HEED_PUBLIC_URL: must be https://HOST without query; http only for an address of this machine, because links in messages carry keys",
		"HEED_DATABASE: must be sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME",
		"HEED_KEYS: must be sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME",
		"HEED_WRITE_KEY: must be letters, digits and signs without space or colon",
		"HEED_ADMIN_TOKEN: must be letters, digits and signs without space or colon",
		"HEED_FROM: must be an email address, as in Shop <hello@shop.example>",
		"HEED_SMTP_URL: must be smtp://USER:PASSWORD@HOST:PORT, or smtps",
		"dkim_domain: must be set too, or nothing of its group: see dkim_key",
		"dkim_selector: must be set too, or nothing of its group: see dkim_key",
		"HEED_DKIM_KEY: must be a private key in PEM",
		"sms_account: must be set too, or nothing of its group: see sms_url",
		"sms_from: must be set too, or nothing of its group: see sms_url",
		"HEED_SMS_URL: must be https://HOST without query; http only for an address of this machine",
		"oidc_client: must be set too, or nothing of its group: see oidc_issuer",
		"oidc_secret: must be set too, or nothing of its group: see oidc_issuer",
		"HEED_OIDC_ISSUER: must be https://HOST without query; http only for an address of this machine",
		"HEED_LOG_FORMAT: must be text or json",
	}
	if d := cmp.Diff(want, faults(t, err)); d != "" {
		t.Error(d)
	}
	if strings.Contains(fmt.Sprint(err), "hunter2") {
		t.Errorf("the error shows a value: %v", err)
	}
}

func TestCheck_pairs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		env  []string
		want string
	}{
		{"one port for public and admin", []string{"HEED_ADMIN", "127.0.0.1:8480"}, "HEED_ADMIN: must differ from listen: metrics and profiling are not for the public"},
		{"two free ports", []string{"HEED_ADMIN", "127.0.0.1:0", "HEED_LISTEN", "127.0.0.1:0"}, ""},
		{"keys beside the facts", []string{"HEED_DATABASE", "sqlite:a.db", "HEED_KEYS", "sqlite:a.db"}, "HEED_KEYS: must not be the database: what is erased would stay readable in its backups"},
		{"keys beside the facts, spelled apart", []string{"HEED_DATABASE", "sqlite:d/a.db", "HEED_KEYS", "sqlite:./d//a.db"}, "HEED_KEYS: must not be the database: what is erased would stay readable in its backups"},
		{"mail without sender", []string{"HEED_SMTP_URL", "smtp://mail:25"}, "from: must be set when smtp_url is: somebody must sign the mail"},
		{"mail with sender", []string{"HEED_SMTP_URL", "smtp://mail:25", "HEED_FROM", "a@b.example"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(config.Flags{}, env(test.env...))
			var got string
			if lines := faults(t, err); len(lines) > 0 {
				got = strings.Join(lines[1:], "\n")
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestFlags_fillWithKong(t *testing.T) {
	t.Parallel()
	var cli struct {
		config.Flags
	}
	parser, err := kong.New(&cli, kong.Name("heed"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"--listen", "127.0.0.1:0", "--public-url=https://shop.example", "--log-level", "debug"}); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(cli.Flags, env())
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:0" || c.PublicURL != "https://shop.example" || c.Log.Level != slog.LevelDebug {
		t.Errorf("flags did not arrive: %s", printed(t, c))
	}
}
