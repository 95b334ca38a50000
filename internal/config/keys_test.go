package config

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestKeys_flags holds the struct that kong fills and the list of keys together.
func TestKeys_flags(t *testing.T) {
	t.Parallel()
	byName := map[string]key{}
	for _, k := range keys {
		byName[k.name] = k
	}
	given := Flags{}.byKey()
	fields := reflect.TypeFor[Flags]()
	for i := range fields.NumField() {
		f := fields.Field(i)
		help := f.Tag.Get("help")
		if f.Name == "Config" {
			continue
		}
		var match string
		for name := range given {
			if strings.ReplaceAll(name, "_", "") == strings.ToLower(f.Name) {
				match = name
			}
		}
		k, ok := byName[match]
		if !ok {
			t.Errorf("Flags.%s is the flag of no key", f.Name)
			continue
		}
		if !strings.Contains(help, k.env()+")") {
			t.Errorf("the help of Flags.%s does not name %s", f.Name, k.env())
		}
		flags := Flags{}
		reflect.ValueOf(&flags).Elem().Field(i).SetString("x")
		if flags.byKey()[match] != "x" {
			t.Errorf("Flags.%s does not reach the key %s", f.Name, match)
		}
	}
	if fields.NumField()-1 != len(given) {
		t.Errorf("Flags has %d settings, byKey %d", fields.NumField()-1, len(given))
	}
}

// TestKeys_documented holds docs/operate/README.md equal to the list of keys.
func TestKeys_documented(t *testing.T) {
	t.Parallel()
	const page = "../../docs/operate/README.md"
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(b), "<!-- settings: begin -->\n")
	got, _, ended := strings.Cut(rest, "<!-- settings: end -->")
	if !found || !ended {
		t.Fatalf("%s has no table between the settings comments", page)
	}
	if want := table(); got != want {
		t.Errorf("%s differs from keys.go; its table should be:\n\n%s", page, want)
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("| setting | variable | flag | default | meaning |\n|---|---|---|---|---|\n")
	flags := Flags{}.byKey()
	for _, k := range keys {
		env, flag, value := "`"+k.env()+"`", "", k.show(Default())
		if k.secret {
			env += " (`_FILE`)"
		}
		if _, ok := flags[k.name]; ok {
			flag = "`" + k.flag() + "`"
		}
		if value != "" {
			value = "`" + value + "`"
		}
		b.WriteString("| `" + k.name + "` | " + env + " | " + flag + " | " + value + " | " + k.help + " |\n")
	}
	return b.String()
}
