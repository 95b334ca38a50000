package api

import (
	"net/http"
	"slices"

	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/web/api/describe"
	"github.com/heed-platform/heed/internal/web/api/said"
)

// The roles, in the groups in which routes admit them.
var (
	anyone     = []catalog.Role{}
	everybody  = []catalog.Role{catalog.Marketer, catalog.Privacy, catalog.Operator, catalog.Auditor, catalog.Admin}
	planners   = []catalog.Role{catalog.Marketer, catalog.Privacy, catalog.Admin}
	runners    = []catalog.Role{catalog.Operator, catalog.Admin}
	approvers  = []catalog.Role{catalog.Privacy, catalog.Admin}
	keepers    = []catalog.Role{catalog.Privacy, catalog.Operator, catalog.Admin}
	silencers  = []catalog.Role{catalog.Marketer, catalog.Privacy, catalog.Operator, catalog.Admin}
	witnesses  = []catalog.Role{catalog.Privacy, catalog.Operator, catalog.Auditor, catalog.Admin}
	merchants  = []catalog.Role{catalog.Marketer, catalog.Operator, catalog.Admin}
	onlyAdmins = []catalog.Role{catalog.Admin}
)

const (
	get  = http.MethodGet
	post = http.MethodPost
	put  = http.MethodPut
)

// table is every route of the management API.
func table() []route {
	return append(slices.Concat(workspaceRoutes(), peopleRoutes(), requestRoutes(), promiseRoutes(), operationRoutes()),
		route{
			method: get, path: "/api/openapi.json", roles: anyone, about: "This description of the API, as OpenAPI 3.1.",
			answer: describe.Open("An OpenAPI document."), do: (*visit).openapi,
		})
}

func workspaceRoutes() []route {
	changed := describe.Object(describe.Need("changed", describe.Listed("Versions that are new or stand elsewhere now.", entrySchema())),
		describe.May("write_keys", describe.Open("Write keys made for new sources, by source; shown once.")))
	return []route{
		{
			method: post, path: "/api/apply", roles: planners, about: "Puts definitions in force: what is promised to people and audiences at once, campaigns as drafts.",
			yaml: describe.Text("Documents that each begin with a line such as # Source: campaigns/shoes.yaml."),
			body: describe.Object(describe.Need("files", describe.Open("The workspace's files by path, such as campaigns/shoes.yaml; a file's value is its YAML text, or the definition itself as an object."))), answer: changed, do: (*visit).apply,
		},
		{
			method: get, path: "/api/definitions", roles: everybody, about: "Every version of every definition.",
			answer: describe.Object(describe.Need("definitions", describe.List(entrySchema()))), do: (*visit).definitions,
		},
		{
			method: get, path: "/api/definitions/{kind}", roles: everybody, about: "Every version of the definitions of one kind.",
			answer: describe.Object(describe.Need("definitions", describe.List(entrySchema()))), do: (*visit).definitions,
		},
		{
			method: get, path: "/api/definitions/{kind}/{key...}", roles: everybody, about: "Every version of one definition, with what it says.",
			answer: describe.Object(describe.Need("definitions", describe.List(entrySchema()))), do: (*visit).definitions,
		},
		{
			method: post, path: "/api/campaigns/{key}/approve", roles: approvers, about: "Takes a campaign's draft live. Another role than the author's answers: would I want to be written to like this?",
			body: describe.Object(describe.Need("answer", describe.Text("The answer, on the record.")), describe.Need("hash", describe.Text("Of the version that was read; another version is a conflict."))), answer: changed, do: (*visit).approve,
		},
		{method: post, path: "/api/campaigns/{key}/pause", roles: silencers, about: "Silences a live campaign at once.", answer: changed, do: (*visit).pause},
		{method: post, path: "/api/campaigns/{key}/resume", roles: keepers, about: "Lets a paused campaign go on as it was approved.", answer: changed, do: (*visit).resume},
		{method: post, path: "/api/campaigns/{key}/end", roles: silencers, about: "Ends a campaign for good.", answer: changed, do: (*visit).end},
		{
			method: post, path: "/api/campaigns/{key}/send", roles: runners, about: "Considers everybody in the audience of a live campaign that starts by being sent; the guards decide for each.",
			answer: describe.Object(describe.Need("considered", describe.Text("How many people; small numbers are hidden."))), status: http.StatusAccepted, do: (*visit).send,
		},
		{
			method: post, path: "/api/campaigns/{key}/dry-run", roles: silencers, about: "Counts, for each guard and each promise, how many people it would stop. Nothing is sent.",
			answer: describe.Open("Counts; below ten they read \"fewer than 10\"."), needs: func(d *Deps) bool { return d.Audiences.DryRun != nil }, do: (*visit).dryRun,
		},
		{
			method: get, path: "/api/audiences/{key}/preview", roles: planners, about: "Counts an audience: how many match, how many are withheld and by which promise.",
			answer: previewSchema(), needs: func(d *Deps) bool { return d.Audiences.Preview != nil }, do: (*visit).preview,
		},
		{
			method: post, path: "/api/audiences/preview", roles: planners, about: "Counts an audience that is being written.",
			body:   describe.Object(describe.Need("expression", describe.Text("In CEL, over the view that the purpose allows.")), describe.Need("purpose", describe.Text("Key of a purpose."))),
			answer: previewSchema(), needs: func(d *Deps) bool { return d.Audiences.PreviewExpression != nil }, do: (*visit).previewExpression,
		},
	}
}

func peopleRoutes() []route {
	ident := describe.Object(describe.Need("ns", describe.Text("Namespace: email, phone, user_id …")), describe.Need("value", describe.Text("The identifier.")))
	receipt := describe.Object(describe.Need("records", describe.Listed("Ids in the consent ledger.", describe.Text("An id."))),
		describe.Need("leaving", describe.Integer("Messages that had begun to leave before this was in force; none begins afterwards.")))
	return []route{
		{
			method: post, path: "/api/people/find", roles: keepers, why: true, about: "Finds the person whom an identifier points at. The identifier stands in the body, so that no access log has it.",
			body: ident, answer: describe.Object(describe.Need("person", describe.Text("The person's id."))), do: (*visit).find,
		},
		{
			method: get, path: "/api/people/{ref}", roles: keepers, why: true, about: "Shows one person: identifiers, attributes with their provenance, grants, memberships.",
			answer: describe.Open("The person."), do: (*visit).show,
		},
		{
			method: get, path: "/api/people/{ref}/explain", roles: witnesses, why: true, about: "Says in plain words who this is, from which signals, what may be used for what, and why not.",
			answer: describe.Open("Sentences."), do: (*visit).explain,
		},
		{
			method: get, path: "/api/people/{ref}/export", roles: approvers, why: true, about: "Everything heed holds about one person.",
			answer: describe.Open("The whole dossier."), do: (*visit).export,
		},
		{method: get, path: "/api/people/{ref}/decisions/{id}", roles: witnesses, why: true, about: "One decision about a person: what was chosen in which moment, and every reason.", answer: describe.Open("The decision."), do: (*visit).decision},
		{method: get, path: "/api/people/{ref}/decisions/{id}/replay", roles: witnesses, why: true, about: "Asks the guards the same question again and compares.", answer: describe.Open("Whether the reasons are the same, and both."), do: (*visit).replayDecision},
		{
			method: post, path: "/api/people/{ref}/erase", roles: approvers, why: true, about: "Erases one person for good and answers with a proof.",
			answer: describe.Open("The certificate."), do: (*visit).erase,
		},
		{
			method: post, path: "/api/people/{ref}/split", roles: keepers, why: true, about: "Undoes a wrong merge: the two identifiers become two people, as if they had never been one.",
			body:   describe.Object(describe.Need("off", ident), describe.May("from", ident)),
			answer: describe.Object(describe.Need("kept", describe.Text("Whom the request was about.")), describe.Need("other", describe.Text("Who was split off.")), describe.Need("cuts", describe.Integer("Pairs of fragments that join nothing any more."))), do: (*visit).split,
		},
		{
			method: put, path: "/api/people/{ref}/preferences", roles: keepers, why: true, about: "Sets how one person wants to be spoken to, as the person said it; the next decision obeys.",
			body: said.PreferencesSchema(), answer: receipt, do: (*visit).prefer,
		},
		{
			method: post, path: "/api/people/{ref}/grants", roles: keepers, why: true, about: "Writes into the consent ledger what one person said about uses of their data.",
			body: describe.Object(describe.Need("grants", describe.List(said.GrantSchema()))), answer: receipt, status: http.StatusCreated, do: (*visit).grant,
		},
	}
}

func operationRoutes() []route {
	page := []describe.Prop{describe.May("after", describe.Integer("Id of the last row that was seen.")), describe.May("limit", describe.Integer("At most so many rows, 100 unless told."))}
	ids := describe.Object(describe.May("ids", describe.Listed("Which; without it, all.", describe.Integer("An id."))))
	done := describe.Object(describe.Need("done", describe.Integer("How many.")))
	return []route{
		{
			method: post, path: "/api/items", roles: merchants, about: "Adds items to the product catalog, or replaces them by id.",
			body: describe.Object(describe.Need("items", describe.Listed("At most 10,000.", describe.Open("An item with its id; any other names.")))), answer: done, do: (*visit).putItems,
		},
		{method: get, path: "/api/items/{id}", roles: everybody, about: "One item of the product catalog.", answer: describe.Open("The item as it was given."), do: (*visit).item},
		{
			method: get, path: "/api/quarantine", roles: witnesses, about: "Events that were not understood: codes, reasons and ids, no content.", query: page,
			answer: describe.Object(describe.Need("quarantined", describe.List(describe.Object(describe.Need("id", describe.Integer("Its id.")), describe.Need("source", describe.Text("Who sent it.")), describe.Need("code", describe.Text("What is wrong.")), describe.Need("why", describe.Text("A sentence.")), describe.Need("received", describe.Moment("When.")))))), do: (*visit).quarantined,
		},
		{
			method: post, path: "/api/quarantine/replay", roles: runners, about: "Tries events again after what was wrong was mended; those that are understood leave quarantine.",
			body: ids, answer: describe.Open("How many were tried, accepted, known before, and left."), do: (*visit).replayQuarantine,
		},
		{
			method: post, path: "/api/quarantine/drop", roles: runners, about: "Removes events from quarantine for good.",
			body: describe.Object(describe.Need("ids", describe.Listed("Which.", describe.Integer("An id.")))), answer: done, do: (*visit).dropQuarantine,
		},
		{
			method: get, path: "/api/deliveries", roles: witnesses, about: "Messages on their way; with state=dead, those that could not leave.",
			query:  []describe.Prop{describe.May("state", describe.Choice("Where they stand; dead unless told.", "waiting", "done", "dead")), describe.May("limit", describe.Integer("At most so many rows, 100 unless told."))},
			answer: describe.Object(describe.Need("deliveries", describe.List(describe.Open("A job: id, kind, state, code, due, attempt.")))), do: (*visit).deliveries,
		},
		{method: post, path: "/api/deliveries/{id}/retry", roles: runners, about: "Tries a message again that could not leave; the gate is asked anew.", answer: done, needs: func(d *Deps) bool { return d.Deliveries.Retry != nil }, do: (*visit).retryDelivery},
		{method: post, path: "/api/deliveries/{id}/drop", roles: runners, about: "Gives a message up.", answer: done, needs: func(d *Deps) bool { return d.Deliveries.Drop != nil }, do: (*visit).dropDelivery},
		{
			method: get, path: "/api/sources", roles: everybody, about: "Where events come from.",
			answer: describe.Object(describe.Need("sources", describe.List(describe.Object(describe.Need("key", describe.Text("Its name.")), describe.Need("kind", describe.Text("browser, server or import.")))))), do: (*visit).sources,
		},
		{
			method: post, path: "/api/sources", roles: runners, about: "Makes a write key for a source; it is shown once, and the key before it ends.",
			body:   describe.Object(describe.Need("key", describe.Text("The source's name in the workspace.")), describe.Need("kind", describe.Choice("How far its key is trusted.", "browser", "server", "import"))),
			answer: describe.Object(describe.Need("key", describe.Text("The source.")), describe.Need("write_key", describe.Text("Shown once."))), status: http.StatusCreated, do: (*visit).addSource,
		},
		{
			method: post, path: "/api/tokens", roles: onlyAdmins, about: "Makes a token for a colleague or a program; it is shown once.",
			body:   describe.Object(describe.Need("name", describe.Text("Whose it is, for the record.")), describe.Need("role", describe.Choice("What it may do.", roleWords()...))),
			answer: describe.Object(describe.Need("name", describe.Text("Whose it is.")), describe.Need("role", describe.Text("What it may do.")), describe.Need("token", describe.Text("Shown once."))), status: http.StatusCreated, do: (*visit).addToken,
		},
		{
			method: get, path: "/api/balance", roles: everybody, about: "What became of every event that was sent, by source: sent = accepted + duplicate + quarantined + refused.",
			answer: describe.Object(describe.Need("sources", describe.List(describe.Object(describe.Need("source", describe.Text("Its name.")), describe.Need("sent", describe.Integer("The sum.")), describe.Need("accepted", describe.Integer("Applied.")), describe.Need("duplicate", describe.Integer("Known before.")), describe.Need("quarantined", describe.Integer("Put aside.")), describe.Need("refused", describe.Integer("Answered with a problem.")))))), do: (*visit).balance,
		},
		{
			method: get, path: "/api/tail", roles: witnesses, about: "Events as they are applied, with whom they met: one JSON object a line, or server-sent events when asked for text/event-stream.",
			answer: describe.Open("One event: at, source, type, person, fragments, named, audiences."), do: (*visit).tail,
		},
	}
}

func roleWords() []string {
	words := make([]string, len(everybody))
	for i, r := range everybody {
		words[i] = string(r)
	}
	return words
}

func entrySchema() describe.Schema {
	return describe.Object(describe.Need("kind", describe.Text("purpose, notice, audience, campaign …")), describe.Need("key", describe.Text("Its name.")),
		describe.Need("version", describe.Integer("From 1.")), describe.Need("hash", describe.Text("What an approval is bound to.")),
		describe.Need("status", describe.Choice("Where it stands.", "draft", "live", "paused", "ended", "superseded")),
		describe.Need("author", describe.Text("role:name.")), describe.May("approved_by", describe.Text("role:name.")), describe.May("answer", describe.Text("To: would I want to be written to like this?")),
		describe.Need("at", describe.Moment("Since when.")), describe.May("body", describe.Open("What it says.")))
}

func previewSchema() describe.Schema {
	total := describe.Text("A count, or \"fewer than 10\".")
	lines := describe.List(describe.Object(describe.Need("name", describe.Text("A code or a field.")), describe.Need("people", total)))
	return describe.Object(describe.Need("matched", total), describe.Need("withheld", total), describe.Need("codes", lines), describe.Need("fields", lines),
		describe.May("promises", describe.List(describe.Object(describe.Need("code", describe.Text("Of the ruling.")), describe.May("missing", describe.Text("What is missing.")), describe.Need("says", describe.Text("A sentence.")), describe.Need("people", total)))))
}
