package campaign

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/heed-platform/heed/internal/problem"
)

// Definition is a campaign as a team writes it. Its keys in YAML are spelled out
// even where they may be left out, because workspaces are checked against them.
type Definition struct {
	Key       string  `yaml:"key" json:"key"`
	Label     string  `yaml:"label" json:"label"`
	About     string  `yaml:"about" json:"about"` // what it is good for, for the one who approves
	Purpose   string  `yaml:"purpose" json:"purpose"`
	Channel   string  `yaml:"channel" json:"channel"`                       // email, sms, webhook
	Topic     string  `yaml:"topic" json:"topic,omitempty"`                 // what people may mute it by
	Audience  string  `yaml:"audience" json:"audience"`                     // an audience's key
	Recipient string  `yaml:"recipient" json:"recipient"`                   // who carries it
	Trigger   Trigger `yaml:"trigger" json:"trigger"`                       // what starts it
	Item      Item    `yaml:"item" json:"item,omitzero"`                    // what it is about
	Message   Message `yaml:"message" json:"message"`                       // what it says
	Expires   int     `yaml:"expires_hours" json:"expires_hours,omitempty"` // how long the moment lasts; 0 is two days
	Holdout   int     `yaml:"holdout_percent" json:"holdout_percent,omitempty"`
}

// Trigger is what starts it: exactly one of the three.
type Trigger struct {
	Event  string `yaml:"event" json:"event,omitempty"`   // a track event of this name
	Enters string `yaml:"enters" json:"enters,omitempty"` // somebody enters this audience
	Send   bool   `yaml:"send" json:"send,omitempty"`     // somebody sends it; each person gets a version once
}

// Item is what the message is about, so that nobody is offered what they have:
// one thing, any thing of a category, or what the moment's event names.
type Item struct {
	ID         string `yaml:"id" json:"id,omitempty"`                           // product_id or sku
	Event      bool   `yaml:"event" json:"event,omitempty"`                     // the products that the event names
	Category   string `yaml:"category" json:"category,omitempty"`               // the shop's word; alone, it is any thing of it
	Repurchase int    `yaml:"repurchase_days" json:"repurchase_days,omitempty"` // may be offered again after so many days; 0 is never
}

// Message is what is said, as templates.
type Message struct {
	Subject string `yaml:"subject" json:"subject,omitempty"`
	Text    string `yaml:"text" json:"text,omitempty"`
	HTML    string `yaml:"html" json:"html,omitempty"`
	Payload string `yaml:"payload" json:"payload,omitempty"`
}

const (
	defaultExpiry = 48      // hours that a moment lasts when the definition does not say
	maxExpiry     = 24 * 90 // hours
	maxRepurchase = 3660    // days
	maxHoldout    = 50      // percent
)

// Address is the attribute that holds where a channel reaches somebody; "" is a
// channel that needs none.
func Address(channel string) string {
	switch channel {
	case "email":
		return "email"
	case "sms":
		return "phone"
	}
	return ""
}

// Shares reports whether what goes through a channel goes to a company instead
// of the person: then the gate is asked about sharing, when it is decided as when
// it leaves.
func Shares(channel string) bool { return channel == "webhook" }

var errDefinition = problem.New(problem.Invalid, "campaign-invalid",
	"A campaign's definition can't be used; mend the fields that are named.")

var keys = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// Check finds what is wrong with the definition by itself. Its error is a problem
// "campaign-invalid" with a field campaign/KEY/PATH for each fault.
func (d Definition) Check() error {
	c := checker{key: d.Key}
	c.words(d)
	c.trigger(d)
	c.message(d)
	if d.Holdout < 0 || d.Holdout > maxHoldout {
		c.fault("holdout_percent", fmt.Sprintf("is between 0 and %d", maxHoldout))
	}
	if d.Expires < 0 || d.Expires > maxExpiry {
		c.fault("expires_hours", fmt.Sprintf("is between 1 and %d", maxExpiry))
	}
	return c.err()
}

// checker gathers the faults of one definition.
type checker struct {
	key    string
	faults []problem.Field
}

func (c *checker) fault(path, reason string) {
	c.faults = append(c.faults, problem.Field{Pointer: "campaign/" + c.key + "/" + path, Reason: reason})
}

func (c *checker) err() error {
	if len(c.faults) == 0 {
		return nil
	}
	p := errDefinition
	for _, f := range c.faults {
		p = p.At(f.Pointer, f.Reason)
	}
	return p
}

func (c *checker) words(d Definition) {
	for _, f := range []struct{ name, value string }{
		{"key", d.Key},
		{"label", d.Label},
		{"about", d.About},
		{"purpose", d.Purpose},
		{"channel", d.Channel},
		{"audience", d.Audience},
		{"recipient", d.Recipient},
	} {
		if strings.TrimSpace(f.value) == "" {
			c.fault(f.name, "is missing")
		}
	}
	if d.Key != "" && !keys.MatchString(d.Key) {
		c.fault("key", "is up to 63 small letters, digits, - and _")
	}
}

func (c *checker) trigger(d Definition) {
	starts := 0
	for _, s := range []bool{d.Trigger.Event != "", d.Trigger.Enters != "", d.Trigger.Send} {
		if s {
			starts++
		}
	}
	if starts != 1 {
		c.fault("trigger", "needs exactly one of event, enters and send")
	}
	switch {
	case d.Item.Event && d.Item.ID != "":
		c.fault("item", "is either one thing by its id, or what the event names")
	case d.Item.Event && d.Trigger.Event == "":
		c.fault("item", "can be what the event names only where an event starts the campaign")
	}
	if d.Item.Repurchase < 0 || d.Item.Repurchase > maxRepurchase {
		c.fault("item.repurchase_days", fmt.Sprintf("is between 1 and %d", maxRepurchase))
	}
	if d.Item.Repurchase > 0 && d.Item.ID == "" && d.Item.Category == "" && !d.Item.Event {
		c.fault("item", "needs an id, a category or event beside repurchase_days")
	}
}

func (c *checker) message(d Definition) {
	m := d.Message
	switch d.Channel {
	case "email":
		if m.Subject == "" || m.Text == "" || m.Payload != "" {
			c.fault("message", "an email has a subject and a text, perhaps html, and no payload")
		}
	case "sms":
		if m.Text == "" || m.Subject != "" || m.HTML != "" || m.Payload != "" {
			c.fault("message", "a text message has a text and nothing else")
		}
	case "webhook":
		if m.Payload == "" || m.Subject != "" || m.Text != "" || m.HTML != "" {
			c.fault("message", "a webhook has a payload and nothing else")
		}
	case "":
	default:
		c.fault("channel", "heed reaches people by email, sms and webhook")
	}
}
