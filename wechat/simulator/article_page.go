package simulator

import (
	"html/template"
	"net/http"
	"strings"
	"time"
)

// articlePage is what /s/<id> shows: an article as a phone displays it.
type articlePage struct {
	id      string
	account *account
	article *draftArticle
	date    time.Time
	preview bool // the temporary page of a draft
	deleted bool // by message/mass/delete
}

func (p *articlePage) path() string { return "/s/" + p.id }

func (s *Simulator) addPage(a *account, article draftArticle, preview bool) *articlePage {
	if s.pages == nil {
		s.pages = map[string]*articlePage{}
	}
	p := &articlePage{id: s.randomText(22), account: a, article: &article, date: s.clock.now(), preview: preview}
	s.pages[p.id] = p
	return p
}

// previewPages gives every article of a draft its temporary address.
func (s *Simulator) previewPages(a *account, d *draft) {
	d.pages = nil
	for i := range d.articles {
		d.pages = append(d.pages, s.addPage(a, d.articles[i], true))
	}
}

func (s *Simulator) dropPages(d *draft) {
	for _, p := range d.pages {
		delete(s.pages, p.id)
	}
}

// card is the article as a bubble of a chat shows it.
func (p *articlePage) card(base string) article {
	return article{
		Title: p.article.Title, Description: p.article.Digest,
		PicURL: base + p.article.cover.path(), URL: base + p.path(),
	}
}

// articleView is the data of page/article.html.
type articleView struct {
	Title, Author, Account, Date string
	Preview                      bool
	Deleted                      bool
	Pictures                     []string
	Body                         template.HTML
	Source                       string
}

// serveArticle answers /s/<id>. Scripts never run there; body and pictures
// come from this address alone.
func (s *Simulator) serveArticle(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	view, found := s.articleView(strings.TrimPrefix(r.URL.Path, "/s/"))
	s.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy",
		"default-src 'none'; img-src 'self'; style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if !found {
		w.WriteHeader(http.StatusNotFound)
		view = articleView{Title: "链接已过期", Deleted: true}
	}
	if err := pages.ExecuteTemplate(w, "article.html", view); err != nil {
		s.log.Debug("article page not written", "error", err)
	}
}

func (s *Simulator) articleView(id string) (articleView, bool) {
	p, found := s.pages[id]
	if !found {
		return articleView{}, false
	}
	if p.deleted {
		return articleView{Title: "该内容已被发布者删除", Account: p.account.name, Deleted: true}, true
	}
	view := articleView{
		Title: p.article.Title, Author: p.article.Author, Account: p.account.name, Preview: p.preview,
		Date: p.date.In(beijing).Format("2006年1月2日 15:04"), Source: p.article.ContentSourceURL,
	}
	body := p.article.Content
	if p.article.ArticleType == "newspic" {
		for _, image := range p.article.ImageInfo.ImageList {
			if picture, found := p.account.materials.permanent(image.ImageMediaID); found {
				view.Pictures = append(view.Pictures, picture.path())
			}
		}
	}
	view.Body = template.HTML(localImages(body)) //nolint:gosec // went through cleanBody, and the page's policy runs no script
	return view, true
}
