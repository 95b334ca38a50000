package define

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithin_dotBoundary(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		key, parent string
		want        bool
	}{
		{"user.contact", "user.contact", true},
		{"user.contact.email", "user.contact", true},
		{"user.contactx", "user.contact", false},
		{"user.contact", "user.contact.email", false},
		{"user.contact", "user.contact.", false},
		{"user.contact", "", false},
		{"", "", false},
	} {
		if got := Within(tt.key, tt.parent); got != tt.want {
			t.Errorf("%q within %q: %v", tt.key, tt.parent, got)
		}
	}
}

func TestWords_closed(t *testing.T) {
	t.Parallel()
	type all struct {
		Mode   Mode   `json:"mode"`
		Basis  Basis  `json:"basis"`
		Role   Role   `json:"role"`
		Origin Origin `json:"origin"`
	}
	in := all{NoticeOnly, ExistingCustomer, Controller, 4}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"mode":"notice_only","basis":"existing_customer","role":"controller","origin":"third_party"}`; string(text) != want {
		t.Errorf("%s", text)
	}
	var out all
	if err := json.Unmarshal(text, &out); err != nil || out != in {
		t.Errorf("%+v: %v", out, err)
	}
	for _, bad := range []string{`{"mode":"optin"}`, `{"mode":""}`, `{"basis":"Consent"}`, `{"role":"both"}`, `{"origin":"heard"}`, `{"origin":""}`} {
		if json.Unmarshal([]byte(bad), &all{}) == nil {
			t.Errorf("%s was read", bad)
		}
	}
	if got := Mode(9).String() + Basis(9).String() + Role(9).String() + Origin(9).String(); got != "" {
		t.Errorf("words for what is not there: %q", got)
	}
}

func TestTaxonomy_sortedAndWhole(t *testing.T) {
	t.Parallel()
	for _, list := range [][]string{dataUses[:], dataCategories[:]} {
		if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
			t.Error("a list is not sorted, or says a key twice")
		}
		for _, key := range list {
			if up := above(key); up != "" && !listed(list, up) {
				t.Errorf("%s stands under %s, which is not there", key, up)
			}
			if now, old := replacement(key); old {
				t.Errorf("%s is listed and replaced by %s", key, now)
			}
		}
	}
	for old, now := range replaced {
		if !isDataCategory(now) && !IsDataUse(now) {
			t.Errorf("%s is replaced by %s, which is not there", old, now)
		}
	}
	for _, key := range AlwaysSensitive() {
		if !isDataCategory(key) {
			t.Errorf("%s is not a category", key)
		}
	}
	if now, _ := replacement("user.health_and_medical.genetic"); now != "user.health.genetic" {
		t.Errorf("the replacement of a child is %q", now)
	}
}

func TestNotice_Hash(t *testing.T) {
	t.Parallel()
	n := Notice{Key: "a", Version: 1, Language: "en", Title: "b", Text: "c", Return: "d"}
	seen := map[string]bool{n.Hash(): true}
	for _, change := range []func(*Notice){
		func(n *Notice) { n.Key = "x" }, func(n *Notice) { n.Version = 2 }, func(n *Notice) { n.Language = "de" },
		func(n *Notice) { n.Title, n.Text = "bc", "" }, func(n *Notice) { n.Text = "x" }, func(n *Notice) { n.Return = "x" },
	} {
		other := n
		change(&other)
		if seen[other.Hash()] {
			t.Errorf("%+v has a hash that another has", other)
		}
		seen[other.Hash()] = true
	}
}

func TestMinutes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"00:00": 0, "20:00": 1200, "07:59": 479, "23:59": 1439} {
		if got, err := Minutes(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "24:00", "8", "20:00:00", "8pm", "-1:00"} {
		if _, err := Minutes(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}

// TestDefinitions_Faults covers definitions that say too little, or in old words.
func TestDefinitions_Faults(t *testing.T) {
	t.Parallel()
	d := Definitions{
		Purposes:   []Purpose{{Key: "Sales"}, {Key: "sales", Basis: ExistingCustomer, Label: "x"}, {Key: "sales", Basis: Consent, Label: "x"}},
		Categories: []Category{{Key: "user.health_and_medical", Label: "x"}, {Key: "user.name"}},
		Notices:    []Notice{{Key: "n"}},
		Packs:      []Pack{{Key: "p"}},
		Sources:    []Source{{Key: "s", Kind: "server", Origin: 1, Strict: true}, {Key: "t", Kind: "server"}},
		Topics:     []Topic{{Key: "t", Category: "user.health_and_medical.genetic", Label: "x"}},
	}
	var got []string
	for _, f := range d.Faults() {
		got = append(got, f.Place()+": "+f.Reason)
	}
	want := []string{
		"purpose/Sales key: a key is lower-case words, such as user.contact.email",
		"purpose/sales: is defined twice",
		"purpose/Sales key: Sales is not a Fides data use and lies right under none; check its spelling",
		"purpose/Sales label: needs a label that fits “we use it for …”",
		"purpose/Sales basis: needs a basis: consent, contract, legal_obligation or legitimate_interest",
		"purpose/sales basis: needs a basis: consent, contract, legal_obligation or legitimate_interest",
		"category/user.health_and_medical key: Fides replaced user.health_and_medical; write user.health",
		"category/user.name label: needs a label that fits “your …”",
		"notice/n@0/ version: versions count from 1",
		"notice/n@0/: needs a language, a title and a text",
		"notice/n@0/: needs what the person gets in return, how long the data is kept (keep) and how to take it back (withdraw)",
		"pack/p label: needs a label",
		"source/s strict: a strict source needs a notice",
		"source/t origin: needs an origin: declared, observed, inferred or third_party",
		"brand/: needs a key, a name, an address, an email and where its data lies, for they stand on receipts",
		"brand/ jurisdiction: needs an ISO 3166 code such as DE or US-CA",
		"topic/t category: category user.health_and_medical.genetic is not defined",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, f := range d.Faults() {
		if strings.TrimSpace(f.Kind) == "" {
			t.Errorf("a fault of no kind: %+v", f)
		}
	}
}

// TestDefinitions_Faults_nothingPromised lets a workspace that tells nobody
// anything yet do without a brand, and one that does not.
func TestDefinitions_Faults_nothingPromised(t *testing.T) {
	t.Parallel()
	d := Definitions{Purposes: []Purpose{{Key: "sales", Label: "x", Basis: Consent}}, Categories: []Category{{Key: "user.name", Label: "name"}}}
	if faults := d.Faults(); len(faults) > 0 {
		t.Errorf("%+v", faults)
	}
	d.Notices = []Notice{{Key: "n", Version: 1, Language: "en", Title: "t", Text: "t", Return: "r", Keep: "k", Withdraw: "w"}}
	if faults := d.Faults(); len(faults) == 0 || faults[0].Kind != "brand" {
		t.Errorf("a promise without a name under it: %+v", faults)
	}
}
