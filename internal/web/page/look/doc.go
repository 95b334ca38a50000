// Package look gives the customer's pages one layout, one style sheet and one
// set of form pieces, in five languages and without JavaScript.
//
// An area of pages embeds its own templates and calls Parse for its set; to answer
// it calls Look.Render with a Page, which is written whole or not at all. In a
// template the functions are those of the reader's language: {{T "area.key"}},
// {{date .At}}, {{number .N}}. Pieces are templates of this package: {{template
// "field" .Email}} with a Field, {{template "choices" .Topics}} with Choices, and
// {{template "button" …}}, {{template "note" …}}; pieces.html has them all. What
// stands in a page is escaped by its place (html/template).
//
// Errors become pages too: wrap a handler in Look.Handle. The colors, the corner
// and the fonts are the brand's (Theme); the workspace refuses colors that some
// people cannot read. It knows nothing of sessions: what a page may show, the area
// decides. Start reading at Look.Render.
package look
