package staff

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
	"guiyi/handler/web"
)

// accountForm is what people write down about an account. The three secrets never go back into a page.
type accountForm struct {
	Key           string `form:"key"`
	Role          string `form:"role"`
	Kind          string `form:"kind"`
	Name          string `form:"name"`
	WeChatID      string `form:"wechat_id"`
	OriginalID    string `form:"original_id"`
	AppID         string `form:"appid"`
	Subject       string `form:"subject"`
	HostUnit      string `form:"host_unit"`
	Phone         string `form:"phone"`
	VerifiedUntil string `form:"verified_until"`
	LastPublished string `form:"last_published"`
	AppSecret     string `form:"app_secret"`
	Token         string `form:"token"`
	AESKey        string `form:"aes_key"`
	Plain         bool   `form:"plain"`
}

type accountFormPage struct {
	Form   accountForm
	Known  bool // the account is registered; key, role and AppID stay, empty secrets stay as they are
	Action string
	Fault  string
}

func formOf(a domain.Account) accountForm {
	return accountForm{
		Key: a.Key, Role: string(a.Role), Kind: string(a.Kind), Name: a.Name, WeChatID: a.WeChatID, OriginalID: a.OriginalID,
		AppID: a.AppID, Subject: a.Subject, HostUnit: a.HostUnit, Phone: a.Phone,
		VerifiedUntil: string(a.VerifiedUntil), LastPublished: string(a.LastPublished),
	}
}

func (f accountForm) account() domain.Account {
	return domain.Account{
		Key: f.Key, Role: domain.AccountRole(f.Role), Kind: domain.AccountKind(f.Kind), Name: f.Name, WeChatID: f.WeChatID,
		OriginalID: f.OriginalID, AppID: f.AppID, Subject: f.Subject, HostUnit: f.HostUnit, Phone: f.Phone,
		VerifiedUntil: domain.Day(f.VerifiedUntil), LastPublished: domain.Day(f.LastPublished),
	}
}

func (f accountForm) credentials() domain.Credentials {
	return domain.Credentials{
		AppSecret: domain.Secret(f.AppSecret), CallbackToken: domain.Secret(f.Token), EncodingAESKey: domain.Secret(f.AESKey),
	}
}

func (d *Desk) newAccount(c *gin.Context) error {
	return d.accountFormPage(c, http.StatusOK, accountFormPage{Form: accountForm{Role: string(domain.RoleOld)}})
}

func (d *Desk) editAccount(c *gin.Context) error {
	a, err := d.Accounts.Get(c.Request.Context(), c.Param("key"))
	if err != nil {
		return err
	}
	return d.accountFormPage(c, http.StatusOK, accountFormPage{Form: formOf(a.Account), Known: true})
}

func (d *Desk) accountFormPage(c *gin.Context, status int, p accountFormPage) error {
	p.Action = Prefix + "/accounts"
	if p.Known {
		p.Action += "/" + p.Form.Key
	}
	p.Form.AppSecret, p.Form.Token, p.Form.AESKey = "", "", ""
	return d.door.Page(c, status, "account_form", p)
}

func (d *Desk) registerAccount(c *gin.Context) error {
	var f accountForm
	if err := web.Bind(c, &f); err != nil {
		return err
	}
	_, err := d.Accounts.Register(c.Request.Context(), who(c).Actor(), f.account(), f.credentials())
	return d.afterAccount(c, f, false, err)
}

func (d *Desk) changeAccount(c *gin.Context) error {
	var f accountForm
	if err := web.Bind(c, &f); err != nil {
		return err
	}
	known, err := d.Accounts.Get(c.Request.Context(), c.Param("key"))
	if err != nil {
		return err
	}
	f.Key, f.Role, f.AppID = known.Key, string(known.Role), known.AppID
	err = d.Accounts.Change(c.Request.Context(), who(c).Actor(), f.account(), f.credentials(), f.Plain && f.AESKey == "")
	return d.afterAccount(c, f, true, err)
}

// afterAccount shows the form again with the refusal, or goes to the account.
func (d *Desk) afterAccount(c *gin.Context, f accountForm, known bool, err error) error {
	if fault, ok := web.FormFault(err); ok {
		return d.accountFormPage(c, http.StatusUnprocessableEntity, accountFormPage{Form: f, Known: known, Fault: fault})
	}
	if err != nil {
		return err
	}
	return web.Redirect(c, Prefix+"/accounts/"+f.Key)
}
