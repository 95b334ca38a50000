package consent_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/heed-platform/heed/internal/collect/consent"
	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
)

// banner is a workspace in which every TCF purpose and feature opens a scope of
// its own, and two of them one more together.
func bannerMapping() *consent.Mapping {
	tcf := map[string][]consent.Scope{}
	for p := 1; p <= 24; p++ {
		tcf["purpose."+strconv.Itoa(p)] = []consent.Scope{{Purpose: fmt.Sprintf("p%d", p)}}
	}
	tcf["feature.1"] = []consent.Scope{{Purpose: "place"}}
	tcf["purpose.3"] = append(tcf["purpose.3"], consent.Scope{Purpose: "ads"})
	tcf["purpose.4"] = append(tcf["purpose.4"], consent.Scope{Purpose: "ads"})
	return consent.NewMapping(consent.Definition{
		TCF:     tcf,
		OptOuts: map[string][]consent.Scope{"targeted": {{Purpose: "ads", Channel: "onsite"}}},
		Topics: func(category string) []string {
			return map[string][]string{"user.health": {"maternity"}, "user.location.precise": {"nearby"}}[category]
		},
	})
}

// One TC string with purposes 1, 2 and 11, and others that the same person could
// send.
const (
	tcYes    = "CP1R2oAP1R2oAAfADAENAHEgAMAgAAAAAAAAEtQBAABAAGAARAlkCWgAAAAA.IAEEUAAA.YAAAAAAAASAA"
	tcGlobal = "CPF_61ePF_61eFxAAAENAiCAAAAAAEAAAAAAABIAAAAA" // for the shared scope
	gppOut   = "DBABLA~BVVVkkkkkpFY.YA"                       // out of everything, on the whole nation
)

const objected = "marketing.advertising.third_party: objected\n"

func TestHear_strings(t *testing.T) {
	t.Parallel()
	gpc := []string{"marketing.advertising.third_party: objected", "sales: objected", "third_party_sharing: objected"}
	tests := []struct {
		name, context string
		want          []string // lines that must be there
		never         string   // text that must not be
	}{
		{"TCF, heed's name", `{"consent":{"tcf":"` + tcYes + `"}}`, []string{"p1: granted", "p2: granted", "p3: denied", "p11: granted", "ads: denied", "place: denied"}, "refused"},
		{"TCF, beside the consent object", `{"tcfString":"` + tcYes + `"}`, []string{"p1: granted", "p12: denied"}, "refused"},
		{"TCF, as mobile SDKs store it", `{"IABTCF_TCString":"` + tcYes + `"}`, []string{"p1: granted"}, "refused"},
		{"TCF in a GPP string", `{"gppString":"DBABMA~` + tcYes + `"}`, []string{"p1: granted", "p3: denied"}, "refused"},
		{"TCF and a category tool that says no", `{"consent":{"tcf":"` + tcYes + `","categoryPreferences":{"p1":true}}}`, []string{"p1: granted"}, "x"},
		{"of the shared scope: only the refusals", `{"tcf":"` + tcGlobal + `"}`, []string{"p1: denied", "p3: denied"}, "granted"},
		{"cut", `{"tcf":"` + tcYes[:40] + `"}`, []string{"refused context.tcf"}, "granted"},
		{"version 1", `{"tcf":"BOS2bx5OS2bx5ABABBAAABoAAAAAFA"}`, []string{"refused context.tcf"}, "granted"},
		{"no string", `{"tcf":{"tcString":"` + tcYes + `"}}`, []string{"refused context.tcf"}, "granted"},
		{"empty: the tool does not know yet", `{"tcf":"","gpp":null,"usp":""}`, nil, "e"},
		{"GPP, out of everything", `{"consent":{"gpp":"` + gppOut + `"}}`, append([]string{"ads onsite: objected", "nearby: objected"}, gpc...), "granted"},
		{"GPP, out of nothing", `{"gpp":"DBABLA~BVQqAAAAAgA.QA"}`, nil, "e"},
		{"GPP with a broken section: refusals count", `{"gpp":"DBACLMA~BVVVkkkkkpFY.YA~BAUAA"}`, append([]string{"refused context.gpp"}, gpc...), "granted"},
		{"GPP with a broken section: a yes does not", `{"gpp":"DBACNYA~` + tcYes + `~1Y"}`, []string{"refused context.gpp", "p3: denied"}, "granted"},
		{"US privacy, out", `{"usPrivacy":"1YYN"}`, gpc, "granted"},
		{"US privacy, not out", `{"us_privacy":"1YNN"}`, nil, "e"},
		{"US privacy, small letters", `{"usp":"1yyn"}`, []string{"refused context.usp"}, "granted"},
		{"GPC by the SDK", `{"gpc":true}`, gpc, "granted"},
		{"GPC in the consent object", `{"consent":{"globalPrivacyControl":true}}`, gpc, "granted"},
		{"no GPC by the SDK", `{"gpc":false,"globalPrivacyControl":null}`, nil, "e"},
	}
	for _, tt := range tests {
		e := accepted(t, event.Browser, fact.Declared, strings.Replace(track(tt.context), `"userId":"u",`, "", 1))
		got := show(consent.Hear(&e, false, bannerMapping()))
		for _, line := range tt.want {
			if !strings.Contains("\n"+got, "\n"+line+"\n") {
				t.Errorf("%s: lacks %q in\n%s", tt.name, line, got)
			}
		}
		if strings.Contains(got, tt.never) {
			t.Errorf("%s: heard\n%s", tt.name, got)
		}
	}
}

// TestHear_childrenAndTopics: a known child without a parent's yes, and a health
// item, close what they are about.
func TestHear_childrenAndTopics(t *testing.T) {
	t.Parallel()
	// usnat 2: health is place 3, a child of 13 to 16 place 1 of its list.
	e := accepted(t, event.Server, fact.Declared, track(`{"gpp":"DBABLA~CAAABAAAAEBA.QA"}`))
	got := show(consent.Hear(&e, false, bannerMapping()))
	want := lines("maternity: objected", "marketing: objected", "personalize: objected", "sales: objected", "third_party_sharing: objected")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestHear_optOutsWithoutAMapping: what the law lets a person stop needs nobody
// to have mapped it.
func TestHear_optOutsWithoutAMapping(t *testing.T) {
	t.Parallel()
	e := accepted(t, event.Server, fact.Declared, track(`{"usp":"1YYN","tcf":"`+tcYes+`"}`))
	h := consent.Hear(&e, false, nil)
	byMethod := map[string]int{}
	for _, g := range h.Grants {
		byMethod[g.Method]++
	}
	if byMethod[consent.MethodGPC] != 3 || byMethod[consent.MethodState] != 2 || len(h.Grants) != 5 {
		t.Errorf("heard %s", show(h))
	}
}

// TestHear_claims: a browser that merely names somebody lowers for them, and
// raises nothing.
func TestHear_claims(t *testing.T) {
	t.Parallel()
	body := `{"type":"track","event":"A","userId":"u","context":{"tcf":"` + tcYes + `","usp":"1YYN"}}`
	e := accepted(t, event.Browser, fact.Declared, body)
	got := show(consent.Hear(&e, false, bannerMapping()))
	if strings.Contains(got, "granted") || !strings.Contains(got, "p3: denied") || !strings.Contains(got, "sales: objected") {
		t.Errorf("heard\n%s", got)
	}
	bought := accepted(t, event.Import, fact.ThirdParty, body)
	if got := show(consent.Hear(&bought, false, bannerMapping())); strings.Contains(got, "granted") || !strings.Contains(got, objected) {
		t.Errorf("of a bought list was heard\n%s", got)
	}
}

// granted are the scopes to which a string says yes.
func granted(t testing.TB, kind, text string) map[string]bool {
	t.Helper()
	e := fact.Event{
		Type: fact.Track, Name: event.ConsentUpdated, Verified: true, Origin: fact.Declared,
		Raw: fact.Raw(`{"context":{"` + kind + `":` + strconv.Quote(text) + `}}`),
	}
	yes := map[string]bool{}
	for _, g := range consent.Hear(&e, false, bannerMapping()).Grants {
		if g.Status == fact.Granted {
			yes[g.Purpose] = true
		}
	}
	return yes
}

// answers are the purposes to which the banner behind a string said yes; feature
// 1 is place.
func answers(t testing.TB, kind, text string) map[string]bool {
	t.Helper()
	fields, err := decode(t, kind, text)
	if err != nil {
		return map[string]bool{}
	}
	yes := map[string]bool{"ads": true}
	note := func(name string, list any) {
		values, _ := list.([]any)
		for i, v := range values {
			switch id, number := v.(float64); {
			case number:
				yes[name+strconv.Itoa(int(id))] = true
			case v == true:
				yes[name+strconv.Itoa(i+1)] = true
			}
		}
	}
	sections := []map[string]any{fields}
	if all, ok := fields["sections"].(map[string]any); ok {
		for _, s := range all {
			sections = append(sections, s.(map[string]any)["section"].(map[string]any))
		}
	}
	for _, s := range sections {
		for _, name := range []string{"purposeConsents", "PurposeConsents", "PurposesExpressConsent"} {
			note("p", s[name])
		}
		for _, name := range []string{"specialFeatureOptins", "SpecialFeatureOptins", "SpecialFeatureExpressConsent"} {
			note("f", s[name])
		}
	}
	yes["place"] = yes["f1"]
	return yes
}

// TestHear_aCutNeverGrants cuts every known string at every byte: whatever is
// left, nothing is allowed to which the whole did not say yes.
func TestHear_aCutNeverGrants(t *testing.T) {
	t.Parallel()
	all := readVectors(t).strings()
	all["tcf"] = append(all["tcf"], tcYes)
	all["gpp"] = append(all["gpp"], gppOut, "DBABMA~"+tcYes, "DBACNYA~"+tcYes+"~1YYN")
	tried, yes := 0, 0
	for kind, texts := range all {
		for _, text := range texts {
			may := answers(t, kind, text)
			for at := range len(text) {
				for scope := range granted(t, kind, text[:at]) {
					yes++
					if !may[scope] {
						t.Errorf("%s cut at %d allows %s", text, at, scope)
					}
				}
				tried++
			}
		}
	}
	if tried < 2000 || yes == 0 {
		t.Errorf("%d cuts, %d of which said yes: this tried nothing", tried, yes)
	}
}

// TestHear_spoiledNeverGrants flips bits, too: a string that is refused allows
// nothing, and no string makes Hear panic.
func TestHear_spoiledNeverGrants(t *testing.T) {
	t.Parallel()
	all := readVectors(t).strings()
	all["tcf"] = append(all["tcf"], tcYes)
	rapid.Check(t, func(r *rapid.T) {
		kind := rapid.SampledFrom([]string{"tcf", "gpp", "usp"}).Draw(r, "kind")
		b := []byte(rapid.SampledFrom(all[kind]).Draw(r, "text"))
		for range rapid.IntRange(1, 4).Draw(r, "flips") {
			b[rapid.IntRange(0, len(b)-1).Draw(r, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(r, "bit")
		}
		text := strings.ToValidUTF8(string(b[:rapid.IntRange(0, len(b)).Draw(r, "cut")]), "?")
		if kind == "usp" {
			if len(granted(t, kind, text)) > 0 {
				r.Fatal("a US privacy string allowed something")
			}
			return
		}
		if _, err := decode(t, kind, text); err != nil && len(granted(t, kind, text)) > 0 {
			r.Fatalf("%q is refused (%v) and allows something", text, err)
		}
	})
}
