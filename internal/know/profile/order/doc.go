// Package order makes purchases and spending of order events, so that an order
// which is told twice counts once.
//
//	event ──Read──▶ Report ──Apply──▶ State.Orders ──Totals──▶ purchases, spending
//
// A website and a till, or a shop and its payment provider, often report the
// same order under different message ids, late and in any order. So a State
// keeps orders by the hash of their id, and totals are made when a person is
// folded: the same order on two fragments of one person is one order too.
//
//   - Of several reports of a whole order ("Order Completed", "Order Updated")
//     one speaks: one with products before one without, then one with an amount,
//     then the latest.
//   - Reports of one line ("Product Purchased") add up, until a report of the
//     whole order replaces them.
//   - A refund, return or cancellation belongs to its order and waits for it. If
//     two sources report returns of one order, the larger sum of the two counts.
//     A return that names no order comes off whatever was bought of that item.
//
// The newest 128 orders of a fragment are kept like this. Older ones are settled:
// their sums move to State.Purchases and State.Spends and of the order itself
// only the key stays, which is enough to know it when it is told again. After
// 4,096 settled orders some keys are forgotten and State.Full says so.
//
// Everything here depends on the set of reports only, never on their order, as
// long as what belongs to one order arrives before 128 newer orders have. The
// package reads no clock and knows no consent. Start reading at Read.
package order
