package simulator

import (
	"cmp"
	"embed"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
)

// The phone page: residents, their chats and menu bars, in a browser. It is a
// client of the control interface and knows nothing that others cannot ask.

//go:embed page
var phoneFiles embed.FS

// phonePolicy lets the page run its own script only. Pictures may come from
// anywhere, because messages name pictures anywhere; frames too, because an
// account's pages are shown inside the phone where they allow it.
const phonePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"img-src 'self' data: http: https:; frame-src 'self' http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// phonePage serves the page and its parts under /_sim/ and /_sim/page/.
func phonePage() http.Handler {
	files, err := fs.Sub(phoneFiles, "page")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	mux := http.NewServeMux()
	server := http.FileServerFS(files)
	mux.Handle("GET /_sim/page/", http.StripPrefix("/_sim/page", server))
	mux.HandleFunc("GET /_sim/{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "phone.html")
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", phonePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		mux.ServeHTTP(w, r)
	})
}

// codeView is a code somebody could hold a phone over.
type codeView struct {
	Scene   string `json:"scene"`
	Ticket  string `json:"ticket"`
	Picture string `json:"picture"`
	Ends    int64  `json:"ends,omitempty"` // absent: permanent
}

// listCodes are the codes of an account that still work, permanent ones first.
func (s *Simulator) listCodes(r *http.Request) (any, error) {
	a, err := s.accountNamed(r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	list := []codeView{}
	for key, code := range s.tickets { // found by ticket, and by address
		if key != code.ticket || code.account != a || !code.ends.IsZero() && !s.clock.now().Before(code.ends) {
			continue
		}
		view := codeView{Scene: code.scene, Ticket: code.ticket, Picture: "/cgi-bin/showqrcode?ticket=" + url.QueryEscape(code.ticket)}
		if !code.ends.IsZero() {
			view.Ends = code.ends.Unix()
		}
		list = append(list, view)
	}
	slices.SortFunc(list, func(a, b codeView) int {
		return cmp.Or(cmp.Compare(a.Ends, b.Ends), cmp.Compare(a.Scene, b.Scene), cmp.Compare(a.Ticket, b.Ticket))
	})
	return map[string]any{"codes": list}, nil
}
