package define

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/heed-platform/heed/internal/fact"
)

// Definitions is everything a workspace says about what data is, what it is for
// and what was promised. Compile turns it into Rules.
type Definitions struct {
	Purposes   []Purpose   `yaml:"purposes" json:"purposes"`
	Categories []Category  `yaml:"categories" json:"categories"`
	Notices    []Notice    `yaml:"notices" json:"notices"`
	Packs      []Pack      `yaml:"packs" json:"packs"`
	Recipients []Recipient `yaml:"recipients" json:"recipients"`
	Sources    []Source    `yaml:"sources" json:"sources"`
	Attributes []Attribute `yaml:"attributes" json:"attributes"`
	Topics     []Topic     `yaml:"topics" json:"topics"`
	Namespaces []Namespace `yaml:"namespaces" json:"namespaces"`
	Forms      []Form      `yaml:"forms" json:"forms"`
	Signals    []Signal    `yaml:"signals" json:"signals"`
	Brand      Brand       `yaml:"brand" json:"brand"`
}

// Purpose is what data is used for. Key is a Fides data use.
type Purpose struct {
	Key            string   `yaml:"key" json:"key"`
	Label          string   `yaml:"label" json:"label"`                               // the brand's words, fits "We use it for …"
	Basis          Basis    `yaml:"basis" json:"basis"`                               // where the law leaves the choice
	Service        bool     `yaml:"service" json:"service,omitempty"`                 // exempt from marketing's manners; essential.* only
	Occasions      []string `yaml:"occasions" json:"occasions,omitempty"`             // moments a service message may speak in ("event:Order Shipped")
	Channels       []string `yaml:"channels" json:"channels,omitempty"`               // where it may speak; any other is refused
	CoversChildren bool     `yaml:"covers_children" json:"covers_children,omitempty"` // a yes to it is a yes to the purposes below
	ThirdParty     bool     `yaml:"third_party" json:"third_party,omitempty"`         // bought data may decide here; off unless someone says so
}

// Category is a kind of data. Key is a Fides data category.
type Category struct {
	Key       string `yaml:"key" json:"key"`
	Label     string `yaml:"label" json:"label"`                   // fits "your …"
	Sensitive bool   `yaml:"sensitive" json:"sensitive,omitempty"` // with everything below it
	KeepDays  int    `yaml:"keep_days" json:"keep_days,omitempty"` // the longest that any notice keeps it and everything below it; 0 sets no end
}

// Notice is one version, in one language, of a text that people were shown.
type Notice struct {
	Key      string   `yaml:"key" json:"key"`
	Version  int      `yaml:"version" json:"version"`
	Language string   `yaml:"language" json:"language"`
	Title    string   `yaml:"title" json:"title"`
	Text     string   `yaml:"text" json:"text"`
	Covers   []Cover  `yaml:"covers" json:"covers"`
	Return   string   `yaml:"return" json:"return"`                 // what the person gets for it
	Keep     string   `yaml:"keep" json:"keep"`                     // how long, as the notice says it
	KeepDays int      `yaml:"keep_days" json:"keep_days,omitempty"` // the same in days after it happened; 0: until the person ends it
	Withdraw string   `yaml:"withdraw" json:"withdraw"`             // how to take it back
	Parties  []string `yaml:"parties" json:"parties,omitempty"`     // recipients named in it
}

// Ref is how values and grants name a notice: "membership@3".
func (n Notice) Ref() string { return n.Key + "@" + strconv.Itoa(n.Version) }

// Hash is the SHA-256 of what a person is shown, in hexadecimal.
func (n Notice) Hash() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{n.Key, strconv.Itoa(n.Version), n.Language, n.Title, n.Text, n.Return}, "\x00")))
	return hex.EncodeToString(sum[:])
}

// Cover is one promise: this kind of data, for these purposes.
type Cover struct {
	Category string   `yaml:"category" json:"category"`
	Purposes []string `yaml:"purposes" json:"purposes"`
	KeepDays int      `yaml:"keep_days" json:"keep_days,omitempty"` // for these purposes; 0 is as long as the notice says
}

// Pack is one law as data.
type Pack struct {
	Key           string     `yaml:"key" json:"key"`
	Label         string     `yaml:"label" json:"label"`
	Jurisdictions []string   `yaml:"jurisdictions" json:"jurisdictions"` // ISO 3166: "DE", "US-CA"
	Modes         []Term     `yaml:"modes" json:"modes"`
	GPC           GPC        `yaml:"gpc" json:"gpc"`
	Sensitive     Sensitive  `yaml:"sensitive" json:"sensitive"`
	Minors        []Minors   `yaml:"minors" json:"minors"`
	Transfers     Transfers  `yaml:"transfers" json:"transfers"`
	Clocks        []Clock    `yaml:"clocks" json:"clocks"`
	Holidays      []string   `yaml:"holidays" json:"holidays,omitempty"` // "12-25" each year, "2026-04-03" once; they are no working days
	Retained      []Retained `yaml:"retained" json:"retained,omitempty"`
}

// Term is how a pack lets one family of purposes begin, on one channel or, with
// an empty channel, on all. The longest purpose speaks, then the named channel.
type Term struct {
	Purpose string  `yaml:"purpose" json:"purpose"`
	Channel string  `yaml:"channel" json:"channel,omitempty"`
	Mode    Mode    `yaml:"mode" json:"mode"`
	Bases   []Basis `yaml:"bases" json:"bases,omitempty"` // accepted grounds; opt_in takes consent without saying so
	Law     string  `yaml:"law" json:"law,omitempty"`     // where it is written
}

// GPC is what a Global Privacy Control signal stops, and that it stops handing
// data to controllers.
type GPC struct {
	Stops []string `yaml:"stops" json:"stops"` // purposes and all below them
}

// Sensitive is how a pack treats sensitive categories beyond the house rule.
type Sensitive struct {
	OwnPurchase bool `yaml:"own_purchase" json:"own_purchase"` // a plain purchase for oneself opens that very category
}

// Minors closes purposes to the young.
type Minors struct {
	Under    int      `yaml:"under" json:"under"`                                     // years
	Purposes []string `yaml:"purposes" json:"purposes"`                               // and all below them
	Open     bool     `yaml:"open_while_unknown" json:"open_while_unknown,omitempty"` // not closed to those whose age nobody knows
}

// Transfers says which countries data may go to without further safeguards; "*" is all.
type Transfers struct {
	Free []string `yaml:"free" json:"free"`
}

// Clock is a deadline that a law sets.
type Clock struct {
	Name     string `yaml:"name" json:"name"` // access, erasure, withdrawal, breach, …
	Within   int    `yaml:"within" json:"within"`
	Unit     string `yaml:"unit" json:"unit"` // hours, days, business_days, months
	Extended int    `yaml:"extended" json:"extended,omitempty"`
	Forward  bool   `yaml:"forward" json:"forward,omitempty"` // a last day that is no working day moves to the next that is one
	Law      string `yaml:"law" json:"law,omitempty"`
}

// Retained is what a law makes the brand keep though the person is erased: it is
// kept apart, used for nothing else, and gone when its time is over.
type Retained struct {
	Label   string   `yaml:"label" json:"label"`             // fits "the law makes us keep …"
	Events  []string `yaml:"events" json:"events"`           // names of track events
	Keep    []string `yaml:"keep" json:"keep"`               // their properties that are kept; "products.price" is one of each product
	Traits  []string `yaml:"traits" json:"traits,omitempty"` // attributes that belong with them
	Years   int      `yaml:"years" json:"years"`
	YearEnd bool     `yaml:"from_year_end" json:"from_year_end,omitempty"` // the years begin when the calendar year ends
	Law     string   `yaml:"law" json:"law"`
}

// Recipient is a company outside that may receive personal data.
type Recipient struct {
	Key        string   `yaml:"key" json:"key"`
	Label      string   `yaml:"label" json:"label"`
	Role       Role     `yaml:"role" json:"role"`
	Country    string   `yaml:"country" json:"country"` // ISO 3166
	Safeguards string   `yaml:"safeguards" json:"safeguards,omitempty"`
	Purposes   []string `yaml:"purposes" json:"purposes"`
	Sub        []string `yaml:"sub" json:"sub,omitempty"` // keys of recipients it passes data to
	Contact    string   `yaml:"contact" json:"contact"`   // where a person objects, and where it is told of rights
	Contract   string   `yaml:"contract" json:"contract,omitempty"`
	Object     string   `yaml:"object" json:"object,omitempty"` // how a person objects there, in a sentence
	DSR        DSR      `yaml:"dsr" json:"dsr,omitzero"`
	Webhook    string   `yaml:"webhook" json:"webhook,omitempty"` // address that takes what is handed over, signed; "" takes nothing
	Approved   bool     `yaml:"approved" json:"approved"`
}

// DSR is how a recipient wants to be told that somebody used a right. The zero
// DSR is a mail to its Contact.
type DSR struct {
	Kind string `yaml:"kind" json:"kind"`         // opendsr, webhook, mail
	URL  string `yaml:"url" json:"url,omitempty"` // of opendsr and webhook
}

// Source is where events come from.
type Source struct {
	Key    string `yaml:"key" json:"key"`
	Label  string `yaml:"label" json:"label"`
	Kind   string `yaml:"kind" json:"kind"`                         // browser, server, import
	Notice string `yaml:"notice" json:"notice,omitempty"`           // what its values are given under, unless the event says otherwise
	Origin Origin `yaml:"origin" json:"origin"`                     // what its values are worth at best
	Strict bool   `yaml:"strict" json:"strict,omitempty"`           // refuse at the door what the notice does not list
	Expire int    `yaml:"expire_days" json:"expire_days,omitempty"` // its values age out after so many days; 0 is never
}

// Attribute says which category a trait or an event counter belongs to. Name is
// a trait ("phone") or a field path ("events.Product Viewed").
type Attribute struct {
	Name     string `yaml:"name" json:"name"`
	Label    string `yaml:"label" json:"label"`
	Category string `yaml:"category" json:"category"`
}

// Topic is a subject that a person may ask for or mute, and the data category
// of what the shop sells under it. Keys nest with dots. Words are what the
// shop's own catalog calls it ("Maternity", "Umstandsmode"); their case does
// not matter, and any step of a path such as "Women > Maternity" may match.
type Topic struct {
	Key      string   `yaml:"key" json:"key"`
	Label    string   `yaml:"label" json:"label"`
	Category string   `yaml:"category" json:"category"`
	Words    []string `yaml:"words" json:"words,omitempty"`
}

// Namespace is a kind of identifier.
type Namespace struct {
	Key      string   `yaml:"key" json:"key"`
	Label    string   `yaml:"label" json:"label"`
	Category string   `yaml:"category" json:"category"`
	Limit    int      `yaml:"limit" json:"limit,omitempty"`     // how many of them one person may have; 0 is no limit
	Days     int      `yaml:"days" json:"days,omitempty"`       // within how many days; 0 is ever
	Blocked  []string `yaml:"blocked" json:"blocked,omitempty"` // values that name nobody
}

// Brand is who speaks.
type Brand struct {
	Key          string `yaml:"key" json:"key"`
	Name         string `yaml:"name" json:"name"`
	Address      string `yaml:"address" json:"address"`
	Email        string `yaml:"email" json:"email"`
	Phone        string `yaml:"phone" json:"phone,omitempty"`
	Website      string `yaml:"website" json:"website"`
	Where        string `yaml:"where" json:"where"`               // where personal data lies
	Zone         string `yaml:"zone" json:"zone"`                 // IANA
	Jurisdiction string `yaml:"jurisdiction" json:"jurisdiction"` // ISO 3166
	Language     string `yaml:"language" json:"language"`
	Caps         []Cap  `yaml:"caps" json:"caps"`
	Quiet        Quiet  `yaml:"quiet" json:"quiet"`
	Theme        Theme  `yaml:"theme" json:"theme,omitzero"`
}

// Cap is at most Count marketing messages in any window of Hours; an empty
// channel counts all channels together.
type Cap struct {
	Channel string `yaml:"channel" json:"channel,omitempty"`
	Count   int    `yaml:"count" json:"count"`
	Hours   int    `yaml:"hours" json:"hours"`
}

// Quiet is when marketing is silent, as local times "20:00" and "08:00".
type Quiet struct {
	From string `yaml:"from" json:"from"`
	To   string `yaml:"to" json:"to"`
}

// Origin is fact.Origin as definitions write it.
type Origin fact.Origin
