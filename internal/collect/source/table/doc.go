// Package table cuts files into rows: CSV in its dialects, columns held apart by
// spaces, JSON lines and JSON arrays, packed with gzip or not.
//
//	bytes ─▶ gzip? ─▶ encoding ─▶ Reader.Next ─▶ Row (line, cells or JSON)
//
// It promises bounded memory whatever the file holds: a row is at most MaxRow
// bytes, and one that cannot be read (an open quote, broken UTF-8, too few
// cells) comes back as a Row with a Fault, after which reading goes on with the
// next line. It repairs nothing and knows nothing about people or events.
//
// Start reading at Open, then Reader.Next.
package table
