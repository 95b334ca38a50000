package page

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPieces(t *testing.T) {
	t.Parallel()
	text := "Why: http://heed.example/why/a-b_c\nMore at https://shop.example/x?y=1. See (https://shop.example) or javascript:alert(1)."
	var links []string
	var whole strings.Builder
	for _, p := range pieces(text) {
		whole.WriteString(p.Text)
		if p.Link {
			links = append(links, p.Text)
		}
	}
	if whole.String() != text {
		t.Errorf("the text became %q", whole.String())
	}
	if diff := cmp.Diff([]string{"http://heed.example/why/a-b_c", "https://shop.example/x?y=1", "https://shop.example"}, links); diff != "" {
		t.Error(diff)
	}
}
