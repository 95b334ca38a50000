// Package profile folds facts: those of one fragment into its State, and the
// States of one person into a Profile.
//
//	facts of a chain ──Apply──▶ fact.State ┐
//	facts of a chain ──Apply──▶ fact.State ┴─Fold──▶ fact.Profile
//
// What it promises:
//   - A State depends on the set of events only: late, early and shuffled events
//     give the same bytes. Consent is the exception, because it is a ledger: it
//     is read in the order in which heed heard it, and a refusal that was heard
//     stands until something newer is heard.
//   - A Profile depends on the set of States only. Folding changes no State, so
//     taking a fragment away again gives back exactly what was there before.
//   - Of one name the better origin speaks, then the newer value, unless the
//     workspace says otherwise (Rules). Every value keeps its provenance.
//   - Over the fragments of a person the most restrictive consent and
//     preferences hold, until the person settles it.
//   - Lists have limits; at a limit State.Full is set, and the facts keep all.
//
// It does not decide who is one person (identity) or who may see what (the gate),
// and it writes nothing. Orders are read in package order, money in money, the
// schema of what arrives in schema. Start reading at ApplyEvent, then Fold.
package profile
