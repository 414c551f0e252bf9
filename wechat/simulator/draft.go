package simulator

import (
	"net/http"
	"slices"
	"time"
	"unicode/utf8"
)

func draftEndpoints() []endpoint {
	return []endpoint{
		{method: http.MethodPost, path: "/cgi-bin/draft/add", group: "draft", quota: "draft/add", body: draftBody, handle: (*call).addDraft},
		{method: http.MethodPost, path: "/cgi-bin/draft/update", group: "draft", quota: "draft/update", body: draftBody, handle: (*call).updateDraft},
		{method: http.MethodPost, path: "/cgi-bin/draft/get", group: "draft", quota: "draft/get", handle: (*call).getDraft},
		{method: http.MethodPost, path: "/cgi-bin/draft/batchget", group: "draft", quota: "draft/batchget", handle: (*call).listDrafts},
		{method: http.MethodGet, path: "/cgi-bin/draft/count", group: "draft", quota: "draft/count", handle: (*call).countDrafts},
		{method: http.MethodPost, path: "/cgi-bin/draft/delete", group: "draft", quota: "draft/delete", handle: (*call).deleteDraft},
	}
}

// Limits of the draft pages (2026): characters are Unicode code points.
const (
	mostArticlesOfDraft = 8
	longestTitle        = 32
	longestAuthor       = 16
	longestDigest       = 128
	longestSourceURL    = 1 << 10
	charactersOfContent = 20000   // fewer than
	bytesOfContent      = 1 << 20 // fewer than
	defaultDigest       = 54
	mostPictures        = 20
	draftBody           = (mostArticlesOfDraft + 1) * bytesOfContent
)

// draftArticle is one article in the platform's own field names.
type draftArticle struct {
	ArticleType        string     `json:"article_type"`
	Title              string     `json:"title"`
	Author             string     `json:"author"`
	Digest             string     `json:"digest"`
	Content            string     `json:"content"`
	ContentSourceURL   string     `json:"content_source_url"`
	ThumbMediaID       string     `json:"thumb_media_id"`
	NeedOpenComment    int        `json:"need_open_comment"`
	OnlyFansCanComment int        `json:"only_fans_can_comment"`
	PicCrop235         string     `json:"pic_crop_235_1,omitempty"`
	PicCrop11          string     `json:"pic_crop_1_1,omitempty"`
	ImageInfo          *imageInfo `json:"image_info,omitempty"`
	URL                string     `json:"url"`                 // reply only
	ThumbURL           string     `json:"thumb_url,omitempty"` // reply only

	cover *picture // what ThumbMediaID named when the draft was saved
}

type imageInfo struct {
	ImageList []struct {
		ImageMediaID string `json:"image_media_id"`
	} `json:"image_list"`
}

// draft is one entry of the draft box. Its preview pages live as long as it.
type draft struct {
	mediaID  string
	articles []draftArticle
	pages    []*articlePage
	updated  time.Time
}

// drafts are the draft box of one account.
type drafts struct {
	byMediaID map[string]*draft
	order     []*draft // oldest first
}

func (c *call) refuseEscapes() error {
	if c.set.RefuseEscapes && hasEscape(c.body) {
		return refuse(40033)
	}
	return nil
}

func (c *call) addDraft() (any, error) {
	if err := c.refuseEscapes(); err != nil {
		return nil, err
	}
	var in struct {
		Articles []draftArticle `json:"articles"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	switch n := len(in.Articles); {
	case n == 0:
		return nil, refuse(44003)
	case n > mostArticlesOfDraft:
		return nil, refuse(45008)
	}
	for i := range in.Articles {
		if err := c.acceptArticle(&in.Articles[i], len(in.Articles) == 1); err != nil {
			return nil, err
		}
	}
	d := &draft{mediaID: c.randomText(64), articles: in.Articles, updated: c.now}
	c.previewPages(c.a, d)
	box := &c.a.drafts
	if box.byMediaID == nil {
		box.byMediaID = map[string]*draft{}
	}
	box.byMediaID[d.mediaID] = d
	box.order = append(box.order, d)
	return struct {
		MediaID string `json:"media_id"`
	}{d.mediaID}, nil
}

// updateDraft replaces one article; articles is an object here, not a list.
func (c *call) updateDraft() (any, error) {
	if err := c.refuseEscapes(); err != nil {
		return nil, err
	}
	var in struct {
		MediaID  string       `json:"media_id"`
		Index    int          `json:"index"`
		Articles draftArticle `json:"articles"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	d, found := c.a.drafts.byMediaID[in.MediaID]
	if !found {
		return nil, refuse(40007)
	}
	if in.Index < 0 || in.Index >= len(d.articles) {
		return nil, refuse(40114)
	}
	if err := c.acceptArticle(&in.Articles, len(d.articles) == 1); err != nil {
		return nil, err
	}
	d.articles[in.Index], d.updated = in.Articles, c.now
	c.dropPages(d)
	c.previewPages(c.a, d)
	return ok, nil
}

// acceptArticle checks one article, cleans its body and fills in what the
// platform fills in.
func (c *call) acceptArticle(a *draftArticle, alone bool) error {
	if a.ArticleType == "" {
		a.ArticleType = "news"
	}
	if err := a.checkLengths(); err != nil {
		return err
	}
	if err := c.findCover(a); err != nil {
		return err
	}
	a.Content = c.cleanBody(a.Content)
	switch {
	case !alone:
		a.Digest = "" // the field is for single articles
	case a.Digest == "":
		a.Digest = firstCharacters(plainText(a.Content), defaultDigest)
	}
	a.URL, a.ThumbURL = "", ""
	return nil
}

func (a *draftArticle) checkLengths() error {
	switch {
	case a.ArticleType != "news" && a.ArticleType != "newspic":
		return refuse(40097)
	case a.Title == "":
		return refuse(40097)
	case utf8.RuneCountInString(a.Title) > longestTitle, utf8.RuneCountInString(a.Author) > longestAuthor:
		return refuse(45003)
	case utf8.RuneCountInString(a.Digest) > longestDigest:
		return refuse(45004)
	case len(a.ContentSourceURL) > longestSourceURL:
		return refuse(45005)
	case a.Content == "":
		return refuse(44004)
	case utf8.RuneCountInString(a.Content) >= charactersOfContent, len(a.Content) >= bytesOfContent:
		return refuse(45002)
	}
	return nil
}

// findCover wants a permanent image: thumb_media_id, or for newspic the first
// of the list.
func (c *call) findCover(a *draftArticle) error {
	if a.ArticleType == "newspic" {
		if a.ImageInfo == nil || len(a.ImageInfo.ImageList) == 0 || len(a.ImageInfo.ImageList) > mostPictures {
			return refuse(40097)
		}
		for _, image := range a.ImageInfo.ImageList {
			if _, found := c.a.materials.permanent(image.ImageMediaID); !found {
				return refuse(40007)
			}
		}
		a.ThumbMediaID = a.ImageInfo.ImageList[0].ImageMediaID
	}
	cover, found := c.a.materials.permanent(a.ThumbMediaID)
	if !found {
		return refuse(40007)
	}
	a.cover = cover
	return nil
}

// namedDraft reads {"media_id"} and finds the draft.
func (c *call) namedDraft() (*draft, error) {
	var in struct {
		MediaID string `json:"media_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	d, found := c.a.drafts.byMediaID[in.MediaID]
	if !found {
		return nil, refuse(40007)
	}
	return d, nil
}

func (c *call) getDraft() (any, error) {
	d, err := c.namedDraft()
	if err != nil {
		return nil, err
	}
	return newsItems{c.shown(d, false)}, nil
}

type newsItems struct {
	NewsItem []draftArticle `json:"news_item"`
}

// shown is a draft as the platform gives it back: with temporary addresses.
func (c *call) shown(d *draft, noContent bool) []draftArticle {
	items := slices.Clone(d.articles)
	for i := range items {
		items[i].URL = c.base() + d.pages[i].path()
		items[i].ThumbURL = c.base() + items[i].cover.path()
		if noContent {
			items[i].Content = ""
		}
	}
	return items
}

func (c *call) listDrafts() (any, error) {
	var in pageOf
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	type item struct {
		MediaID    string    `json:"media_id"`
		Content    newsItems `json:"content"`
		UpdateTime int64     `json:"update_time"`
	}
	items := []item{}
	for _, d := range newestFirst(c.a.drafts.order, in) {
		items = append(items, item{d.mediaID, newsItems{c.shown(d, in.NoContent == 1)}, d.updated.Unix()})
	}
	return map[string]any{"total_count": len(c.a.drafts.order), "item_count": len(items), "item": items}, nil
}

func (c *call) countDrafts() (any, error) {
	return struct {
		TotalCount int `json:"total_count"`
	}{len(c.a.drafts.order)}, nil
}

func (c *call) deleteDraft() (any, error) {
	d, err := c.namedDraft()
	if err != nil {
		return nil, err
	}
	c.forgetDraft(c.a, d)
	return ok, nil
}

// forgetDraft takes a draft out of the box; its media_id and its preview
// pages stop working.
func (s *Simulator) forgetDraft(a *account, d *draft) {
	s.dropPages(d)
	delete(a.drafts.byMediaID, d.mediaID)
	a.drafts.order = slices.DeleteFunc(a.drafts.order, func(other *draft) bool { return other == d })
}
