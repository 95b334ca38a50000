package app

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/heed-platform/heed/internal/collect/event"
	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/keep"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
)

// registry finds sources and tokens by the hash of their key.
type registry struct {
	sources map[person.Hash]event.Source
	byKey   map[string]event.Source
	tokens  map[person.Hash]keep.Token
}

// sourceBody is what a source's row says when the workspace does not define it.
type sourceBody struct {
	Kind   string `json:"kind"`
	Secret string `json:"secret"` // signs user ids, base64
}

const (
	firstSource = "server"
	firstToken  = "admin"
)

// secretText is n random bytes as text that is easy to copy.
func secretText(prefix string) string {
	var b [24]byte
	_, _ = rand.Read(b[:])
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// seed makes the first write key and the first API token of an empty database.
func (a *App) seed(ctx context.Context) error {
	tokens, err := a.Keep.Tokens(ctx)
	if err != nil {
		return err
	}
	if len(tokens) > 0 {
		return nil
	}
	a.first = First{WriteKey: a.Config.WriteKey.Text(), AdminToken: a.Config.AdminToken.Text(), Made: true}
	if a.first.WriteKey == "" {
		a.first.WriteKey = secretText("wk_")
	}
	if a.first.AdminToken == "" {
		a.first.AdminToken = secretText("at_")
	}
	if err := a.starter(ctx); err != nil {
		return err
	}
	if err := a.putSource(ctx, "heed", firstSource, "server", a.first.WriteKey); err != nil {
		return err
	}
	// The token comes last: while there is none, the next start seeds again.
	return a.Keep.PutToken(ctx, "heed", keep.Token{
		Name: firstToken, Role: string(catalog.Admin), Hash: a.Keep.SecretHash("token", a.first.AdminToken), At: a.Clock.Now(),
	})
}

func (a *App) putSource(ctx context.Context, by, key, kind, writeKey string) error {
	body, err := json.Marshal(sourceBody{Kind: kind, Secret: secretText("")})
	if err != nil {
		return fmt.Errorf("write source: %w", err)
	}
	return a.Keep.PutSource(ctx, by, keep.Source{Key: key, KeyHash: a.Keep.SecretHash("write-key", writeKey), Body: body})
}

// AddSource makes a new write key for a source and returns it; it is shown once.
func (a *App) AddSource(ctx context.Context, by catalog.Actor, key, kind string) (string, error) {
	writeKey := secretText("wk_")
	if err := a.putSource(ctx, by.String(), key, kind, writeKey); err != nil {
		return "", err
	}
	return writeKey, a.loadSources(ctx)
}

// loadSources reads sources and tokens anew.
func (a *App) loadSources(ctx context.Context) error {
	sources, err := a.Keep.Sources(ctx)
	if err != nil {
		return err
	}
	tokens, err := a.Keep.Tokens(ctx)
	if err != nil {
		return err
	}
	reg := &registry{sources: map[person.Hash]event.Source{}, byKey: map[string]event.Source{}, tokens: map[person.Hash]keep.Token{}}
	for _, row := range sources {
		s, err := a.sourceOf(row)
		if err != nil {
			return err
		}
		reg.sources[row.KeyHash], reg.byKey[row.Key] = s, s
	}
	for _, t := range tokens {
		reg.tokens[t.Hash] = t
	}
	a.sources.Store(reg)
	return nil
}

// sourceOf is what the line needs to know of a source: the workspace's
// definition where there is one, else what its row says.
func (a *App) sourceOf(row keep.Source) (event.Source, error) {
	var body sourceBody
	if err := json.Unmarshal(row.Body, &body); err != nil {
		return event.Source{}, fmt.Errorf("source %s: %w", row.Key, err)
	}
	s := event.Source{Key: row.Key, Kind: kindOf(body.Kind), Origin: fact.Declared, Secret: event.Key(body.Secret), Canonical: a.canonical, Once: a.once}
	def, ok := a.World().Rules.Source(row.Key)
	if !ok {
		return s, nil
	}
	s.Kind, s.Notice, s.Origin, s.Strict = kindOf(def.Kind), def.Notice, fact.Origin(def.Origin), def.Strict
	s.Allowed = a.allowed
	return s, nil
}

func kindOf(word string) event.Kind {
	switch word {
	case "server":
		return event.Server
	case "import":
		return event.Import
	default: // what is not known is trusted no further than a browser
		return event.Browser
	}
}

// canonical is the form under which an identifier is found, by today's rules.
func (a *App) canonical(ns person.Namespace, value string) (string, bool) {
	return a.World().Know.Text(ns, value)
}

// once gives what canonical answered about a value at other times.
func (a *App) once(ns person.Namespace, value string) (forms []string, nobody bool) {
	return a.World().Know.Once(ns, value)
}

// allowed says whether a strict source's notice lists a field.
func (a *App) allowed(notice, field string) bool {
	rules := a.World().Rules
	n, ok := rules.Notice(notice)
	if !ok {
		return false
	}
	category := rules.Category(field)
	for _, c := range n.Covers {
		if category != "" && policy.Within(category, c.Category) {
			return true
		}
	}
	return false
}

// Source finds a source by its write key.
func (a *App) Source(writeKey string) (event.Source, bool) {
	s, ok := a.sources.Load().sources[a.Keep.SecretHash("write-key", writeKey)]
	return s, ok
}

// SourceNamed finds a source by its name in the workspace.
func (a *App) SourceNamed(key string) (event.Source, bool) {
	s, ok := a.sources.Load().byKey[key]
	return s, ok
}

// Actor finds who holds an API token.
func (a *App) Actor(token string) (catalog.Actor, bool) {
	t, ok := a.sources.Load().tokens[a.Keep.SecretHash("token", token)]
	return catalog.Actor{Role: catalog.Role(t.Role), Name: t.Name}, ok
}

// AddToken makes a token for a role and returns it; it is shown once.
func (a *App) AddToken(ctx context.Context, by catalog.Actor, role catalog.Role, name string) (string, error) {
	token := secretText("at_")
	err := a.Keep.PutToken(ctx, by.String(), keep.Token{
		Name: name, Role: string(role), Hash: a.Keep.SecretHash("token", token), At: a.Clock.Now(),
	})
	if err != nil {
		return "", err
	}
	return token, a.loadSources(ctx)
}

// addSources makes write keys for sources that the workspace defines and that
// have none yet.
func (a *App) addSources(ctx context.Context, by catalog.Actor) error {
	have, err := a.Keep.Sources(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, s := range have {
		known[s.Key] = true
	}
	for _, def := range a.World().Workspace.Policy().Sources {
		if known[def.Key] {
			continue
		}
		writeKey := secretText("wk_")
		if err := a.putSource(ctx, by.String(), def.Key, def.Kind, writeKey); err != nil {
			return err
		}
		a.made.add(def.Key, writeKey)
	}
	return nil
}

// keys are write keys that were made and not yet shown.
type keys struct {
	mu   sync.Mutex
	made map[string]string
}

func (k *keys) add(source, writeKey string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.made == nil {
		k.made = map[string]string{}
	}
	k.made[source] = writeKey
}

// NewKeys gives the write keys that were made since it was last asked, by
// source; they are shown once.
func (a *App) NewKeys() map[string]string {
	a.made.mu.Lock()
	defer a.made.mu.Unlock()
	out := a.made.made
	a.made.made = nil
	return out
}
