package command

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/account/rights"
	"github.com/heed-platform/heed/internal/app"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/problem"
)

// PersonCmd answers for one person.
type PersonCmd struct {
	Show    PersonShowCmd    `cmd:"" help:"What is known, each value with where it comes from."`
	Explain PersonExplainCmd `cmd:"" help:"Who this is, why we think so, and what may be used for what."`
	Export  PersonExportCmd  `cmd:"" help:"Everything about the person as JSON, to take along."`
	Erase   PersonEraseCmd   `cmd:"" help:"Destroy the person's data and print the proof."`
	Split   PersonSplitCmd   `cmd:"" help:"Undo a wrong merge: two people again."`
}

// who names a person on the command line, and says why somebody asks.
type who struct {
	Who string `arg:"" name:"person" help:"NS:VALUE such as email:ada@example.com, or a person's id."`
	Why string `default:"asked for at the command line" help:"Reason, for the person's own record."`
}

var errNoSubject = problem.New(problem.Invalid, "person-unnamed", "A person is named as NS:VALUE, such as email:ada@example.com, or by their id.")

// subjectOf reads NS:VALUE, or a person's id.
func subjectOf(text string) (gate.Subject, error) {
	if ns, value, ok := strings.Cut(text, ":"); ok && ns != "" && value != "" {
		return gate.ByIdentifier(person.Ident(person.Namespace(ns), value)), nil
	}
	ref, err := person.ParseRef(text)
	if err != nil {
		return gate.Subject{}, errNoSubject
	}
	return gate.ByRef(ref), nil
}

// The purposes that stand behind the commands, best first: staff help somebody
// who asks; what a person may demand, the law demands of us.
var (
	helping  = []string{"essential.service.operations.support", "essential.service", "essential"}
	honoring = []string{"essential.legal_obligation", "essential.service.operations.support", "essential.service", "essential"}
)

// purposeOf is the first of some purposes that the workspace defines, or any that
// lies under essential: a person's rights do not hang on how purposes are called.
func purposeOf(rules *policy.Rules, all, wanted []string) string {
	for _, key := range wanted {
		if _, ok := rules.Purpose(key); ok {
			return key
		}
	}
	for _, key := range all {
		if policy.Within(key, "essential") {
			return key
		}
	}
	return wanted[0]
}

func (w who) asking(a *app.App, wanted []string) (gate.Asking, error) {
	s, err := subjectOf(w.Who)
	if err != nil {
		return gate.Asking{}, err
	}
	var all []string
	for _, p := range a.World().Workspace.Policy().Purposes {
		all = append(all, p.Key)
	}
	slices.Sort(all)
	return gate.Asking{
		Subject: s, Purpose: purposeOf(a.World().Rules, all, wanted), By: atMachine, Role: "admin", Why: w.Why,
	}, nil
}

// inspect opens the person for whoever sits at the machine; the person's record
// says so first.
func (w who) inspect(e *Env, a *app.App) (d gate.Dossier, err error) {
	asking, err := w.asking(a, helping)
	if err != nil {
		return d, err
	}
	pass, err := gate.Ask[gate.Operate](e.Ctx, a.Keep.Gate, asking)
	if err != nil {
		return d, refusal(err)
	}
	return gate.Inspect(e.Ctx, pass)
}

// honor asks in the person's own name.
func (w who) honor(e *Env, a *app.App) (pass gate.Pass[gate.Honor], err error) {
	asking, err := w.asking(a, honoring)
	if err != nil {
		return pass, err
	}
	pass, err = gate.Ask[gate.Honor](e.Ctx, a.Keep.Gate, asking)
	return pass, refusal(err)
}

var errRefused = problem.New(problem.Forbidden, "use-refused", "The gate did not allow this use; the ruling says what is missing.")

// refusal shows the gate's no with its reason to whoever sits at the machine.
func refusal(err error) error {
	if denied, no := errors.AsType[*gate.Denied](err); no {
		return errRefused.At(denied.Ruling.Code, denied.Ruling.Marketer)
	}
	return err
}

// json writes one value, events as they were sent.
func (e *Env) json(v any) error {
	enc := json.NewEncoder(e.Out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

// PersonShowCmd shows what is known.
type PersonShowCmd struct {
	who `embed:""`

	JSON bool `help:"As JSON."`
}

// Run shows.
func (c *PersonShowCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		d, err := c.inspect(e, a)
		if err != nil {
			return err
		}
		shown := rights.Show(d)
		if c.JSON {
			return e.json(shown)
		}
		e.say("%s", strings.TrimRight(shown.Text(a.World().Workspace.Policy()), "\n"))
		return nil
	})
}

// PersonExplainCmd explains.
type PersonExplainCmd struct {
	who `embed:""`

	JSON bool `help:"As JSON."`
}

// Run explains.
func (c *PersonExplainCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		d, err := c.inspect(e, a)
		if err != nil {
			return err
		}
		x, err := rights.Explain(d, a.World().Know, a.World().Workspace.Policy())
		if err != nil {
			return err
		}
		if c.JSON {
			return e.json(x)
		}
		e.say("%s", strings.TrimRight(x.Text(), "\n"))
		return nil
	})
}

// PersonExportCmd exports one person.
type PersonExportCmd struct {
	who `embed:""`

	JSON bool `default:"true" hidden:"" help:"JSON is the only form."`
}

// Run exports in the person's own name.
func (c *PersonExportCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		pass, err := c.honor(e, a)
		if err != nil {
			return err
		}
		d, err := gate.Release(e.Ctx, pass)
		if err != nil {
			return err
		}
		x, err := rights.Export(d, a.World().Workspace)
		if err != nil {
			return err
		}
		return e.json(x)
	})
}

// PersonEraseCmd erases.
type PersonEraseCmd struct {
	who `embed:""`

	JSON bool `help:"The proof as JSON."`
	Yes  bool `short:"y" help:"Do not ask whether you are sure."`
}

var errNotSure = problem.New(problem.Conflict, "erase-unconfirmed", "Nothing was erased; say --yes, or answer yes when asked.")

// Run erases in the person's own name and prints the proof.
func (c *PersonEraseCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		if _, err := c.honor(e, a); err != nil {
			return err
		}
		if !c.Yes && !sure(e) {
			return errNotSure
		}
		asking, err := c.asking(a, honoring)
		if err != nil {
			return err
		}
		proof, err := a.EraseFor(e.Ctx, asking)
		if err != nil {
			return refusal(err)
		}
		if c.JSON {
			return e.json(proof)
		}
		e.say("%s", strings.TrimRight(proof.Text(), "\n"))
		return nil
	})
}

// sure asks whoever sits at a terminal. Nobody else can be asked, a server's
// caller least of all: they say --yes.
func sure(e *Env) bool {
	in, ok := e.In.(*os.File)
	if !ok {
		return false
	}
	if info, err := in.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	_, _ = fmt.Fprint(e.Err, "This destroys the person's data for good, here and in every backup. Type yes: ")
	answer, _ := bufio.NewReader(in).ReadString('\n')
	return strings.TrimSpace(answer) == "yes"
}

// PersonSplitCmd parts people who were joined wrongly.
type PersonSplitCmd struct {
	who `embed:""`

	From string `help:"Whom it is not, as NS:VALUE or an id; else whoever the person is mainly known as."`
	JSON bool   `help:"As JSON."`
}

// Run splits.
func (c *PersonSplitCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		asking, err := c.asking(a, helping)
		if err != nil {
			return err
		}
		var from gate.Subject
		if c.From != "" {
			if from, err = subjectOf(c.From); err != nil {
				return err
			}
		}
		parts, err := a.Split(e.Ctx, asking, asking.Subject, from)
		if err != nil {
			return refusal(err)
		}
		if c.JSON {
			return e.json(struct {
				Kept  person.Ref `json:"kept"`
				Other person.Ref `json:"other"`
				Cuts  int        `json:"cuts"`
			}{parts.Kept, parts.Other, parts.Cuts})
		}
		e.say("%s and %s are two people again; %s between them joins nothing any more", parts.Kept, parts.Other, plural(parts.Cuts, "pair"))
		return nil
	})
}
