package api

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/heed-platform/heed/internal/problem"
	"github.com/heed-platform/heed/internal/web/api/describe"
)

// maxInput is the most bytes of a request's body.
const maxInput = 1 << 20

var (
	errInput  = problem.New(problem.Invalid, "request-invalid", "The request cannot be used; mend the places named. /api/openapi.json says what this address takes.")
	errLarge  = problem.New(problem.TooLarge, "request-too-large", "The request is larger than 1 MB; send it in parts.")
	errReason = problem.New(problem.Invalid, "reason-missing", "Looking at a person goes on the record; say why in the header X-Heed-Reason, in 1 to 500 bytes.")
)

// input reads the body into v by the route's own schema: one JSON object with
// the names it lists and no others.
func (c *visit) input(v any) error {
	raw, err := c.body()
	if err != nil {
		return err
	}
	names := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &names); err != nil {
		return misread(err)
	}
	known, others := c.route.body.Names()
	p := errInput
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !known[name] && !others {
			p = p.At("/"+name, "is not known here")
		}
	}
	for _, name := range c.route.body.Required() {
		if _, there := names[name]; !there {
			p = p.At("/"+name, "is missing")
		}
	}
	if len(p.Fields) > 0 {
		return p
	}
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return misread(err)
	}
	return nil
}

// misread names the place that a decoder stumbled over, never what stood there.
func misread(err error) error {
	var wrong *json.UnmarshalTypeError
	var broken *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return errInput.At("/"+strings.ReplaceAll(wrong.Field, ".", "/"), "has another type than this address takes").Because(err)
	case errors.As(err, &broken):
		return errInput.At("/", "is not JSON, from byte "+strconv.FormatInt(broken.Offset, 10)+" on").Because(err)
	}
	return errInput.At("/", "holds a name or a value that this address does not take").Because(err)
}

func (c *visit) body() ([]byte, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxInput))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, errLarge
	}
	if err != nil {
		return nil, errInput.At("/", "ended before it was complete").Because(err)
	}
	return raw, nil
}

// reason is why somebody looks at a person.
func reason(r *http.Request) (string, error) {
	why := strings.TrimSpace(r.Header.Get("X-Heed-Reason"))
	if why == "" {
		why = strings.TrimSpace(r.URL.Query().Get("why"))
	}
	if why == "" || len(why) > describe.MaxReason || strings.ContainsFunc(why, unicode.IsControl) {
		return "", errReason
	}
	return why, nil
}

// number reads a number from the query, within bounds.
func (c *visit) number(name string, fallback, least, most int64) (int64, error) {
	given := c.r.URL.Query().Get(name)
	if given == "" {
		return fallback, nil
	}
	n, err := strconv.ParseInt(given, 10, 64)
	if err != nil || n < least || n > most {
		return 0, errInput.At("?"+name, "is a whole number from "+strconv.FormatInt(least, 10)+" to "+strconv.FormatInt(most, 10))
	}
	return n, nil
}
