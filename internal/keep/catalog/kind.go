package catalog

import (
	"strings"

	"github.com/heed-platform/heed/internal/policy/define"
)

// Kind is what a definition defines.
type Kind string

// The kinds. Those from Purpose to Brand are the law of the house: privacy
// applies them, and they hold at once.
const (
	Purpose   Kind = "purpose"
	Category  Kind = "category"
	Notice    Kind = "notice"
	Pack      Kind = "pack"
	Source    Kind = "source"
	Recipient Kind = "recipient"
	Attribute Kind = "attribute"
	Namespace Kind = "namespace"
	Topic     Kind = "topic"
	Form      Kind = "form"
	Signal    Kind = "signal"
	Brand     Kind = "brand"
	Audience  Kind = "audience"
	Campaign  Kind = "campaign"
)

// kinds lists them in the order in which they are stored and shown.
var kinds = []Kind{
	Purpose, Category, Notice, Pack, Source, Recipient, Attribute, Namespace, Topic, Form, Signal, Brand, Audience, Campaign,
}

// folders says which kind a file's first path element stands for.
var folders = map[string]Kind{
	"purposes": Purpose, "categories": Category, "notices": Notice, "packs": Pack, "sources": Source,
	"recipients": Recipient, "attributes": Attribute, "namespaces": Namespace, "topics": Topic,
	"forms": Form, "signals": Signal, "brand": Brand, "audiences": Audience, "campaigns": Campaign,
}

// elsewhere lists folders of a workspace that hold no definitions.
var elsewhere = map[string]bool{"import": true, "templates": true}

// kindOf reads the kind from a path such as "notices/membership.yaml".
func kindOf(file string) (Kind, bool) {
	first, _, _ := strings.Cut(file, "/")
	first = strings.TrimSuffix(strings.TrimSuffix(first, ".yaml"), ".yml")
	k, ok := folders[first]
	return k, ok
}

// house reports whether the kind is part of what is promised to people.
func (k Kind) house() bool { return k != Audience && k != Campaign }

// A Shape shows every key that a kind may have, as a value with one element in
// each list; what it does not show is refused.
type Shape struct {
	Kind   Kind
	Sample any
}

// shapes are the kinds that policy understands.
func shapes() map[Kind]any {
	one := []string{""}
	return map[Kind]any{
		Purpose:  define.Purpose{Occasions: one, Channels: one},
		Category: define.Category{},
		Notice:   define.Notice{Covers: []define.Cover{{Purposes: one}}, Parties: one},
		Pack: define.Pack{
			Jurisdictions: one, Modes: []define.Term{{Bases: []define.Basis{define.Consent}}},
			GPC: define.GPC{Stops: one}, Minors: []define.Minors{{Purposes: one}},
			Transfers: define.Transfers{Free: one}, Clocks: []define.Clock{{}}, Holidays: one,
			Retained: []define.Retained{{Events: one, Keep: one, Traits: one}},
		},
		Source:    define.Source{},
		Recipient: define.Recipient{Purposes: one, Sub: one},
		Attribute: define.Attribute{},
		Namespace: define.Namespace{Blocked: one},
		Signal:    define.Signal{Means: []define.Meaning{{}}},
		Topic:     define.Topic{Words: one},
		Form:      define.Form{Places: one, Ask: []define.Asked{{Options: one}}, Agree: []define.Agreement{{}}, Origins: one},
		Brand:     define.Brand{Caps: []define.Cap{{}}},
	}
}
