package app

// links are the ways out that messages carry, as the pages need them.
type links struct{ *App }
