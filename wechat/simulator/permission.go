package simulator

import "time"

// right of an account kind to a group of calls.
type right uint8

const (
	never right = iota
	whenVerified
	always
)

// permissions is the matrix of the platform's pages (适用范围, mid-2026; rows
// known only from the older four-column table are the research notes' choice).
var permissions = map[string]map[kind]right{
	"basic":       {subscriptionAccount: always, serviceAccount: always, miniProgram: always},
	"menu":        {subscriptionAccount: whenVerified, serviceAccount: always},
	"menu_match":  {subscriptionAccount: whenVerified, serviceAccount: whenVerified},
	"draft":       {subscriptionAccount: whenVerified, serviceAccount: whenVerified},
	"publish":     {subscriptionAccount: whenVerified, serviceAccount: whenVerified},
	"mass":        {subscriptionAccount: whenVerified, serviceAccount: whenVerified},
	"mass_openid": {serviceAccount: whenVerified},
	"custom":      {subscriptionAccount: whenVerified, serviceAccount: whenVerified, miniProgram: always},
	"template":    {serviceAccount: whenVerified},
	"subscribe":   {serviceAccount: whenVerified},
	"user":        {subscriptionAccount: whenVerified, serviceAccount: whenVerified},
	"blacklist":   {subscriptionAccount: whenVerified, serviceAccount: whenVerified},
	"qrcode":      {serviceAccount: whenVerified},
	"oauth":       {serviceAccount: whenVerified},
	"material":    {subscriptionAccount: whenVerified, serviceAccount: whenVerified, miniProgram: always},
	"migration":   {subscriptionAccount: always, serviceAccount: always},
	"statistics":  {subscriptionAccount: whenVerified, serviceAccount: whenVerified},
}

// mayCall is 50002 for a restricted account, 48004 for a seized group and
// 48001 where kind or lapsed verification forbid the call.
func (a *account) mayCall(group string, now time.Time) error {
	if a.restricted {
		return refuse(50002)
	}
	if a.seized[group] {
		return refuse(48004)
	}
	if group == "" {
		return nil
	}
	switch permissions[group][a.kind] {
	case always:
		return nil
	case whenVerified:
		if a.verified(now) {
			return nil
		}
	case never:
	}
	return refuse(48001)
}
