package command_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/heed-platform/heed/internal/app/command"
	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/config"
	"github.com/heed-platform/heed/internal/problem"
)

// plans types a command about campaigns and audiences; code is the problem's.
func (d desk) plans(args ...string) (out, code string) {
	d.t.Helper()
	var cli struct {
		Campaign command.CampaignCmd `cmd:""`
		Audience command.AudienceCmd `cmd:""`
	}
	parser, err := kong.New(&cli, kong.Name("heed"))
	if err != nil {
		d.t.Fatal(err)
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return "", "usage"
	}
	cfg, err := config.Load(config.Flags{}, d.lookup)
	if err != nil {
		d.t.Fatal(err)
	}
	var o bytes.Buffer
	e := &command.Env{
		Ctx: d.t.Context(), Out: &o, Err: io.Discard, Config: cfg, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler),
	}
	if err := parsed.Run(e); err != nil {
		return o.String(), problem.Of(err).Code
	}
	return o.String(), ""
}

func TestCampaign(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d desk) {
		t.Helper()
		d.hears("card-desk", `{"batch":[{"type":"identify","messageId":"p1","userId":"petra","traits":{"phone":"+49301234567"}}]}`)
		for _, c := range []struct {
			args, code string
			says       []string
		}{
			{"campaign list", "", []string{"draft", "bulk-sms@1", "send:bulk-sms", "event:Order Shipped"}},
			{"campaign dry-run bulk-sms", "", []string{"bulk-sms@1", "fewer than 10", "does not say “offers by text”", "would receive it now", "quiet_hours"}},
			{"campaign dry-run nothing", "campaign-missing", nil},
			{"campaign send bulk-sms --as marketer --by milan", "campaign-not-live", nil},
			{"campaign pause bulk-sms --as marketer --by milan", "status-not-allowed", nil},
			{"campaign pause bulk-sms --as auditor --by olga", "role-not-allowed", nil},
			{"campaign pause bulk-sms --as stranger", "usage", nil},
			{"audience preview phone_number", "", []string{"0  belong", "fewer than 10  may belong", "lack traits.phone"}},
			{"audience preview --expression has(traits.phone) --purpose essential.service", "", []string{"fewer than 10  belong"}},
			{"audience preview --expression has(traits.phone)", "preview-unclear", nil},
			{"audience preview nothing", "audience-missing", nil},
		} {
			out, code := d.plans(strings.Fields(c.args)...)
			if code != c.code {
				t.Errorf("heed %s: %q\n%s", c.args, code, out)
			}
			for _, word := range c.says {
				if !strings.Contains(out, word) {
					t.Errorf("heed %s does not say %q:\n%s", c.args, word, out)
				}
			}
		}
		d.run("approve", "bulk-sms", "--answer", "Yes.")
		for _, c := range [][2]string{
			{"campaign send bulk-sms --as marketer --by milan", "considered"},
			{"campaign pause bulk-sms --as marketer --by milan", "paused     bulk-sms@1"},
			{"campaign resume bulk-sms --as privacy --by petra", "live       bulk-sms@1"},
			{"campaign end bulk-sms --as marketer --by milan", "ended      bulk-sms@1"},
			{"campaign list --json", `"key":"bulk-sms","version":1`},
		} {
			if out, code := d.plans(strings.Fields(c[0])...); code != "" || !strings.Contains(out, c[1]) {
				t.Errorf("heed %s: %q\n%s", c[0], code, out)
			}
		}
		out, _ := d.plans("campaign", "dry-run", "order-shipped", "--json")
		var report struct {
			Campaign string
			Guards   []struct{ Guard, People string }
		}
		if err := json.Unmarshal([]byte(out), &report); err != nil || report.Campaign != "order-shipped" || len(report.Guards) < 10 {
			t.Errorf("%v %s", err, out)
		}
	})
}
