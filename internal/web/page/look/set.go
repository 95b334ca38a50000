package look

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"sync"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/web/page/words"
)

//go:embed html/*.html page.css
var files embed.FS

// Set is an area's templates. Nothing writes to it.
type Set struct{ area fs.FS }

// Parse reads the templates html/*.html of an area; they may use the pieces of
// this package. Every template is named after its file ("code.html"); {{define}}
// is for its parts. It panics when one cannot be read: they are part of the program.
func Parse(area fs.FS) *Set {
	s := &Set{area: area}
	if _, err := s.in(words.For("en")); err != nil {
		panic(err)
	}
	return s
}

// in is the set in one language.
func (s *Set) in(say words.Words) (*template.Template, error) {
	t, err := template.New("").Funcs(functions(say)).ParseFS(files, "html/*.html")
	if err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	if t, err = t.ParseFS(s.area, "html/*.html"); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	return t, nil
}

// functions are what templates may call, in one language.
func functions(say words.Words) template.FuncMap {
	return template.FuncMap{
		"T": say.T, "Or": say.Or, "lang": say.Tag, "dir": say.Dir,
		"date": say.Date, "time": say.Time, "datetime": say.DateTime, "number": func(n int) string { return say.Number(int64(n)) },
		"money": say.Money, "list": func(items []string) string { return say.List(items...) }, "country": say.Country,
		"iso": func(t clock.Instant) string { return t.Time().Format("2006-01-02T15:04Z") },
	}
}

// press keeps sets that were parsed, one for each language and time zone that is
// in use.
type press struct {
	mu    sync.Mutex
	ready map[edition]*template.Template
}

type edition struct {
	set       *Set
	tag, zone string
}

func (p *press) in(s *Set, say words.Words) (*template.Template, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := edition{s, say.Tag(), say.Zone()}
	if t, ok := p.ready[key]; ok {
		return t, nil
	}
	t, err := s.in(say)
	if err != nil {
		return nil, err
	}
	p.ready[key] = t
	return t, nil
}

// write makes the whole page: first what stands in <main>, then what is around it.
func (p *press) write(b *bytes.Buffer, say words.Words, f frame) error {
	t, err := p.in(f.Set, say)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if err := t.ExecuteTemplate(&body, f.Name, f.Data); err != nil {
		return fmt.Errorf("page %s: %w", f.Name, err)
	}
	f.Main = template.HTML(body.String()) //nolint:gosec // a template of ours has just escaped it
	if err := t.ExecuteTemplate(b, "layout.html", f); err != nil {
		return fmt.Errorf("page %s: %w", f.Name, err)
	}
	return nil
}
