package leak

import (
	"slices"

	"github.com/heed-platform/heed/internal/clock"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
)

// Scope is what got out, as far as anybody knows. An empty list is "any"; a
// scope with recipients is about data that had been handed to them.
type Scope struct {
	Since      clock.Instant `json:"since,omitzero"`
	Until      clock.Instant `json:"until,omitzero"` // zero is until now
	Sources    []string      `json:"sources,omitempty"`
	Recipients []string      `json:"recipients,omitempty"`
	Categories []string      `json:"categories,omitempty"` // with all below them
	Audience   string        `json:"audience,omitempty"`   // only who belongs to it now
}

var errScope = problem.New(problem.Invalid, "leak-scope", "The scope of the leak names something that is not there; mend it and ask again.")

// Check finds what the workspace does not know: a scope with a slip of the pen
// would find nobody, and nobody would look again.
func (s Scope) Check(r *policy.Rules, audience func(key string) bool) error {
	err := errScope
	for _, key := range s.Sources {
		if _, ok := r.Source(key); !ok {
			err = err.At("sources", key+" is no source of the workspace")
		}
	}
	for _, key := range s.Recipients {
		if _, ok := r.Recipient(key); !ok {
			err = err.At("recipients", key+" is no recipient of the workspace")
		}
	}
	if s.Audience != "" && !audience(s.Audience) {
		err = err.At("audience", "is none of the workspace")
	}
	if s.Until != 0 && s.Until < s.Since {
		err = err.At("until", "lies before since")
	}
	if len(err.Fields) > 0 {
		return err
	}
	return nil
}

func (s Scope) within(t clock.Instant) bool { return t >= s.Since && (s.Until == 0 || t <= s.Until) }

func (s Scope) source(key string) bool {
	return len(s.Sources) == 0 || slices.Contains(s.Sources, key)
}

func (s Scope) category(key string) bool {
	return key != "" && (len(s.Categories) == 0 || slices.ContainsFunc(s.Categories, func(c string) bool { return policy.Within(key, c) }))
}
