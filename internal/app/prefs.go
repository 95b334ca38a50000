package app

import (
	"github.com/heed-platform/heed/internal/policy/define"
	"github.com/heed-platform/heed/internal/web/page/look"
)

// looks is how the pages look: as the brand says that speaks now.
func (a *App) looks() *look.Look {
	return look.New(func() define.Brand { return a.World().Rules.Brand() })
}
