package web

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// SetCookie keeps a value in the browser for pages under path; no script can read it and other sites' forms do not send it.
// maxAge is in seconds: 0 keeps it until the browser closes, less than 0 removes it. Secure is for sites served by https.
func SetCookie(c *gin.Context, name, value, path string, maxAge int, secure bool) {
	http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // G124: Secure is off only where the site has no https, as in the demo
		Name: name, Value: value, Path: path, MaxAge: maxAge,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure,
	})
}
