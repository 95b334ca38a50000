package app

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/keep/gate"
	"github.com/heed-platform/heed/internal/person"
	"github.com/heed-platform/heed/internal/problem"
)

var (
	errNotice    = problem.New(problem.NotFound, "notice-missing", "There is no such version of a notice; name one as newsletter@3.")
	errReaskRole = problem.New(problem.Forbidden, "reask-role", "Asking people again is for marketer, privacy and admin; ask one of them.")
)

// Reask counts who may be asked to agree to a version of a notice: those who gave
// something under an earlier one. Small numbers are hidden.
type Reask struct {
	Notice string     `json:"notice"`
	May    gate.Total `json:"may_be_asked"`
	Agreed gate.Total `json:"agreed"`     // to this very version already
	Later  []Later    `json:"not_before"` // because they said no
}

// Later counts people who may be asked from a month on.
type Later struct {
	Month  string     `json:"month"` // "2027-03": from its last day they all may
	People gate.Total `json:"people"`
}

// Reask counts.
func (a *App) Reask(ctx context.Context, by catalog.Actor, notice string) (Reask, error) {
	out, _, err := a.reask(ctx, by, notice)
	return out, err
}

// AskAgain considers, of those who may be asked to agree to a version of a notice,
// everybody in the audience of a live campaign that starts by being sent. Whoever
// may not be asked yet is not considered at all.
func (a *App) AskAgain(ctx context.Context, by catalog.Actor, notice, campaign string) (Sent, error) {
	_, may, err := a.reask(ctx, by, notice)
	if err != nil {
		return Sent{}, err
	}
	return a.send(ctx, campaign, by, func(m gate.Member) bool { return may[m.Ref] })
}

func (a *App) reask(ctx context.Context, by catalog.Actor, notice string) (Reask, map[person.Ref]bool, error) {
	if by.Role != catalog.Marketer && by.Role != catalog.Privacy && by.Role != catalog.Admin {
		return Reask{}, nil, errReaskRole
	}
	rules := a.World().Rules
	if _, ok := rules.Notice(notice); !ok {
		return Reask{}, nil, errNotice
	}
	may, agreed, later := map[person.Ref]bool{}, 0, map[string]int{}
	asking := gate.Asking{By: by.Name, Role: string(by.Role), Why: "who may be asked again under " + notice}
	err := gate.ExportAll(ctx, a.Keep.Gate, "reask", asking, func(d gate.Dossier) error {
		p := d.Profile()
		earlier := false
		for _, v := range p.Attributes {
			earlier = earlier || rules.Earlier(v.Notice, notice)
		}
		for _, v := range p.Grants {
			earlier = earlier || rules.Earlier(v.Notice, notice)
		}
		for _, v := range p.Counters {
			earlier = earlier || rules.Earlier(v.Notice, notice)
		}
		switch from, yes := rules.Reask(d.Jurisdiction(), p.Grants, notice); {
		case yes:
			agreed++
		case !earlier:
		case from <= a.Clock.Now():
			may[d.Ref()] = true
		default:
			later[from.Time().Format("2006-01")]++
		}
		return nil
	})
	if err != nil {
		return Reask{}, nil, err
	}
	out := Reask{Notice: notice, May: gate.TotalOf(len(may)), Agreed: gate.TotalOf(agreed), Later: []Later{}}
	for _, month := range slices.SortedFunc(maps.Keys(later), strings.Compare) {
		out.Later = append(out.Later, Later{month, gate.TotalOf(later[month])})
	}
	return out, may, nil
}
