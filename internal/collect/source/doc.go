// Package source brings files in: Segment events as NDJSON or JSON, and any
// tables through a mapping.
//
//	folder ─▶ table (rows) ─▶ group, look up ─▶ mapping (events, items) ─▶ Sink
//
// What it promises:
//   - The same files give the same events under the same ids, however they are
//     cut and however often they come; so an import that was killed is started
//     again, and nothing happens twice. A checkpoint only saves time.
//   - Memory is bounded whatever the size of the files: rows of one order are
//     brought together by sorting on disk, sealed and without a trace.
//   - A row that cannot be understood becomes a line of rejects, with file, line
//     and reason, and stops no other row. What would be wrong without it (an
//     order of which a line is missing) is not imported.
//   - Nothing is imported before the mapping, the files and all their columns
//     were found to fit.
//
// It does not judge events (collect/event), commit them (line) or keep items
// (know/catalog): the caller wires those in as a Sink. Start reading at
// Importer.Run.
package source
