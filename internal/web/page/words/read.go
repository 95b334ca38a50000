package words

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/feature/plural"
)

//go:embed */*.yaml
var files embed.FS

// text is one text in the plural forms it has; what does not count anything has
// only plural.Other.
type text struct {
	forms map[plural.Form][]piece
}

// piece is a stretch of a text, or the name of a placeholder.
type piece struct{ text, name string }

var categories = map[string]plural.Form{
	"other": plural.Other, "zero": plural.Zero, "one": plural.One, "two": plural.Two, "few": plural.Few, "many": plural.Many,
}

// mustRead reads a language of the program's own files, which the tests have read.
func mustRead(tag string) map[string]text {
	texts, err := read(files, tag)
	if err != nil {
		panic(err)
	}
	return texts
}

func read(from fs.FS, tag string) (map[string]text, error) {
	names, err := fs.Glob(from, tag+"/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("words: %w", err)
	}
	texts := map[string]text{}
	for _, name := range names {
		b, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, fmt.Errorf("words: %w", err)
		}
		var tree map[string]any
		if err := yaml.Unmarshal(b, &tree); err != nil {
			return nil, fmt.Errorf("words: %s: %w", name, err)
		}
		if err := flatten(texts, "", tree); err != nil {
			return nil, fmt.Errorf("words: %s: %w", name, err)
		}
		area := strings.TrimSuffix(path.Base(name), ".yaml")
		for key := range tree {
			if first, _, _ := strings.Cut(key, "."); first != area {
				return nil, fmt.Errorf("words: %s: key %s must begin with %q", name, key, area+".")
			}
		}
	}
	return texts, nil
}

// flatten turns nested keys into one with dots. A map of plural categories is
// one text.
func flatten(into map[string]text, key string, value any) error {
	switch v := value.(type) {
	case string:
		into[key] = text{forms: map[plural.Form][]piece{plural.Other: cut(v)}}
		return nil
	case map[string]any:
		if _, ok := v["other"].(string); ok && counts(v) {
			t := text{forms: map[plural.Form][]piece{}}
			for name, form := range v {
				s, _ := form.(string)
				t.forms[categories[name]] = cut(s)
			}
			into[key] = t
			return nil
		}
		for name, below := range v {
			full := name
			if key != "" {
				full = key + "." + name
			}
			if err := flatten(into, full, below); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("%s is a %T, not a text; put it in quotes", key, value)
}

// counts reports whether every key of m is a plural category with a text.
func counts(m map[string]any) bool {
	for name, form := range m {
		_, known := categories[name]
		_, isText := form.(string)
		if !known || !isText {
			return false
		}
	}
	return true
}

// cut divides a text at its placeholders; a brace that names nothing is text.
func cut(s string) []piece {
	var out []piece
	for {
		from := strings.IndexByte(s, '{')
		if from < 0 {
			break
		}
		to := strings.IndexByte(s[from:], '}')
		if to < 0 || !isName(s[from+1:from+to]) {
			out = append(out, piece{text: s[:from+1]})
			s = s[from+1:]
			continue
		}
		if from > 0 {
			out = append(out, piece{text: s[:from]})
		}
		out = append(out, piece{name: s[from+1 : from+to]})
		s = s[from+to+1:]
	}
	if s != "" {
		out = append(out, piece{text: s})
	}
	return out
}

func isName(s string) bool {
	for _, c := range []byte(s) {
		if c != '_' && (c < 'a' || 'z' < c) && (c < '0' || '9' < c) {
			return false
		}
	}
	return s != ""
}
