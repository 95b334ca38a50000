// Package api is the public face of heed for programs: the door for events
// (ingest), the management API under /api/, health, and what other servers call.
//
// New puts them on one port; Admin has what only this machine may see. Every
// management route stands in one table with the roles that may use it, and the
// table is also what /api/openapi.json is made of: a route that is not in it
// does not exist.
//
// It decides nothing. What a route does is behind a small interface in deps.go,
// which internal/app fills in. Start reading at New, then routes.go.
package api
