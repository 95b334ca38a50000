package app_test

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/workspace"
)

// altered is the example workspace with some text replaced.
func altered(t *testing.T, file, old, now string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(workspace.Files, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(workspace.Files, path)
		out[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	text := string(out[file].Data)
	if !strings.Contains(text, old) {
		t.Fatalf("%s has no %q", file, old)
	}
	out[file].Data = []byte(strings.Replace(text, old, now, 1))
	return out
}

func TestRead_whatApprovalWouldRefuseIsFoundWithFileAndLine(t *testing.T) {
	t.Parallel()
	const letters, orders, texts = "campaigns/letters.yaml", "campaigns/orders.yaml", "campaigns/texts.yaml"
	for name, c := range map[string]struct {
		file, old, now string
		want           []string
	}{
		"a message for another channel": {
			texts, "channel: sms", "channel: webhook",
			[]string{texts + ":15: message: a webhook has a payload and nothing else"},
		},
		"an event that no notice promises for it": {
			orders, "purpose: essential.service.notifications.email", "purpose: essential.service.operations.support",
			[]string{
				orders + `:25: trigger: essential.service.operations.support is a service and does not speak in the moment "event:Order Completed"; its occasions are its own`,
				orders + `:25: trigger: no notice promises to use "Order Completed" for essential.service.operations.support, so it can start nothing`,
			},
		},
		"a channel that the purpose never uses": {
			texts, "purpose: marketing.communications.sms", "purpose: marketing.communications.email",
			[]string{
				texts + ":9: channel: marketing.communications.email never speaks through sms",
				texts + ":9: traits.phone is user.contact.phone_number, and no notice promises that for marketing.communications.email; no person can ever be reached this way",
				texts + ":10: traits.phone is user.contact.phone_number, and no notice promises that for marketing.communications.email; no person can ever be reached this way",
				texts + `:11: recipient: recipient "text-carrier" may not receive anything for marketing.communications.email`,
			},
		},
		"a moment that is no occasion of a service": {
			orders, "trigger: { event: Order Shipped }", "trigger: { event: Order Completed }",
			[]string{orders + `:12: trigger: essential.service.notifications.sms is a service and does not speak in the moment "event:Order Completed"; its occasions are its own`},
		},
		"nothing: any event may start what its promise covers": {
			letters, "trigger: { send: true }", "trigger: { event: Parcel Weighed By Moonlight }", nil,
		},
		"a recipient that is not there": {
			letters, "recipient: mail-relay", "recipient: mail-rely",
			[]string{letters + `:13: recipient: there is no recipient "mail-rely"`},
		},
		"a recipient for something else": {
			letters, "recipient: mail-relay", "recipient: text-carrier",
			[]string{letters + `:13: recipient: recipient "text-carrier" may not receive anything for marketing.communications.email`},
		},
		"an audience that is not there": {
			letters, "trigger: { enters: new-runners }", "trigger: { enters: old-runners }",
			[]string{letters + `:14: trigger: there is no audience "old-runners"`},
		},
		"a topic that is not there": {
			letters, "topic: pantry", "topic: pantrry",
			[]string{letters + `:69: topic: there is no topic "pantrry"`},
		},
		"a purpose that is not there": {
			texts, "purpose: marketing.communications.sms", "purpose: marketing.communications.smoke",
			[]string{texts + `:8: purpose: there is no purpose "marketing.communications.smoke"`},
		},
		"an audience without a purpose of the workspace": {
			"audiences/contact.yaml", "purpose: marketing.communications.sms", "purpose: marketing.communications.smoke",
			[]string{`audiences/contact.yaml:11: there is no purpose "marketing.communications.smoke"`},
		},
		"an identifier with a limit below one": {
			"namespaces.yaml", "limit: 1", "limit: -1",
			[]string{"namespaces.yaml:4: limit: must be between 1 and 100000"},
		},
		"a notice that is not there, said once": {
			"sources.yaml", "notice: app@1", "notice: app@7",
			[]string{"sources.yaml:5: source app: notice app@7 is not defined"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, faults := app.Read(altered(t, c.file, c.old, c.now))
			var got []string
			for _, f := range faults {
				got = append(got, f.String())
			}
			for _, want := range c.want {
				if !slices.Contains(got, want) {
					t.Errorf("want %q among %q", want, got)
				}
			}
			if len(got) != len(c.want) {
				t.Errorf("found %q", got)
			}
		})
	}
}

// What enters another audience is read for the campaign's purpose, too.
func TestRead_theAudienceThatStartsACampaignMustBeLawfulForIt(t *testing.T) {
	t.Parallel()
	_, faults := app.Read(altered(t, "campaigns/texts.yaml", "trigger: { send: true }", "trigger: { enters: jacket-lovers }"))
	for _, f := range faults {
		if strings.HasPrefix(f.String(), "campaigns/texts.yaml:12: ") && strings.Contains(f.Reason, "no notice promises") {
			return
		}
	}
	t.Errorf("found %v", faults)
}
