package command

import (
	"github.com/heed-platform/heed/internal/app"
)

// WebhookCmd shows the secret that a recipient checks payloads with.
type WebhookCmd struct {
	Recipient string `arg:"" help:"The recipient's key in the workspace."`
}

// Run shows it; it is the same each time.
func (c *WebhookCmd) Run(e *Env) error {
	return e.with(func(a *app.App) error {
		secret, err := a.WebhookSecret(c.Recipient)
		if err != nil {
			return err
		}
		e.say("%s", secret.Text())
		return nil
	})
}
