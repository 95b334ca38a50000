// Package audience keeps the people who match an expression, live.
//
//	Definition (key, expression, purpose) ── Compile ──▶ Set
//	Set.Touched(changed fields)                  who must be looked at again
//	Set.Moves(purpose, memberships, sight, now)  who entered, who left, when to look again
//	Tally                                        how many match, and what withholds the rest
//	Learned                                      what definitions are checked against
//
// An audience belongs to a purpose: its expression is asked of what that purpose
// may see of a person, so the same expression has other members for another
// purpose. Members are those for whom the answer is yes. Whoever is unknown,
// because something is withheld, is no member, and leaves when they were one.
//
// Everything here is a pure function of definitions, a sight and a time. The
// package does not ask the gate, store memberships or set timers; the line does.
// The language of expressions is in package expression. Start reading at
// Definition, then Set.Moves.
package audience
