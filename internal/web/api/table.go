package api

import (
	"net/http"

	"github.com/heed-platform/heed/internal/keep/catalog"
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
	return append(append(append(workspaceRoutes(), peopleRoutes()...), operationRoutes()...),
		route{method: get, path: "/api/openapi.json", roles: anyone, about: "This description of the API, as OpenAPI 3.1.",
			answer: open("An OpenAPI document."), do: (*visit).openapi})
}

func workspaceRoutes() []route {
	changed := object(need("changed", listed("Versions that are new or stand elsewhere now.", entrySchema())),
		may("write_keys", open("Write keys made for new sources, by source; shown once.")))
	return []route{
		{method: post, path: "/api/apply", roles: planners, about: "Puts definitions in force: what is promised to people and audiences at once, campaigns as drafts.",
			body: object(need("files", open("The workspace's files by path, such as campaigns/shoes.yaml; a file's value is its YAML text, or the definition itself as an object."))), answer: changed, do: (*visit).apply},
		{method: get, path: "/api/definitions", roles: everybody, about: "Every version of every definition.",
			answer: object(need("definitions", list(entrySchema()))), do: (*visit).definitions},
		{method: get, path: "/api/definitions/{kind}", roles: everybody, about: "Every version of the definitions of one kind.",
			answer: object(need("definitions", list(entrySchema()))), do: (*visit).definitions},
		{method: get, path: "/api/definitions/{kind}/{key...}", roles: everybody, about: "Every version of one definition, with what it says.",
			answer: object(need("definitions", list(entrySchema()))), do: (*visit).definitions},
		{method: post, path: "/api/campaigns/{key}/approve", roles: approvers, about: "Takes a campaign's draft live. Another role than the author's answers: would I want to be written to like this?",
			body: object(need("answer", text("The answer, on the record.")), need("hash", text("Of the version that was read; another version is a conflict."))), answer: changed, do: (*visit).approve},
		{method: post, path: "/api/campaigns/{key}/pause", roles: silencers, about: "Silences a live campaign at once.", answer: changed, do: (*visit).pause},
		{method: post, path: "/api/campaigns/{key}/resume", roles: keepers, about: "Lets a paused campaign go on as it was approved.", answer: changed, do: (*visit).resume},
		{method: post, path: "/api/campaigns/{key}/end", roles: silencers, about: "Ends a campaign for good.", answer: changed, do: (*visit).end},
		{method: post, path: "/api/campaigns/{key}/send", roles: runners, about: "Considers everybody in the audience of a live campaign that starts by being sent; the guards decide for each.",
			answer: object(need("considered", text("How many people; small numbers are hidden."))), status: http.StatusAccepted, do: (*visit).send},
		{method: post, path: "/api/campaigns/{key}/dry-run", roles: silencers, about: "Counts, for each guard and each promise, how many people it would stop. Nothing is sent.",
			answer: open("Counts; below ten they read \"fewer than 10\"."), do: (*visit).dryRun},
		{method: get, path: "/api/audiences/{key}/preview", roles: planners, about: "Counts an audience: how many match, how many are withheld and by which promise.",
			answer: previewSchema(), do: (*visit).preview},
		{method: post, path: "/api/audiences/preview", roles: planners, about: "Counts an audience that is being written.",
			body:   object(need("expression", text("In CEL, over the view that the purpose allows.")), need("purpose", text("Key of a purpose."))),
			answer: previewSchema(), do: (*visit).previewExpression},
	}
}

func peopleRoutes() []route {
	ident := object(need("ns", text("Namespace: email, phone, user_id …")), need("value", text("The identifier.")))
	receipt := object(need("records", listed("Ids in the consent ledger.", text("An id."))),
		need("leaving", integer("Messages that had begun to leave before this was in force; none begins afterwards.")))
	return []route{
		{method: post, path: "/api/people/find", roles: keepers, why: true, about: "Finds the person whom an identifier points at. The identifier stands in the body, so that no access log has it.",
			body: ident, answer: object(need("person", text("The person's id."))), do: (*visit).find},
		{method: get, path: "/api/people/{ref}", roles: keepers, why: true, about: "Shows one person: identifiers, attributes with their provenance, grants, memberships.",
			answer: open("The person."), do: (*visit).show},
		{method: get, path: "/api/people/{ref}/explain", roles: witnesses, why: true, about: "Says in plain words who this is, from which signals, what may be used for what, and why not.",
			answer: open("Sentences."), do: (*visit).explain},
		{method: get, path: "/api/people/{ref}/export", roles: approvers, why: true, about: "Everything heed holds about one person.",
			answer: open("The whole dossier."), do: (*visit).export},
		{method: get, path: "/api/people/{ref}/decisions/{id}", roles: witnesses, why: true, about: "One decision about a person: what was chosen in which moment, and every reason.", answer: open("The decision."), do: (*visit).decision},
		{method: get, path: "/api/people/{ref}/decisions/{id}/replay", roles: witnesses, why: true, about: "Asks the guards the same question again and compares.", answer: open("Whether the reasons are the same, and both."), do: (*visit).replayDecision},
		{method: post, path: "/api/people/{ref}/erase", roles: approvers, why: true, about: "Erases one person for good and answers with a proof.",
			answer: open("The certificate."), do: (*visit).erase},
		{method: post, path: "/api/people/{ref}/split", roles: keepers, why: true, about: "Undoes a wrong merge: the two identifiers become two people, as if they had never been one.",
			body:   object(need("off", ident), may("from", ident)),
			answer: object(need("kept", text("Whom the request was about.")), need("other", text("Who was split off.")), need("cuts", integer("Pairs of fragments that join nothing any more."))), do: (*visit).split},
		{method: put, path: "/api/people/{ref}/preferences", roles: keepers, why: true, about: "Sets how one person wants to be spoken to, as the person said it; the next decision obeys.",
			body: preferenceSchema(), answer: receipt, do: (*visit).prefer},
		{method: post, path: "/api/people/{ref}/grants", roles: keepers, why: true, about: "Writes into the consent ledger what one person said about uses of their data.",
			body: object(need("grants", list(grantSchema()))), answer: receipt, status: http.StatusCreated, do: (*visit).grant},
	}
}

func operationRoutes() []route {
	page := []prop{may("after", integer("Id of the last row that was seen.")), may("limit", integer("At most so many rows, 100 unless told."))}
	ids := object(may("ids", listed("Which; without it, all.", integer("An id."))))
	done := object(need("done", integer("How many.")))
	return []route{
		{method: post, path: "/api/items", roles: merchants, about: "Adds items to the product catalog, or replaces them by id.",
			body: object(need("items", listed("At most 10,000.", open("An item with its id; any other names.")))), answer: done, do: (*visit).putItems},
		{method: get, path: "/api/items/{id}", roles: everybody, about: "One item of the product catalog.", answer: open("The item as it was given."), do: (*visit).item},
		{method: get, path: "/api/quarantine", roles: witnesses, about: "Events that were not understood: codes, reasons and ids, no content.", query: page,
			answer: object(need("quarantined", list(object(need("id", integer("Its id.")), need("source", text("Who sent it.")), need("code", text("What is wrong.")), need("why", text("A sentence.")), need("received", moment("When.")))))), do: (*visit).quarantined},
		{method: post, path: "/api/quarantine/replay", roles: runners, about: "Tries events again after what was wrong was mended; those that are understood leave quarantine.",
			body: ids, answer: open("How many were tried, accepted, known before, and left."), do: (*visit).replayQuarantine},
		{method: post, path: "/api/quarantine/drop", roles: runners, about: "Removes events from quarantine for good.",
			body: object(need("ids", listed("Which.", integer("An id.")))), answer: done, do: (*visit).dropQuarantine},
		{method: get, path: "/api/deliveries", roles: witnesses, about: "Messages on their way; with state=dead, those that could not leave.",
			query:  []prop{may("state", choice("Where they stand; dead unless told.", "waiting", "done", "dead")), may("limit", integer("At most so many rows, 100 unless told."))},
			answer: object(need("deliveries", list(open("A job: id, kind, state, code, due, attempt.")))), do: (*visit).deliveries},
		{method: post, path: "/api/deliveries/{id}/retry", roles: runners, about: "Tries a message again that could not leave; the gate is asked anew.", answer: done, do: (*visit).retryDelivery},
		{method: post, path: "/api/deliveries/{id}/drop", roles: runners, about: "Gives a message up.", answer: done, do: (*visit).dropDelivery},
		{method: get, path: "/api/sources", roles: everybody, about: "Where events come from.",
			answer: object(need("sources", list(object(need("key", text("Its name.")), need("kind", text("browser, server or import.")))))), do: (*visit).sources},
		{method: post, path: "/api/sources", roles: runners, about: "Makes a write key for a source; it is shown once, and the key before it ends.",
			body:   object(need("key", text("The source's name in the workspace.")), need("kind", choice("How far its key is trusted.", "browser", "server", "import"))),
			answer: object(need("key", text("The source.")), need("write_key", text("Shown once."))), status: http.StatusCreated, do: (*visit).addSource},
		{method: post, path: "/api/tokens", roles: onlyAdmins, about: "Makes a token for a colleague or a program; it is shown once.",
			body:   object(need("name", text("Whose it is, for the record.")), need("role", choice("What it may do.", roleWords()...))),
			answer: object(need("name", text("Whose it is.")), need("role", text("What it may do.")), need("token", text("Shown once."))), status: http.StatusCreated, do: (*visit).addToken},
		{method: get, path: "/api/balance", roles: everybody, about: "What became of every event that was sent, by source: sent = accepted + duplicate + quarantined + refused.",
			answer: object(need("sources", list(object(need("source", text("Its name.")), need("sent", integer("The sum.")), need("accepted", integer("Applied.")), need("duplicate", integer("Known before.")), need("quarantined", integer("Put aside.")), need("refused", integer("Answered with a problem.")))))), do: (*visit).balance},
		{method: get, path: "/api/tail", roles: witnesses, about: "Events as they are applied, with whom they met: one JSON object a line, or server-sent events when asked for text/event-stream.",
			answer: open("One event: at, source, type, person, fragments, named, audiences."), do: (*visit).tail},
	}
}

func roleWords() []string {
	words := make([]string, len(everybody))
	for i, r := range everybody {
		words[i] = string(r)
	}
	return words
}

func entrySchema() schema {
	return object(need("kind", text("purpose, notice, audience, campaign …")), need("key", text("Its name.")),
		need("version", integer("From 1.")), need("hash", text("What an approval is bound to.")),
		need("status", choice("Where it stands.", "draft", "live", "paused", "ended", "superseded")),
		need("author", text("role:name.")), may("approved_by", text("role:name.")), may("answer", text("To: would I want to be written to like this?")),
		need("at", moment("Since when.")), may("body", open("What it says.")))
}

func previewSchema() schema {
	total := text("A count, or \"fewer than 10\".")
	lines := list(object(need("name", text("A code or a field.")), need("people", total)))
	return object(need("matched", total), need("withheld", total), need("codes", lines), need("fields", lines))
}

func preferenceSchema() schema {
	return object(may("muted", listed("Topics not to speak of.", text("A topic."))), may("topics", listed("Topics asked for.", text("A topic."))),
		may("channels", listed("Those liked, in order; what a list leaves out is refused.", text("A channel."))),
		may("caps", listed("At most so many messages.", object(may("channel", text("All together without it.")), need("count", integer("From 0.")), need("hours", integer("In any window of so many hours, 1 to 8760."))))),
		may("quiet", object(need("from", text("22:00, in the person's zone.")), need("to", text("08:00.")))),
		may("break_until", moment("Nothing but service messages until then.")), may("zone", text("Europe/Berlin.")), may("language", text("de, pt-BR.")))
}

func grantSchema() schema {
	return object(need("purpose", text("Key of a purpose.")), need("status", choice("What the person said.", "granted", "denied", "withdrawn", "objected")),
		may("channel", text("All without it.")), may("topic", text("All without it.")), may("notice", text("The text that was shown, membership@3; a grant needs it.")),
		may("language", text("Of that text.")), may("jurisdiction", text("Where the person is, DE or US-CA.")), may("said", moment("When the person said it; now without it.")),
		may("evidence", text("What proves it: a form's number, a call's id; a grant needs it.")))
}
