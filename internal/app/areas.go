package app

import "net/http"

// areas are the customer's pages, one function for each area.
func (a *App) areas() []func(*http.ServeMux) {
	return []func(*http.ServeMux){a.doorArea, a.prefsArea, a.joinArea, a.gpcArea, a.dataArea, a.rightsArea}
}
