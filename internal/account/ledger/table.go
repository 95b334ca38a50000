package ledger

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/heed-platform/heed/internal/keep/gate"
)

// Table writes one line for each person to read: the id and how they are found.
func Table(ctx context.Context, g *gate.Gate, a gate.Asking, out io.Writer) error {
	return gate.ExportAll(ctx, g, People, a, func(d gate.Dossier) error {
		ids := identifiersOf(d.Profile())
		words := make([]string, len(ids))
		for i, id := range ids {
			words[i] = string(id.NS) + ":" + id.Value
		}
		_, err := fmt.Fprintf(out, "%s  %s\n", d.Ref(), Harmless(strings.Join(words, "  ")))
		if err != nil {
			return fmt.Errorf("write export: %w", err)
		}
		return nil
	})
}

// Harmless takes out of a text what could steer a terminal or turn the direction
// of reading: values come from outside.
func Harmless(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return '·'
		}
		return r
	}, text)
}
