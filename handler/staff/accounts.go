package staff

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/service/accounts"
)

// verification is how an account's yearly verification stands: once it lapses, the platform refuses to send for it.
type verification struct {
	Until domain.Day
	Left  int // days, negative when lapsed
}

// Mood is the colour of the badge.
func (v verification) Mood() string {
	switch {
	case v.Until.IsZero() || v.Left < 0:
		return "red"
	case v.Left <= 30:
		return "yellow"
	default:
		return "green"
	}
}

// Words say it without colour.
func (v verification) Words() string {
	switch {
	case v.Until.IsZero():
		return "未认证"
	case v.Left < 0:
		return "认证已过期"
	case v.Left <= 30:
		return "认证快到期"
	default:
		return "认证有效"
	}
}

func (d *Desk) verificationOf(a domain.Account) verification {
	v := verification{Until: a.VerifiedUntil}
	if !v.Until.IsZero() {
		v.Left = d.now().Day().Until(v.Until)
	}
	return v
}

type accountRow struct {
	domain.Account
	Verification verification
}

type accountsPage struct {
	List     []accountRow
	MayWrite bool
}

func (d *Desk) listAccounts(c *gin.Context) error {
	list, err := d.Accounts.List(c.Request.Context())
	if err != nil {
		return err
	}
	rows := make([]accountRow, len(list))
	for i, a := range list {
		rows[i] = accountRow{a, d.verificationOf(a)}
	}
	return d.door.Page(c, http.StatusOK, "accounts", accountsPage{List: rows, MayWrite: who(c).Can(domain.AccountsWrite)})
}

type accountPage struct {
	accounts.Listing
	Verification verification
	Callback     string
	MayWrite     bool
}

func (d *Desk) showAccount(c *gin.Context) error {
	a, err := d.Accounts.Get(c.Request.Context(), c.Param("key"))
	if err != nil {
		return err
	}
	return d.door.Page(c, http.StatusOK, "account", accountPage{
		Listing: a, Verification: d.verificationOf(a.Account), Callback: d.opt.BaseURL + "/wechat/callback/" + a.Key,
		MayWrite: who(c).Can(domain.AccountsWrite),
	})
}
