package stories_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// boughtList brings in a list that was bought, under a notice, as of a time:
// "number,size of the household,what the seller says about letters". It returns
// what the import said.
func (s *shop) boughtList(notice string, asOf time.Time, rows ...string) (said string, code int) {
	s.t.Helper()
	folder := s.t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
		return path
	}
	put("people.csv", "number,size,letters\n"+strings.Join(rows, "\n")+"\n")
	mapping := put("bought.yaml", fmt.Sprintf(`name: bought-households
source: bought-list
notice: %s
files:
  people: { path: "people*.csv" }
rows:
  - from: people
    key: [number]
    events:
      - type: identify
        ids: { user_id: "{number}" }
        time: %q
        traits: { household_size: "{size}" }
        grants:
          - purpose: marketing.communications.email
            channel: email
            notice: newsletter@2
            when: { letters: "*" }
            status: { column: letters, words: { "yes": granted, "no": withdrawn } }
`, notice, asOf.UTC().Format(time.RFC3339)))
	out, errs, code := s.heed.try("import", "--map", mapping, folder)
	return out + errs, code
}

// familyLetters writes a letter to households of five, and the notices under
// which people and a seller of data told their size; both promise letters.
func (s *shop) familyLetters() {
	s.t.Helper()
	for _, notice := range []string{"families", "rumors"} {
		s.write("notices/"+notice+".yaml", "key: "+notice+"\nversion: 1\nlanguage: en\ntitle: Families\ntext: We choose letters by the size of your household.\n"+
			"covers:\n  - { category: user.demographic.profile, purposes: [marketing.communications.email] }\n"+
			"  - { category: user.unique_id, purposes: [marketing.communications.email] }\n"+
			"return: letters that fit\nkeep: a year\nwithdraw: on your preference page\nparties: [mail-relay]\n")
	}
	s.write("audiences/families.yaml", audience("families", `traits.household_size == "5"`, letters))
	s.apply()
}

// familyLetter sends one more of them and says what the dry run said before.
func (s *shop) familyLetter(n int) counted {
	s.t.Helper()
	key := fmt.Sprintf("family-%d", n)
	s.write("campaigns/"+key+".yaml", letter(key, "families", fmt.Sprintf("tent-%d", n), "For families."))
	s.apply()
	c := s.dryRun(key)
	s.goLive(key)
	s.send(key)
	return c
}

// got is how many letters about families somebody has.
func (s *shop) got(name string) int {
	n := 0
	for _, mail := range s.mailsTo(name + "@example.com") {
		if strings.Contains(mail, "For families.") {
			n++
		}
	}
	return n
}

func (s *shop) household(name, size string) {
	s.t.Helper()
	s.from("server", event{"type": "identify", "userId": name, "traits": event{"household_size": size}, "context": event{"notice": "families@1"}})
}

// Story 19, first half. Bought data can be loaded. It is labeled, ages fast, never
// overrides what the person said, says yes for nobody, and decides nothing unless
// somebody decides that it may.
func TestStory_boughtDataIsARumor(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.familyLetters()
		rows := []string{"lea,5,"}
		s.reader("lea")
		s.household("lea", "2")
		s.reader("mia")
		s.household("mia", "5")
		for i := range 12 {
			name := fmt.Sprintf("quiet-%d", i)
			s.reader(name)
			rows = append(rows, name+",5,")
		}
		if said, code := s.boughtList("rumors@1", time.Now().Add(-day), rows...); code != 0 {
			t.Fatalf("the list did not come in: %s", said)
		}

		// It is labeled as what it is, to her and to everybody who looks.
		says(t, "the explanation", s.run("person", "explain", "user_id:quiet-0"), "size of the household 5", "bought or borrowed from others, through a list we bought")
		if size := speaking(t, s.run("person", "show", "user_id:quiet-0", "--json"), "household_size"); size.Origin != "third_party" || size.Notice != "rumors@1" || size.Expires == "" {
			t.Errorf("it is shown as %+v", size)
		}
		// She said two. That a seller says five changes nothing.
		if size := speaking(t, s.run("person", "show", "user_id:lea", "--json"), "household_size"); size.Value != "2" || size.Origin != "declared" {
			t.Errorf("lea's household is %+v", size)
		}

		// It decides nothing, though its promise would allow letters: mia, who said five,
		// gets one; those of whom only the seller says so do not.
		if c := s.familyLetter(1); c.Withheld != "12" {
			t.Errorf("the dry run counts %+v", c)
		}
		for name, want := range map[string]int{"mia": 1, "lea": 0, "quiet-0": 0, "quiet-11": 0} {
			if n := s.got(name); n != want {
				t.Errorf("%s has %d letters about families, want %d", name, n, want)
			}
		}

		// Somebody may decide that rumors count for letters. Even then lea is two, and what
		// is older than the list's thirty days is gone.
		s.reader("stale")
		if said, code := s.boughtList("rumors@1", time.Now().Add(-31*day), "stale,5,"); code != 0 {
			t.Fatalf("the old list did not come in: %s", said)
		}
		s.change("purposes.yaml", func(text string) string {
			return strings.Replace(text, "- key: marketing.communications.email\n", "- key: marketing.communications.email\n  third_party: true\n", 1)
		})
		s.familyLetter(2)
		for name, want := range map[string]int{"mia": 2, "lea": 0, "quiet-0": 1, "quiet-11": 1, "stale": 0} {
			if n := s.got(name); n != want {
				t.Errorf("once rumors count, %s has %d letters about families, want %d", name, n, want)
			}
		}

		// A seller's word is no consent, and no row that claims one comes in; that somebody
		// wants no letters counts from wherever it comes.
		said, code := s.boughtList("rumors@1", time.Now().Add(-day), "pia,5,yes", "mia,5,no")
		says(t, "the import", said, "Consent is the person's own word")
		if code != 0 && code != 1 {
			t.Errorf("the import ended with %d", code)
		}
		if out, _, code := s.heed.try("person", "show", "user_id:pia"); code == 0 {
			t.Errorf("of a row that claims a yes came in %s", out)
		}
		s.familyLetter(3)
		if n := s.got("mia"); n != 2 {
			t.Errorf("mia has %d letters about families, after she stopped them", n)
		}
	})
}

// valued is the value that speaks, of all that somebody's attribute has.
type valued struct {
	Name, Origin, Notice string
	Value                any
	Expires              string
	Speaks               bool
}

func speaking(t *testing.T, person, name string) valued {
	t.Helper()
	var p struct{ Attributes []valued }
	if err := json.Unmarshal([]byte(person), &p); err != nil {
		t.Fatal(err)
	}
	for _, a := range p.Attributes {
		if a.Name == name && a.Speaks {
			return a
		}
	}
	return valued{}
}

// surfs posts one page view of a browser, with a header.
func (s *shop) surfs(device, gpc string, context event) {
	s.t.Helper()
	body := jsonText(event{"type": "page", "anonymousId": device, "name": "Home", "messageId": fmt.Sprintf("%s-%d", device, time.Now().UnixNano()), "context": context})
	status, raw := s.http(http.MethodPost, "/v1/page", body, func(r *http.Request) {
		r.SetBasicAuth(s.keys["web"], "")
		r.Header.Set("Content-Type", "application/json")
		if gpc != "" {
			r.Header.Set("Sec-GPC", gpc)
		}
	})
	if status != http.StatusOK || !strings.Contains(raw, `"accepted":1`) {
		s.t.Fatalf("the page view was answered %d %s", status, raw)
	}
}

// signsIn tells that a device is somebody's.
func (s *shop) signsIn(name, device string) {
	s.t.Helper()
	s.from("server", event{"type": "identify", "userId": name, "anonymousId": device})
}

// Strings of consent tools, made by the IAB's own libraries: out of sale and
// sharing in California, out of nothing, and no consent to health data on the
// whole nation; a yes to TCF purposes 1, 5 and 6, and to none.
const (
	californiaOut = "DBABBg~BAUAAABA.YA"
	nothingOut    = "DBABLA~BVQqAAAAAgA.QA"
	noHealth      = "DBABLA~CAAABAAAAABA.QA"
	choosingYes   = "CQbSeIAQbSeIAAfADAENAHEgAIwAAAAAAAAAAEEUAAAAAAAA.IAEEUAAA.YAAAAAAAAAAA"
	choosingNo    = "CQbSeIAQbSeIAAfADAENAHEgAAAAAAAAAAAAAEEUAAAAAAAA.IAEEUAAA.YAAAAAAAAAAA"
)

// Story 19, second half. What laws recognize as a person's word is taken as
// theirs: by the browser's header, by the page's script, and by the strings of
// consent tools; on the device first, and for the person once they are known.
// What cannot be read never allows anything.
func TestStory_signalsAreThePersonsWord(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		s.partner()
		speaks := map[string]func(device string){
			"header": func(d string) { s.surfs(d, "1", nil) },
			"script": func(d string) { s.surfs(d, "", event{"gpc": true}) },
			"gpp":    func(d string) { s.surfs(d, "", event{"consent": event{"gpp": californiaOut}}) },
			"usp":    func(d string) { s.surfs(d, "", event{"uspString": "1YYN"}) },
			"broken": func(d string) { s.surfs(d, "", event{"gppString": californiaOut + "~CP"}) },
			// Controls: no word, another value, not opted out, a string cut to nothing.
			"silent":   func(d string) { s.surfs(d, "", nil) },
			"zero":     func(d string) { s.surfs(d, "0", event{"gpc": false}) },
			"notout":   func(d string) { s.surfs(d, "", event{"consent": event{"gpp": nothingOut, "usp": "1YNN"}}) },
			"halfword": func(d string) { s.surfs(d, "", event{"consent": event{"gpp": "DBABBg~BA", "tcf": "CP"}}) },
		}
		stopped := map[string]bool{"header": true, "script": true, "gpp": true, "usp": true, "broken": true}
		for name, say := range speaks {
			s.from("server", event{
				"type": "identify", "userId": name, "traits": grownUp(name + "@example.com"),
				"context": event{"notice": "partners@1", "consent": event{"categoryPreferences": event{sharing: true}}},
			})
			// The browser speaks before anybody knows whose it is.
			say("device-" + name)
			s.signsIn(name, "device-"+name)
		}
		s.goLive("partners")
		s.send("partners")
		for name := range speaks {
			want := 1
			if stopped[name] {
				want = 0
			}
			if got := s.about(name + "@example.com"); len(got) != want {
				t.Errorf("%s: the company got %d messages, want %d", name, len(got), want)
			}
		}
		if t.Failed() {
			t.Log(s.run("person", "explain", "user_id:gpp"))
		}
		status, raw := s.http(http.MethodGet, "/.well-known/gpc.json", "", nil)
		var support struct {
			GPC        bool   `json:"gpc"`
			LastUpdate string `json:"lastUpdate"`
		}
		if err := json.Unmarshal([]byte(raw), &support); err != nil || status != http.StatusOK || !support.GPC || len(support.LastUpdate) != len("2026-11-22") {
			t.Errorf("gpc.json is answered %d %s", status, raw)
		}
	})
}

// What somebody answers in a banner opens and closes what the workspace says the
// banner means, for the browser and for whoever it turns out to be.
func TestStory_theBannerIsHeard(t *testing.T) {
	t.Parallel()
	inShop(t, func(t *testing.T, s *shop) {
		const chosen = "showing things chosen for you"
		told := func() string { return s.run("person", "explain", "user_id:ben") }
		banner := func(context event) { s.surfs("phone", "", event{"consent": context}) }

		// Half a string is no word at all.
		banner(event{"tcf": choosingYes[:len(choosingYes)/2]})
		s.signsIn("ben", "phone")
		says(t, "after half a string", told(), "Nothing: neither yes nor no.")

		banner(event{"tcf": choosingYes})
		says(t, "after his answers", told(), "granted: "+chosen, "denied: advertising in our own shop")

		// He changes his mind, and a broken string later does not change it back; neither
		// does an old yes that the page repeats.
		banner(event{"tcf": choosingNo, "gpp": noHealth})
		banner(event{"tcf": choosingYes + "!"})
		banner(event{"gpp": "DBABMA~" + choosingYes})
		no := told()
		says(t, "after he refused", no, "denied: "+chosen, "objected: everything (about maternity)")
		if strings.Contains(no, "granted: ") {
			t.Errorf("something stands granted:\n%s", no)
		}

		// He says yes again, signed in. A browser alone could not say it for him; the
		// shop's server, which knows that it is he, can.
		again := event{
			"type": "track", "event": "Segment Consent Preference Updated", "anonymousId": "phone",
			"context": event{"notice": "website@1", "consent": event{"categoryPreferences": event{}, "tcf": choosingYes}},
		}
		s.from("web", maps.Clone(again))
		if strings.Contains(told(), "granted: ") {
			t.Error("a browser undid the no of whom it belongs to")
		}
		again["userId"] = "ben"
		s.from("server", again)
		says(t, "after he agreed again", told(), "granted: "+chosen)
	})
}
