package define

import (
	"regexp"
	"strconv"
	"strings"
)

// Signal is one thing that a site's consent tool can say, and what it means in
// the words of the workspace. Key names it:
//
//	tcf.purpose.4, tcf.feature.1    a purpose or special feature of the TCF
//	category.Advertising            a category of the tool, as Segment and RudderStack pass it on
//	subscription.EMAIL              a kind of subscription to an address
//	opt_out.sale (sharing, targeted, child)   what US privacy laws let a person stop
//
// A meaning that several signals of one tool share needs a yes to all of them.
type Signal struct {
	Key   string    `yaml:"key" json:"key"`
	Label string    `yaml:"label" json:"label"` // the tool's words
	Means []Meaning `yaml:"means" json:"means"`
}

// Meaning is a purpose, on one channel and about one topic or, where those are
// empty, all of them.
type Meaning struct {
	Purpose string `yaml:"purpose" json:"purpose"`
	Channel string `yaml:"channel" json:"channel,omitempty"`
	Topic   string `yaml:"topic" json:"topic,omitempty"`
}

var signalKey = regexp.MustCompile(`^(tcf\.purpose\.([1-9]|1\d|2[0-4])|tcf\.feature\.([1-9]|1[0-2])|(category|subscription)\.\S.*|opt_out\.(sale|sharing|targeted|child))$`)

func (c *check) signals(all []Signal) {
	seen := map[string]bool{}
	for _, s := range all {
		if !signalKey.MatchString(s.Key) {
			c.say("signal", s.Key, "key", "is tcf.purpose.1 to 24, tcf.feature.1 to 12, category.NAME, subscription.NAME, or opt_out. and sale, sharing, targeted or child")
		}
		if seen[s.Key] {
			c.say("signal", s.Key, "", "is defined twice")
		}
		seen[s.Key] = true
		if s.Label == "" {
			c.say("signal", s.Key, "label", "needs a label: what the tool calls it")
		}
		if len(s.Means) == 0 {
			c.say("signal", s.Key, "means", "needs at least one purpose that it opens or closes")
		}
		if strings.HasPrefix(s.Key, "subscription.") && len(s.Means) > 1 {
			c.say("signal", s.Key, "means", "a subscription is for one purpose")
		}
		for i, m := range s.Means {
			c.key("signal", s.Key, "means."+strconv.Itoa(i)+".purpose", m.Purpose)
		}
	}
}
