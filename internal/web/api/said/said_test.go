package said_test

import (
	"encoding/json"
	"testing"

	"github.com/heed-platform/heed/internal/web/api/said"
)

func TestPreferences_device(t *testing.T) {
	t.Parallel()
	for body, wrong := range map[string]bool{
		`{"location":"city","sharing":[{"kind":"motion"},{"device":"7","kind":"location","allowed":true}]}`: false,
		`{"location":"everywhere"}`:      true,
		`{"sharing":[{"allowed":true}]}`: true,
	} {
		var p said.Preferences
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			t.Fatal(err)
		}
		if _, faults := p.Fact(); (len(faults) > 0) != wrong {
			t.Errorf("%s: %v", body, faults)
		}
	}
}

func TestPreferences_quiet(t *testing.T) {
	t.Parallel()
	for body, wrong := range map[string]bool{
		`{}`: false,
		`{"quiet":{"from":"20:00","to":"08:00"}}`:    false,
		`{"quiet":{"from":"00:00","to":"00:01"}}`:    false,
		`{"quiet":{"from":"20:00","to":"20:00"}}`:    true, // never, or always?
		`{"quiet":{"from":"24:00","to":"08:00"}}`:    true,
		`{"quiet":{"from":"8 o'clock","to":"9:00"}}`: true,
		`{"quiet":{"from":"20:00"}}`:                 true,
	} {
		var p said.Preferences
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			t.Fatal(err)
		}
		if _, faults := p.Fact(); (len(faults) > 0) != wrong {
			t.Errorf("%s: %v", body, faults)
		}
	}
}
