// Package catalog knows what the shop sells: items with their variants, what
// they cost, how many are left, and after how long one is used up.
//
//	API JSON, CSV row ──▶ Change ┐
//	product event     ──▶ Change ┴─Item.With──▶ Item ──Body──▶ a row of the store
//
// A Change says some things about one item and leaves the rest as it is. What
// was said on purpose (JSON, CSV) always holds; product events only fill gaps,
// and only when they are verified: what a public key says, anybody can say.
//
// Everything is pure. The package promises strict reading, with every fault of a
// record named by its place (problem catalog-item-invalid), and that With and
// Body give the same bytes for the same input. It stores nothing, and no item
// holds anything about a person. Start reading at Item, then Change.
package catalog
