package define_test

import (
	"strings"
	"testing"

	"github.com/heed-platform/heed/internal/policy/define"
)

func TestFaults_signals(t *testing.T) {
	t.Parallel()
	means := []define.Meaning{{Purpose: "personalize"}}
	good := []string{"tcf.purpose.1", "tcf.purpose.24", "tcf.feature.2", "category.Advertising & more", "subscription.WhatsApp", "opt_out.child"}
	var d define.Definitions
	for _, key := range good {
		d.Signals = append(d.Signals, define.Signal{Key: key, Label: "a label", Means: means})
	}
	if faults := d.Faults(); len(faults) > 0 {
		t.Fatalf("sound signals have faults: %v", faults)
	}
	for want, s := range map[string]define.Signal{
		"is tcf.purpose.1 to 24": {Key: "tcf.purpose.25", Label: "x", Means: means},
		"opt_out. and sale":      {Key: "opt_out.everything", Label: "x", Means: means},
		"category.NAME":          {Key: "category.", Label: "x", Means: means},
		"is defined twice":       {Key: "tcf.purpose.1", Label: "x", Means: means},
		"needs a label":          {Key: "tcf.purpose.2", Means: means},
		"at least one purpose":   {Key: "tcf.purpose.2", Label: "x"},
		"neither a Fides":        {Key: "tcf.purpose.2", Label: "x", Means: []define.Meaning{{Purpose: "personalise"}}},
		"for one purpose":        {Key: "subscription.SMS", Label: "x", Means: append(means, means...)},
	} {
		faulty := d
		faulty.Signals = append(append([]define.Signal(nil), d.Signals...), s)
		faults := faulty.Faults()
		if len(faults) != 1 || !strings.Contains(faults[0].Reason, want) || faults[0].Kind != "signal" || faults[0].Key != s.Key {
			t.Errorf("%s: %+v", want, faults)
		}
	}
}
