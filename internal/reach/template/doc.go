// Package template turns what a marketer wrote and what the gate lets a use
// see into the text of one message.
//
// The language is a part of Liquid, because marketers know it. A template is
// code written by somebody, and values are data written by anybody, so:
//
//   - Every value is escaped for the place it stands in (Kind, and within HTML
//     the text, the attribute or the link). Nothing opts out; a value is never
//     read as a template. Places where escaping cannot make a value safe
//     (script, style, event handlers, unquoted attributes) are refused by Parse.
//   - Parse finds every field that the template can read (Fields), so that the
//     gate can be asked before anything is sent. A path that is only known
//     while rendering is refused.
//   - Render has a budget of steps and bytes instead of a clock: the same
//     template and values always give the same text or the same error, never
//     part of a text.
//
// Where Liquid's implementations differ, liquidjs is followed and is the oracle
// of the tests, but for these: characters are code points, not UTF-16 units;
// truncatewords adds nothing to a text that has just enough words; only the
// first “when” that fits is rendered; nil is blank from both sides; a number
// divided by zero is an error; a date without a time or a zone is the same day
// everywhere; objects are put out as JSON, and nil as JSON is null; integers
// keep all their digits; every unknown filter, tag or surplus word is an error.
//
// It does not decide who may see what, load snippets or send anything. Start
// reading at Parse, then at checker (what is found before rendering) and run
// (rendering); place.go follows the HTML around the values.
package template
