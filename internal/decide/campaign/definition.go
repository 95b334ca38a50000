package campaign

import (
	"fmt"
	"strings"

	"github.com/heed-platform/heed/internal/problem"
)

// Definition is a campaign as a team writes it.
type Definition struct {
	Key       string  `yaml:"key" json:"key"`
	Label     string  `yaml:"label" json:"label"`
	About     string  `yaml:"about" json:"about"` // what it is good for, for the one who approves
	Purpose   string  `yaml:"purpose" json:"purpose"`
	Channel   string  `yaml:"channel" json:"channel"` // email, sms, webhook, outbox
	Topic     string  `yaml:"topic" json:"topic,omitempty"`
	Audience  string  `yaml:"audience" json:"audience"`   // an audience's key
	Recipient string  `yaml:"recipient" json:"recipient"` // who carries it
	Trigger   Trigger `yaml:"trigger" json:"trigger"`
	Item      Item    `yaml:"item" json:"item,omitzero"`
	Message   Message `yaml:"message" json:"message"`
	Expires   int     `yaml:"expires_hours" json:"expires_hours,omitempty"` // how long the moment lasts; 0 is the default
	Holdout   int     `yaml:"holdout_percent" json:"holdout_percent,omitempty"`
}

// Trigger is what starts it: exactly one of the three.
type Trigger struct {
	Event  string `yaml:"event" json:"event,omitempty"`   // an event of this name
	Enters string `yaml:"enters" json:"enters,omitempty"` // somebody enters this audience
	Send   bool   `yaml:"send" json:"send,omitempty"`     // somebody sends it, once
}

// Item is what the message is about, so that nobody is offered what they have.
type Item struct {
	ID         string `yaml:"id" json:"id,omitempty"`
	Repurchase int    `yaml:"repurchase_days" json:"repurchase_days,omitempty"` // may be offered again after so many days; 0 is never
}

// Message is what is said, as templates.
type Message struct {
	Subject string `yaml:"subject" json:"subject,omitempty"`
	Text    string `yaml:"text" json:"text,omitempty"`
	HTML    string `yaml:"html" json:"html,omitempty"`
	Payload string `yaml:"payload" json:"payload,omitempty"`
}

// defaultExpiry is how long a moment lasts when the definition does not say.
const defaultExpiry = 48

// Address is the attribute that holds where a channel reaches somebody.
func Address(channel string) string {
	switch channel {
	case "email":
		return "email"
	case "sms":
		return "phone"
	}
	return ""
}

var errDefinition = problem.New(problem.Invalid, "campaign-invalid",
	"A campaign's definition can't be used; mend the fields that are named.")

// Check finds what is wrong with the definition by itself.
func (d Definition) Check() error {
	p := errDefinition
	at := func(field, reason string) { p = p.At("campaign/"+d.Key+"/"+field, reason) }
	for _, f := range []struct{ name, value string }{
		{"key", d.Key}, {"label", d.Label}, {"about", d.About}, {"purpose", d.Purpose},
		{"channel", d.Channel}, {"audience", d.Audience}, {"recipient", d.Recipient},
	} {
		if strings.TrimSpace(f.value) == "" {
			at(f.name, "is missing")
		}
	}
	starts := 0
	for _, s := range []bool{d.Trigger.Event != "", d.Trigger.Enters != "", d.Trigger.Send} {
		if s {
			starts++
		}
	}
	if starts != 1 {
		at("trigger", "needs exactly one of event, enters and send")
	}
	switch d.Channel {
	case "email":
		if d.Message.Subject == "" || d.Message.Text == "" {
			at("message", "an email needs a subject and a text")
		}
	case "sms":
		if d.Message.Text == "" || d.Message.Subject != "" || d.Message.HTML != "" {
			at("message", "a text message has a text and nothing else")
		}
	case "webhook":
		if d.Message.Payload == "" {
			at("message", "a webhook needs a payload")
		}
	case "":
	default:
		at("channel", "heed reaches people by email, sms and webhook")
	}
	if d.Holdout < 0 || d.Holdout > 50 {
		at("holdout_percent", "is between 0 and 50")
	}
	if d.Expires < 0 || d.Expires > 24*90 {
		at("expires_hours", fmt.Sprintf("is between 1 and %d", 24*90))
	}
	if len(p.Fields) == 0 {
		return nil
	}
	return p
}
