package catalog

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// files makes a folder of name and text in turns.
func files(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i+1 < len(pairs); i += 2 {
		fsys[pairs[i]] = &fstest.MapFile{Data: []byte(pairs[i+1])}
	}
	return fsys
}

func lines(faults []Fault) []string {
	out := []string{}
	for _, f := range faults {
		out = append(out, f.String())
	}
	return out
}

func TestLoad_faults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, file, text string
		want             []string // each a beginning of one fault, in order
	}{
		{"unknown key", "purposes.yaml", "- key: sales\n  label: x\n  basis: consent\n  bases: y\n", []string{"purposes.yaml:4: bases is not a key here; use one of key, label,"}},
		{"unknown key deep down", "packs/eu.yaml", "key: eu\nlabel: x\njurisdictions: [DE]\nmodes:\n  - purpose: sales\n    mode: opt_in\n    chanel: sms\n", []string{"packs/eu.yaml:7: chanel is not a key here; use one of purpose, channel, mode"}},
		{"key said twice", "brand.yaml", "key: a\nname: b\nkey: c\n", []string{"brand.yaml:3: key is said twice"}},
		{"word that is not in the list", "purposes.yaml", "- key: sales\n  label: x\n  basis: consent\n- key: collect\n  label: x\n  basis: concent\n", []string{"purposes.yaml:6: use one of consent, contract"}},
		{"word deep down", "packs/eu.yaml", "key: eu\nlabel: x\njurisdictions: [DE]\nmodes:\n  - purpose: sales\n    mode: opt_in\n  - purpose: collect\n    mode: optin\n", []string{"packs/eu.yaml:8: use one of forbidden, opt_in, opt_out, notice_only"}},
		{"text for a number", "notices/a.yaml", "key: a\nversion: two\n", []string{"notices/a.yaml:2: needs a whole number here"}},
		{"number for text", "brand.yaml", "key: a\nphone: 123\n", []string{"brand.yaml:2: needs text, in quotes if it looks like a number or a date here"}},
		{"the country of Norway", "packs/no.yaml", "key: no-pack\njurisdictions: [SE, NO]\n", nil},
		{"boolean for text", "packs/no.yaml", "key: no-pack\njurisdictions: [SE, true]\n", []string{"packs/no.yaml:2: needs text"}},
		{"text for a truth", "recipients.yaml", "- key: a\n  approved: yes please\n", []string{"recipients.yaml:2: needs true or false"}},
		{"value for a list", "purposes.yaml", "key: sales\nchannels: sms\n", []string{"purposes.yaml:2: needs a list here"}},
		{"list for keys", "packs/eu.yaml", "key: eu\ngpc: [sales]\n", []string{"packs/eu.yaml:2: needs keys with values (stops) here"}},
		{"no value", "brand.yaml", "key: a\nname:\n", []string{"brand.yaml:2: has no value; write one or leave the key out"}},
		{"date", "audiences/a.yaml", "key: a\nsince: 2026-01-01\n", []string{"audiences/a.yaml:2: write this in quotes"}},
		{"alias", "audiences/a.yaml", "key: &k a\nname: *k\n", []string{"audiences/a.yaml:1: anchors and aliases are not read", "audiences/a.yaml:2: anchors and aliases are not read"}},
		{"not YAML", "brand.yaml", "key: a\nname: [b\n", []string{"brand.yaml:"}},
		{"no key", "audiences/a.yaml", "name: x\n", []string{"audiences/a.yaml:1: has no key; every audience needs one"}},
		{"a word where keys belong", "audiences/a.yaml", "--- hello\n", []string{"audiences/a.yaml:1: needs keys with values here"}},
		{"unknown folder", "purpose/a.yaml", "key: a\n", []string{"purpose/a.yaml:1: heed does not know what this file holds; put it under one of attributes,"}},
		{"second document", "purposes.yaml", "key: sales\nlabel: x\nbasis: consent\n---\nkey: sales\nlabel: y\nbasis: consent\n", []string{"purposes.yaml:5: purpose sales is defined already, at purposes.yaml:1"}},
		{"same version, other text", "notices/a.yaml", "- {key: a, version: 1, language: en, text: x}\n- {key: a, version: 1, language: en, text: y}\n", []string{"notices/a.yaml:2: notice a@1/en is defined already"}},
		{"deep", "audiences/a.yaml", "key: a\nx: " + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "\n", []string{"audiences/a.yaml:2: nests deeper than 32"}},
		{"key that is no word", "audiences/a.yaml", "key: a\n1: x\n", []string{"audiences/a.yaml:2: a key is a word"}},
		{"empty file", "purposes.yaml", "# nothing yet\n", nil},
		{"readme", "README.md", "hello", nil},
		{"import mappings", "import/x.yaml", "anything: goes", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, faults := Load(files(tt.file, tt.text))
			got := lines(faults)
			for i := range got {
				if i < len(tt.want) && strings.HasPrefix(got[i], tt.want[i]) {
					got[i] = tt.want[i]
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" && len(tt.want)+len(got) > 0 {
				t.Error(diff)
			}
		})
	}
}

func TestLoad_shapeOfFurtherKinds(t *testing.T) {
	t.Parallel()
	type campaign struct {
		Key      string `yaml:"key"`
		Audience string `yaml:"audience"`
	}
	_, faults := Load(files("campaigns/a.yaml", "key: a\naudience: x\naudiance: y\n"), Shape{Campaign, campaign{}})
	if diff := cmp.Diff([]string{"campaigns/a.yaml:3: audiance is not a key here; use one of key, audience"}, lines(faults)); diff != "" {
		t.Error(diff)
	}
}

func TestLoad_hashIsOfWhatIsSaid(t *testing.T) {
	t.Parallel()
	hashOf := func(text string) string {
		w, faults := Load(files("audiences/a.yaml", text))
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		return w.Definitions[0].Hash
	}
	same := hashOf("key: a\nname: Regulars\nlimit: 3\nlist: [x, y]\n")
	for _, text := range []string{
		"# a comment\nlimit: 3\n\nlist:\n  - x\n  - 'y'\nname: \"Regulars\"\nkey: a\n",
		"- {list: [x, y], limit: 3, key: a, name: Regulars}\n",
		`{"key":"a","name":"Regulars","limit":3,"list":["x","y"]}`,
	} {
		if got := hashOf(text); got != same {
			t.Errorf("another hash for the same words:\n%s", text)
		}
	}
	for _, text := range []string{
		"key: a\nname: Regulars\nlimit: 3\nlist: [y, x]\n",
		"key: a\nname: Regulars\nlimit: '3'\nlist: [x, y]\n",
		"key: a\nname: Regulars \nlimit: 4\nlist: [x, y]\n",
	} {
		if got := hashOf(text); got == same {
			t.Errorf("the same hash for other words:\n%s", text)
		}
	}
}

func TestDefinition_At(t *testing.T) {
	t.Parallel()
	w, _ := Load(files("audiences/a.yaml", "key: a\nwhen:\n  all:\n    - x\n    - name: y\n"))
	for path, want := range map[string]int{"": 1, "when": 3, "when.all.0": 4, "when.all.1.name": 5, "when.all.7": 4, "when.none.x": 3, "nothing": 1} {
		if got := w.Definitions[0].At(path); got != want {
			t.Errorf("%q is at line %d, want %d", path, got, want)
		}
	}
}

func TestCheck_referencesThatLeadNowhere(t *testing.T) {
	t.Parallel()
	w, faults := Load(files(
		"brand.yaml", "key: a\nname: A\naddress: b\nemail: c\nwhere: d\nzone: Europe/Atlantis\njurisdiction: DE\ncaps:\n  - count: 0\n    hours: 1\nquiet: {from: '20', to: '08:00'}\n",
		"purposes.yaml", "- {key: sales, label: x, basis: consent}\n- {key: marketing.comunications.sms, label: x, basis: consent}\n- {key: sales.service, label: x, basis: contract, service: true}\n",
		"categories.yaml", "- {key: user.name, label: name}\n- {key: user.health.pregnancy, label: x}\n- {key: user.contact.url, label: x}\n- {key: user.adress.street, label: x}\n",
		"notices/n.yaml", "key: n\nversion: 1\nlanguage: en\ntitle: t\ntext: t\nreturn: r\nkeep: k\nwithdraw: w\ncovers:\n  - category: user.name\n    purposes:\n      - sales\n      - sale\n  - category: user.email\n    purposes: [sales]\nparties: [nobody]\n",
		"notices/m.yaml", "- {key: m, version: 1, language: de, title: t, text: t, return: r, keep: k, withdraw: w, covers: [{category: user.name, purposes: [sales]}]}\n- {key: m, version: 1, language: en, title: t, text: t, return: r, keep: k, withdraw: w, covers: []}\n",
		"packs/p.yaml", "key: p\nlabel: x\njurisdictions: [DE, Bavaria]\nmodes:\n  - purpose: sales\n    mode: opt_in\n  - purpose: selling\n    mode: opt_out\n  - purpose: sales\n    mode: opt_out\ngpc: {stops: [sels]}\nclocks: [{name: x, within: 1, unit: weeks}]\n",
		"recipients.yaml", "- {key: r, label: x, role: processor, country: DE, purposes: [sale], sub: [s]}\n- {key: q, label: x, country: DE}\n",
		"sources.yaml", "- {key: s, kind: browser, origin: declared, notice: n@2}\n- {key: u, kind: carrier, origin: declared}\n",
		"attributes.yaml", "- {name: phone, label: x, category: user.contact.phone_number}\n",
		"topics.yaml", "- {key: a, label: x, category: user.name, words: [Apparel]}\n- {key: b, label: x, category: user.name, words: [apparel]}\n",
	))
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	want := []string{
		"attributes.yaml:1: attribute phone: category user.contact.phone_number is not defined",
		"brand.yaml:6: brand: zone is an IANA name such as Europe/Berlin",
		"brand.yaml:9: brand: a cap needs a count and hours above zero",
		"brand.yaml:11: brand: quiet hours are local times such as \"20:00\"",
		"categories.yaml:2: category user.health.pregnancy: must be sensitive, or lie in a category that is",
		"categories.yaml:3: category user.contact.url: Fides replaced user.contact.url; write user.contact.social_url",
		"categories.yaml:4: category user.adress.street: user.adress.street is not a Fides data category and lies right under none; check its spelling",
		"notices/m.yaml:2: notice m@1/en: must promise the same in every language of version 1",
		"notices/n.yaml:13: notice n@1/en: purpose sale is not defined",
		"notices/n.yaml:14: notice n@1/en: category user.email is not defined",
		"notices/n.yaml:16: notice n@1/en: recipient nobody is not defined",
		"packs/p.yaml:3: pack p: Bavaria is not an ISO 3166 code such as DE or US-CA",
		"packs/p.yaml:7: pack p: selling is neither a Fides data use nor a purpose of this workspace",
		"packs/p.yaml:9: pack p: says sales twice",
		"packs/p.yaml:11: pack p: sels is neither a Fides data use nor a purpose of this workspace",
		"packs/p.yaml:12: pack p: needs within and a unit: hours, days, business_days or months",
		"purposes.yaml:2: purpose marketing.comunications.sms: marketing.comunications.sms is not a Fides data use and lies right under none; check its spelling",
		"purposes.yaml:3: purpose sales.service: only purposes under essential are service purposes",
		"recipients.yaml:1: recipient r: purpose sale is not defined",
		"recipients.yaml:1: recipient r: recipient s is not defined",
		"recipients.yaml:2: recipient q: needs a label, a role (processor or controller) and a country",
		"sources.yaml:1: source s: notice n@2 is not defined",
		"sources.yaml:2: source u: is browser, server or import",
		"topics.yaml:2: topic b: topic a has this word already",
	}
	if diff := cmp.Diff(want, lines(w.Check())); diff != "" {
		t.Error(diff)
	}
	if _, err := w.Compile(); err == nil {
		t.Error("definitions with faults compiled")
	}
}

// FuzzLoad reads whatever it is given as every kind; it never panics, and what
// it takes it takes again from the stored bytes, under the same hash.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"key: a\nversion: 1\n", "- {key: a}\n- {key: b}\n", "key: a\n---\nkey: b\n", "{", "key: !!binary x", "key: a\nx: 0x1F\ny: 1e400\nz: .nan\n",
		"key: a\nx: \"\\u2028\\0\"\n", "? [a]\n: b\n", "key: ~\n", "<<: {a: b}\n", "key: &a [*a]\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for folder := range folders {
			w, _ := Load(files(folder+"/x.yaml", text))
			w.Check()
			for _, d := range w.Definitions {
				again, faults := InForce([]Entry{{Kind: d.Kind, Key: d.Key, Status: Live, Body: d.Body, Hash: d.Hash}})
				if len(faults) > 0 || len(again.Definitions) != 1 || again.Definitions[0].Hash != d.Hash || again.Definitions[0].Key != d.Key {
					t.Fatalf("%s is read otherwise from its stored bytes: %v", d.Body, faults)
				}
			}
		}
	})
}
