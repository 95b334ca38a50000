package gate

import (
	"github.com/heed-platform/heed/internal/policy"
)

// The kinds of use: a closed set. Adding one is a promise and needs an ADR.
type (
	Resolve     struct{} // who is it
	Measure     struct{} // counts, never individuals
	Personalize struct{} // choose what to show
	Contact     struct{} // send
	Share       struct{} // hand to a recipient
	Learn       struct{} // train, mine
	Honor       struct{} // do what the person asked for
	Operate     struct{} // staff looking at one person: role, reason, logged
)

// Use is any of them.
type Use interface {
	Resolve | Measure | Personalize | Contact | Share | Learn | Honor | Operate
}

func kindOf[U Use]() policy.Use {
	var u U
	switch any(u).(type) {
	case Resolve:
		return policy.Resolve
	case Measure:
		return policy.Measure
	case Personalize:
		return policy.Personalize
	case Contact:
		return policy.Contact
	case Share:
		return policy.Share
	case Learn:
		return policy.Learn
	case Honor:
		return policy.Honor
	case Operate:
		return policy.Operate
	}
	return 0
}

// Pass says that one use of one person's data was asked for and allowed. It
// holds until its expiry; the zero Pass opens nothing.
type Pass[U Use] struct {
	_ [0]func(U)
	d *decision
}

// View is what one use may see of one person. The zero View shows nothing.
type View[U Use] struct {
	_ [0]func(U)
	d *decision
	s *sight
}

// Denied is the gate's no. Its text says nothing; its Ruling is for the ledger
// and for those who may read why.
type Denied struct{ Ruling policy.Ruling }

// Error says nothing more.
func (*Denied) Error() string { return "the gate did not allow this use" }
