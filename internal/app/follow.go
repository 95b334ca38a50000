package app

import "context"

// follow puts in force what another node changed: a campaign that was paused
// there is silent here a second later. What this node changes itself is in force
// at once, and is read once more here.
func (a *App) follow(ctx context.Context) error {
	edition, err := a.Keep.Edition(ctx)
	if err != nil || edition == a.edition {
		return err
	}
	a.change.Lock()
	defer a.change.Unlock()
	w, err := a.build(ctx)
	if err != nil {
		return err
	}
	if _, err := a.bar(ctx, w.Know); err != nil {
		return err
	}
	a.adopt(w, a.base)
	if err := a.loadSources(ctx); err != nil {
		return err
	}
	a.edition = edition
	return nil
}
