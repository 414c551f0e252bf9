package simulator

import "slices"

// allEndpoints is the platform as a list of rooms. Add a room's function here.
func allEndpoints() []endpoint {
	return slices.Concat(
		tokenEndpoints(),
		userEndpoints(),
		menuEndpoints(),
		qrCodeEndpoints(),
		oauthEndpoints(),
		openAPIEndpoints(),
		materialEndpoints(),
		draftEndpoints(),
		massEndpoints(),
		customEndpoints(),
		templateEndpoints(),
		changeOpenIDEndpoints(),
	)
}
