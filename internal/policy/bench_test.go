package policy_test

import (
	"testing"

	"github.com/heed-platform/heed/internal/fact"
	"github.com/heed-platform/heed/internal/policy"
)

// BenchmarkCase rules on one person and twenty of their values, as an audience
// or a decision does.
func BenchmarkCase(b *testing.B) {
	rules, _ := shop(b)
	q := policy.Question{Use: policy.Contact, Purpose: "marketing.communications.email", Channel: "email", Now: 1_000}
	s := policy.Standing{Jurisdiction: "DE", Grants: []fact.Grant{{Purpose: q.Purpose, Status: fact.Granted, Notice: "newsletter@2"}}}
	f := policy.Field{Name: "traits.phone", Category: "user.contact.phone_number", Origin: fact.Declared, Notice: "membership@3"}
	for b.Loop() {
		c := rules.Case(q, s)
		for range 20 {
			c.Sees(f)
		}
	}
}

// BenchmarkCompile makes rules of the example workspace.
func BenchmarkCompile(b *testing.B) {
	_, defs := shop(b)
	for b.Loop() {
		if _, err := policy.Compile(defs); err != nil {
			b.Fatal(err)
		}
	}
}
