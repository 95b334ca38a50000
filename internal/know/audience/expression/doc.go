// Package expression reads the sentences that describe people, such as
//
//	traits.plan == "gold" && count("Order Completed", days(90)) >= 2
//
// and answers them for one person as yes, no or unknown. The grammar is CEL's
// and so is the meaning, wherever CEL has one; Compile checks the words and the
// types, and the checked tree answers by itself, without CEL's interpreter.
//
// What can be said:
//
//	traits.plan, traits.address.city, traits.`Favorite Brand`, traits["x"], traits.tags[0]
//	identifiers.email                       the strongest identifier of a namespace
//	has(traits.plan), has(identifiers.email)
//	count("Order Completed")                how often, ever
//	count("Order Completed", days(30))      how often, today and on the 29 days before (UTC)
//	first("Order Completed"), last("…")     when
//	bought("item id"), bought_category("shoes"), bought_brand("Acme")
//	bought_category("shoes", days(90))      and kept, the last one not longer ago
//	spend("EUR"), orders()                  money in major units (19.99); number of orders
//	within(t, days(30))                     t is past, and not longer ago than that
//	older(t, days(90))                      t is past, and longer ago than that
//	ahead(t, days(14))                      t is still to come, and not later than that
//	in_audience("regulars")                 the other audience's expression, asked of the same view
//	timestamp("2026-01-31T00:00:00Z"), days(n), weeks(n), hours(n)
//	contains, startsWith, endsWith, lowerAscii, upperAscii, size
//	== != < <= > >= in + - * / % && || ! ?:
//
// It promises three things. A value that is withheld is unknown, and so is
// every answer that hangs on it: a yes or a no holds whatever the withheld
// values are. A value that was never given is no mistake: a comparison says
// something about a value, and about no value it says nothing, so each of
// == != < <= > >= is false there, and ! turns that round. And nothing fails: an
// operation that makes no sense for the values it meets, such as dividing by
// zero, gives no value. The learned Schema can refuse an expression; it never
// changes what one means.
//
// It does not decide what may be seen (the gate gives a fact.Sight), and it
// keeps nothing. Start reading at Compile, then Expression.Judge, then logic.go.
package expression
