package app

import (
	"net/http"

	"github.com/heed-platform/heed/internal/account/wish"
	"github.com/heed-platform/heed/internal/keep/catalog"
	"github.com/heed-platform/heed/internal/policy"
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/web/page/look"
	"github.com/heed-platform/heed/internal/web/page/prefs"
)

// looks is how the pages look: as the brand says that speaks now.
func (a *App) looks() *look.Look {
	return look.New(func() define.Brand { return a.World().Rules.Brand() })
}

// wishes is where people choose.
func (a *App) wishes() wish.Desk {
	return wish.Desk{
		Keep: a.Keep, Clock: a.Clock,
		Rules: func() *policy.Rules { return a.World().Rules }, Workspace: func() catalog.Workspace { return a.World().Workspace },
	}
}

// prefsArea is where people choose how they are treated.
func (a *App) prefsArea(mux *http.ServeMux) {
	prefs.Routes(mux, prefs.Deps{Look: a.looks(), Door: a.Door(), Desk: a.wishes(), Clock: a.Clock})
}
