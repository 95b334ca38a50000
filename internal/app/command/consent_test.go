package command_test

import (
	"encoding/json"
	"testing"
)

func TestConsentDecode(t *testing.T) {
	t.Parallel()
	d := desk{t, map[string]string{}, t.TempDir()}
	tests := []struct {
		kind, text, field string // of the JSON object
		want              any
		code              int
	}{
		{"gpp", "DBABTA~1YYN", "sectionIds", []any{6.0}, 0},
		{"tcf", "CPF_61ePF_61eFxAAAENAiCAAAAAAAAAAAAAAQAAAAAAAAAAIIACACA", "created", "2021-05-10T20:02:30.200Z", 0},
		{"tcf", "CPF_61ePF_61eFxAAAENAiCAAAAAAAAAAAAAAQAAAAAAAAAAIIACACA", "tc", "CPF_61ePF_61eFxAAAENAiCAAAAAAAAAAAAAAQAAAAAAAAAAIIACACA", 0},
		{"usp", "1YNN", "OptOutSale", "N", 0},
		{"gpp", "DBABTA~1YY", "error", "usp-form", 1},
		{"gpp", "DBABTA", "error", "gpp-section-count", 1},
		{"tcf", "BOS2bx5OS2bx5ABABBAAABoAAAAAFA", "error", "tcf-version", 1},
		{"tcf", "CPF_61ePF_61eFx", "error", "consent-cut-short", 1},
		{"usp", "1ynn", "usp", "1ynn", 1},
	}
	for _, tt := range tests {
		out, errs, code := d.try("consent", "decode", tt.kind, tt.text, "--json")
		var got map[string]any
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Errorf("%s %s: %v in %s", tt.kind, tt.text, err, out)
			continue
		}
		a, _ := json.Marshal(tt.want)
		b, _ := json.Marshal(got[tt.field])
		if code != tt.code || string(a) != string(b) || (code != 0) != (errs != "") || (code != 0) != (got["reason"] != nil) {
			t.Errorf("%s %s: %d, %s is %s, want %s; %s", tt.kind, tt.text, code, tt.field, b, a, errs)
		}
		plain, _, again := d.try("consent", "decode", tt.kind, tt.text)
		if again != code || (plain == "") != (code != 0) {
			t.Errorf("%s %s without --json: %d %q", tt.kind, tt.text, again, plain)
		}
	}
	for _, args := range [][]string{{"consent", "decode", "gdpr", "x"}, {"consent", "decode", "tcf"}, {"consent"}} {
		if _, _, code := d.try(args...); code != 2 {
			t.Errorf("%v: exit code %d, want 2", args, code)
		}
	}
	if out, _, _ := d.try("consent", "decode", "gpp", "DBABTA~1YYN"); out != "uspv1.Version: 1\nuspv1.Notice: \"Y\"\nuspv1.OptOutSale: \"Y\"\nuspv1.LspaCovered: \"N\"\n" {
		t.Errorf("plain lines: %q", out)
	}
	if out, _, _ := d.try("consent", "decode", "gpp", "DBABKYA~BAIAAAAAQA.YA"); out != "section 28: nobody here can read it\n" {
		t.Errorf("an unknown section: %q", out)
	}
}
