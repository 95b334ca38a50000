package look

import (
	"context"
	"net/http"
)

type preferKey struct{}

// Prefer notes on a request which language the person set ("" is none), for
// Words to find.
func Prefer(r *http.Request, language string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), preferKey{}, language))
}

func preferred(r *http.Request) string {
	language, _ := r.Context().Value(preferKey{}).(string)
	return language
}
