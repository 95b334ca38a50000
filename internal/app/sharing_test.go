package app_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
)

// jog is what a phone tells while somebody runs.
const jog = `{"type":"track","event":"Run Finished","userId":"ann","messageId":"ID","context":{"device":{"id":"phone-1","advertisingId":"AD-1","adTrackingEnabled":true,"model":"X 9"},"location":{"city":"Berlin","latitude":52.51}},"properties":{"steps":9000,"shoe":"s1"}}`

// prefers sets what Ann's phone may tell.
func (h *house) prefers(p fact.Preference) {
	h.t.Helper()
	p.Set = h.clock.Now()
	_, err := gate.Declare(h.t.Context(), h.Keep.Gate, gate.ByIdentifier(person.Ident(person.UserID, "ann")), gate.Statement{Preference: &p, By: "person"})
	if err != nil {
		h.t.Fatal(err)
	}
}

// told is every event of Ann's as it is kept.
func (h *house) told() string {
	h.t.Helper()
	pass, err := gate.Ask[gate.Operate](h.t.Context(), h.Keep.Gate, asking(gate.ByIdentifier(person.Ident(person.UserID, "ann"))))
	if err != nil {
		h.t.Fatal(err)
	}
	d, err := gate.Inspect(h.t.Context(), pass)
	if err != nil {
		h.t.Fatal(err)
	}
	var all []string
	for _, l := range d.History() {
		if l.Kind == fact.KindEvent {
			e, err := fact.ParseEvent(l.Payload)
			if err != nil {
				h.t.Fatal(err)
			}
			all = append(all, string(e.Raw))
		}
	}
	return strings.Join(all, "\n")
}

func asking(s gate.Subject) gate.Asking {
	a := clerk
	a.Subject = s
	return a
}

// TestSharing_whatThePhoneMayNotTellIsNotKept holds what she said against what
// her phone tells: in the answer, in what is kept, and for retries.
func TestSharing_whatThePhoneMayNotTellIsNotKept(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, h *house) {
		h.furnish()
		send := func(id string) string {
			status, answer := h.post("/v1/track", h.keys["server"], strings.Replace(jog, "ID", id, 1))
			if status != http.StatusOK {
				t.Fatalf("%d %s", status, answer)
			}
			return answer
		}
		if got := send("m1"); strings.Contains(got, "withheld") {
			t.Errorf("nobody has said anything yet: %s", got)
		}
		if got := h.told(); !strings.Contains(got, "52.51") || !strings.Contains(got, "9000") {
			t.Fatalf("%s", got)
		}
		h.prefers(fact.Preference{Location: fact.LocationCity, Sharing: []fact.Share{{Kind: "health"}, {Kind: "advertising_id"}}})
		first := send("m2")
		var answer struct {
			Accepted int
			Withheld []struct {
				Index int
				Kinds []string
			}
		}
		if err := json.Unmarshal([]byte(first), &answer); err != nil || answer.Accepted != 1 || len(answer.Withheld) != 1 ||
			strings.Join(answer.Withheld[0].Kinds, " ") != "advertising_id health location" {
			t.Fatalf("%s %v", first, err)
		}
		kept := strings.Split(h.told(), "\n")
		last := ""
		for _, line := range kept {
			if strings.Contains(line, `"m2"`) {
				last = line
			}
		}
		for _, gone := range []string{"52.51", "9000", "AD-1"} {
			if strings.Contains(last, gone) {
				t.Errorf("%s was kept: %s", gone, last)
			}
		}
		for _, stays := range []string{"Berlin", "s1", "X 9", `"withheld":["advertising_id","health","location"]`} {
			if !strings.Contains(last, stays) {
				t.Errorf("%s is missing: %s", stays, last)
			}
		}
		if again := send("m2"); !strings.Contains(again, `"duplicates":1`) {
			t.Errorf("sent again: %s", again)
		}
		h.prefers(fact.Preference{})
		if again := send("m2"); !strings.Contains(again, `"duplicates":1`) && !strings.Contains(again, "id_reused") {
			t.Errorf("sent again after she allowed it: %s", again)
		}
		h.rebuilds(t)
		h.verifies(t)
	})
}

// TestSharing_anAdvertisingIDJoinsNobody refuses the number before the first
// event that carries it: the identity store does not hear of it.
func TestSharing_anAdvertisingIDJoinsNobody(t *testing.T) {
	t.Parallel()
	h := found(t, t.TempDir(), "")
	t.Cleanup(h.close)
	h.furnish()
	h.tell(t, "server", map[string]any{"type": "identify", "userId": "ann", "messageId": "m0", "traits": map[string]any{"plan": "gold"}})
	h.prefers(fact.Preference{Sharing: []fact.Share{{Kind: "advertising_id"}}})
	h.post("/v1/track", h.keys["server"], strings.Replace(jog, "ID", "m1", 1))
	p := one(t, h.everybody(t), person.UserID, "ann")
	for _, id := range p.Identifiers {
		if strings.EqualFold(id.Value.Reveal(), "AD-1") {
			t.Error("the advertising id is one of hers")
		}
	}
	_, err := gate.Ask[gate.Operate](t.Context(), h.Keep.Gate, asking(gate.ByIdentifier(person.Ident(person.DeviceID, "AD-1"))))
	if err == nil {
		t.Error("the identity store knows the advertising id")
	}
}
