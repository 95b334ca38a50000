package api

import (
	"context"
	"net/http"
	"net/url"
)

// Text is a text message that a gateway hands over, as it came: the form, the
// address it was sent to and the gateway's signature over both.
type Text struct {
	URL       string
	Form      url.Values
	Signature string
}

// SMS hears what people answer to a text message. Answer does what the message
// asks for (STOP withdraws) and returns what the gateway is told, as TwiML.
type SMS struct {
	Answer    func(ctx context.Context, t Text) (reply []byte, err error)
	PublicURL func() string // as the gateway is told it; the signature covers it
}

// inbound takes the gateway's calls.
func inbound(mux *http.ServeMux, s SMS) {
	take := only(http.MethodPost, func(w http.ResponseWriter, r *http.Request) error {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		if err := r.ParseForm(); err != nil {
			return errInput.At("/", "is a form that the gateway fills in").Because(err)
		}
		reply, err := s.Answer(r.Context(), Text{
			URL: s.PublicURL() + r.URL.RequestURI(), Form: r.PostForm, Signature: r.Header.Get("X-Twilio-Signature"),
		})
		if err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		_, err = w.Write(reply)
		return err
	})
	mux.Handle("/webhooks/sms", take)
	mux.Handle("/webhooks/sms/{$}", take)
}
