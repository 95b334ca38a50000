// Package problem gives every error two faces: a public one for whoever asked,
// and a private cause for the log.
//
// The public face is a kind, a stable code with a page under docs/problems, and
// a constant sentence. It never holds data of a person: names of fields,
// definitions and positions only. The private cause may hold anything a log of
// ours may hold, and only Error.Unwrap shows it.
//
// It promises that an error nobody classified says nothing (Internal). It does
// not know HTTP: package web turns a problem into application/problem+json
// (RFC 9457). Start reading at New.
package problem

import (
	"errors"
	"fmt"
	"strings"
)

// Kind is a small closed set; the zero Kind is Internal, which shows nothing.
type Kind uint8

// The kinds, in the order of how little they say.
const (
	Internal Kind = iota
	Invalid
	Unauthenticated
	Forbidden
	Withheld // answered exactly like NotFound: a status must not confirm that a person exists
	NotFound
	Conflict
	Gone
	TooLarge
	TooMany
	Unavailable
	Timeout
)

// String is the word used in logs.
func (k Kind) String() string {
	words := [...]string{
		"internal", "invalid", "unauthenticated", "forbidden", "withheld", "not found",
		"conflict", "gone", "too large", "too many", "unavailable", "timeout",
	}
	if int(k) < len(words) {
		return words[k]
	}
	return "internal"
}

// Field is one place in the input and what is wrong there.
type Field struct {
	Pointer string `json:"pointer"` // JSON pointer, or file:line for files
	Reason  string `json:"reason"`
}

// Error is a problem. Code is stable and kebab-case; Detail is a constant
// sentence that says what happened and how to mend it.
type Error struct {
	Kind   Kind
	Code   string
	Detail string
	Fields []Field
	cause  error
}

// New makes a problem. Detail ends with a full stop and names no person's data.
func New(kind Kind, code, detail string) *Error {
	return &Error{Kind: kind, Code: code, Detail: detail}
}

// At returns a copy with one more place and reason.
func (e *Error) At(pointer, reason string) *Error {
	c := *e
	c.Fields = append(append([]Field(nil), e.Fields...), Field{Pointer: pointer, Reason: reason})
	return &c
}

// Because returns a copy that keeps err as the private cause.
func (e *Error) Because(err error) *Error {
	c := *e
	c.cause = err
	return &c
}

// Error is the public face.
func (e *Error) Error() string {
	if len(e.Fields) == 0 {
		return e.Detail
	}
	places := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		places[i] = fmt.Sprintf("%s: %s", f.Pointer, f.Reason)
	}
	return e.Detail + " (" + strings.Join(places, "; ") + ")"
}

// Unwrap is the private cause, for the log only.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is compare problems by code.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

var errInternal = New(Internal, "internal", "Something went wrong inside heed; the log has the cause under this request's id.")

// Of is the problem in err's chain; anything unclassified becomes Internal with
// err as its cause. Of(nil) is nil.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	if p, ok := errors.AsType[*Error](err); ok {
		return p
	}
	return errInternal.Because(err)
}
