package delivery

import (
	"context"
	"errors"
	"time"

	"github.com/heed-platform/heed/internal/keep/gate"
)

// Channel carries messages to people. Send returns nil when the other side took
// the message, a *Failure when it did not, and any other error when the outcome
// is not known.
type Channel interface {
	Send(ctx context.Context, label Label, c gate.Cleared) error
	// Protection is how the message travels, as its disclosure says it.
	Protection() string
}

// Hand carries payloads to a recipient outside; its errors are a Channel's. The
// recipient knows a payload by the label's Key, so one that may have arrived may
// be handed over again.
type Hand interface {
	Hand(ctx context.Context, label Label, h gate.Handed) error
	Protection() string
}

// Label is what stands on the outside of a message. It tells who it is about no
// more than the address does.
type Label struct {
	Key         string // the same for every try of one message: whoever gets it twice can tell
	Campaign    string
	Recipient   string // who carries or receives it, by the workspace's key
	List        string // which list it belongs to, for the recipient to sort by
	Unsubscribe string // one click ends it; "" on service messages
	Receipt     string // Links.ReadReceipt knows by it which message a report is about
	Service     bool
	Version     int64
}

// Class is what a failure means for the message.
type Class uint8

// The classes. The zero Class is the most careful one.
const (
	Unknown Class = iota // it may have arrived
	Refused              // the other side will never take it
	Later                // nothing was taken; trying again may help
)

// Failure is why a channel did not deliver. Its text is for the log and names
// nobody: servers quote addresses, so their words stay in the cause.
type Failure struct { //nolint:errname // as Denied: the word that the channels use
	Class  Class
	Code   string        // such as "smtp_550", kept with the outcome
	Detail string        // for the log: about the connection, never about a person
	After  time.Duration // when the other side wants to be asked again; 0 is not said
	cause  error
}

// Fail makes a Failure.
func Fail(class Class, code string, cause error) *Failure {
	return &Failure{Class: class, Code: code, cause: cause}
}

// Error is the code and the detail.
func (f *Failure) Error() string {
	if f.Detail == "" {
		return "the message was not delivered: " + f.Code
	}
	return "the message was not delivered: " + f.Code + ": " + f.Detail
}

// Unwrap is the cause.
func (f *Failure) Unwrap() error { return f.cause }

// failureOf reads any error of a channel; what it does not know is unknown.
func failureOf(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return Fail(Unknown, "unknown", err)
}
