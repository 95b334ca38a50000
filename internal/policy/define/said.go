package define

// What may stand in a grant's topic beside the topics of a workspace. A topic's
// key has no colon, so neither is ever mistaken for one.
const (
	// ToRecipient begins the topic of what a person says about one recipient:
	// "recipient:style-partner".
	ToRecipient = "recipient:"
	// Guesses is the topic of what a person says about values that were inferred.
	Guesses = "origin:inferred"
)
