package api

import (
	"context"
	"io"
	"net/http"

	"github.com/heed-platform/heed/internal/account/request"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/reach/webhook"
	"github.com/heed-platform/heed/internal/web/api/describe"
)

// AnswerPath is where recipients say how far they are with a right that they were
// told of.
const AnswerPath = "/v1/dsr"

// Requests are the rights that people use. What is returned as any is JSON-ready.
type Requests struct {
	List   func(ctx context.Context, status string, limit int) (any, error)
	Show   func(ctx context.Context, id string) (any, error)
	Open   func(ctx context.Context, v Visit, right, about string, checked bool) (any, error)
	Answer func(ctx context.Context, id string, by catalog.Actor, word, reason string) (any, error)
	// Hear takes a recipient's signed answer: the three headers of Standard
	// Webhooks, and the body.
	Hear func(ctx context.Context, id, at, signature string, body []byte) error
}

// answers takes what recipients say.
func answers(mux *http.ServeMux, q Requests) {
	const most = 16 << 10
	take := only(http.MethodPost, func(w http.ResponseWriter, r *http.Request) error {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
		if err != nil {
			return errInput.At("/", "is at most 16 KB").Because(err)
		}
		h := r.Header
		if err := q.Hear(r.Context(), h.Get(webhook.HeaderID), h.Get(webhook.HeaderTimestamp), h.Get(webhook.HeaderSignature), body); err != nil {
			return err
		}
		return replyAs(w, http.StatusAccepted, state{Status: "heard"})
	})
	mux.Handle(AnswerPath, take)
}

func requestRoutes() []route {
	open := describe.Open("The request: right, status, received, due, the law of its clock, every step.")
	reason := describe.Object(describe.Need("answer", describe.Choice("What became of it.", "proven", "extended", "refused", "done")),
		describe.May("reason", describe.Choice("Why there is more time, or why not.", append(request.Late(), request.No()...)...)))
	there := func(d *Deps) bool { return d.Requests.List != nil }
	return []route{
		{
			method: get, path: "/api/requests", roles: witnesses, about: "The rights that people used, the most urgent first. They say nothing about anybody.",
			query:  []describe.Prop{describe.May("status", describe.Text("waiting, open, working, done or refused; of recipients untold, told or failed. All without it.")), describe.May("limit", describe.Integer("At most so many, 100 unless told."))},
			answer: describe.Object(describe.Need("requests", describe.List(open))), needs: there, do: (*visit).requests,
		},
		{method: get, path: "/api/requests/{id}", roles: witnesses, about: "One request, with what each recipient was told and answered.", answer: open, needs: there, do: (*visit).request},
		{
			method: post, path: "/api/people/{ref}/requests", roles: keepers, why: true, about: "Takes in a right that somebody used by telephone, by letter or at the counter; what the law lets be done at once is done.",
			body: describe.Object(describe.Need("right", describe.Choice("Which.", rightWords()...)), describe.May("about", describe.Text("A field's path, a purpose's key; never a value.")),
				describe.May("checked", describe.Flag("Somebody has checked who it is."))), answer: open, status: http.StatusCreated, needs: there, do: (*visit).openRequest,
		},
		{
			method: post, path: "/api/requests/{id}/answer", roles: approvers, about: "Says what became of a request. Done erases where that was asked for; of a recipient's part it is what they said.",
			body: reason, answer: open, needs: there, do: (*visit).answerRequest,
		},
	}
}

func rightWords() []string {
	var out []string
	for _, r := range request.Rights() {
		out = append(out, string(r))
	}
	return out
}

func (c *visit) requests() (any, error) {
	limit, err := c.number("limit", 100, 1, maxPage)
	if err != nil {
		return nil, err
	}
	return c.Requests.List(c.r.Context(), c.r.URL.Query().Get("status"), int(limit))
}

func (c *visit) request() (any, error) {
	return c.Requests.Show(c.r.Context(), c.r.PathValue("id"))
}

func (c *visit) openRequest() (any, error) {
	var in struct {
		Right   string `json:"right"`
		About   string `json:"about"`
		Checked bool   `json:"checked"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	v, err := c.person()
	if err != nil {
		return nil, err
	}
	return c.Requests.Open(c.r.Context(), v, in.Right, in.About, in.Checked)
}

func (c *visit) answerRequest() (any, error) {
	var in struct {
		Answer string `json:"answer"`
		Reason string `json:"reason"`
	}
	if err := c.input(&in); err != nil {
		return nil, err
	}
	return c.Requests.Answer(c.r.Context(), c.r.PathValue("id"), c.by, in.Answer, in.Reason)
}
