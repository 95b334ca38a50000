package usp_test

import (
	"errors"
	"testing"

	"github.com/heed-platform/heed/internal/collect/consent/usp"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	for text, out := range map[string]bool{"1---": false, "1YNN": false, "1YYN": true, "1NYY": true, "1-Y-": true} {
		p, err := usp.Decode(text)
		if err != nil || p.OptedOut() != out || p.Version != 1 || p.Notice+p.OptOutSale+p.LSPACovered != text[1:] {
			t.Errorf("%s: %+v, %v", text, p, err)
		}
	}
	for _, text := range []string{"", "1", "1Y", "1YN", "1YNNN", "2YNN", "1ynn", "1YNX", " 1YN", "YNN1", "1YN\x00", "1Ÿ-"} {
		if p, err := usp.Decode(text); !errors.Is(err, usp.ErrForm) || p.OptedOut() || p.Version != 0 {
			t.Errorf("%q: %+v, %v", text, p, err)
		}
	}
}

// FuzzDecode: what is taken is four characters that mean something.
func FuzzDecode(f *testing.F) {
	f.Add("1YNN")
	f.Add("1---")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := usp.Decode(text)
		if (err == nil) != (p.Version == 1) || err == nil && len(text) != 4 {
			t.Fatalf("%q: %+v, %v", text, p, err)
		}
	})
}
