package simulator

func oauthEndpoints() []endpoint { return nil }

type webCode struct{}

type webToken struct{}
