package wechat

import (
	"bytes"
	"context"
	"encoding/json"
	"path"
	"strings"

	offcontext "github.com/silenceper/wechat/v2/officialaccount/context"
	"github.com/silenceper/wechat/v2/officialaccount/draft"
	"github.com/silenceper/wechat/v2/officialaccount/material"
	"github.com/silenceper/wechat/v2/util"

	"guiyi/domain"
)

// Largest pictures: uploadimg under 1 MB, permanent pictures 10 MB (material pages, read 2026-11; the latter unconfirmed).
const (
	largestArticleImage = 1 << 20
	largestImage        = 10 << 20
)

// UploadArticleImage brings a picture (PNG, under 1 MB) to the platform for use inside an article's text, and gives its
// address there. Pictures from anywhere else are filtered out of articles.
func (g *Gateway) UploadArticleImage(ctx context.Context, accountID, name string, png []byte) (url string, err error) {
	a := api{path: "/cgi-bin/media/uploadimg", limit: uploadTimeout}
	if len(png) == 0 || len(png) >= largestArticleImage {
		return "", refuse(accountID, a, "a picture in an article must be smaller than 1 MB")
	}
	err = g.sdk(ctx, accountID, a, func(c *offcontext.Context) error {
		ticket, err := c.GetAccessToken()
		if err != nil {
			return err
		}
		// the SDK's ImageUpload reads a file from disk only
		answer, err := util.PostFileFromReader("media", "", pictureName(name),
			"https://api.weixin.qq.com/cgi-bin/media/uploadimg?access_token="+ticket, bytes.NewReader(png))
		if err != nil {
			return err
		}
		var out struct {
			URL string `json:"url"`
		}
		if err := json.Unmarshal(answer, &out); err != nil {
			return err
		}
		url = out.URL
		return nil
	})
	return url, err
}

// AddImage stores a permanent picture (PNG, up to 10 MB) in the account's library and gives its media_id, for covers.
func (g *Gateway) AddImage(ctx context.Context, accountID, name string, png []byte) (mediaID string, err error) {
	a := api{path: "/cgi-bin/material/add_material", limit: uploadTimeout}
	if len(png) == 0 || len(png) > largestImage {
		return "", refuse(accountID, a, "a picture must not be larger than 10 MB")
	}
	err = g.sdk(ctx, accountID, a, func(c *offcontext.Context) error {
		mediaID, _, err = material.NewMaterial(c).AddMaterialFromReader(material.MediaTypeImage, pictureName(name), bytes.NewReader(png))
		return err
	})
	return mediaID, err
}

// pictureName gives the platform a file name with an ending, by which it knows the type.
func pictureName(name string) string {
	name = strings.TrimSuffix(path.Base(plain(name)), ".png")
	if name == "" || name == "." || name == "/" {
		name = "picture"
	}
	return name + ".png"
}

// AddDraft stores one article in the account's draft box and gives its media_id. A draft leaves the box when it is sent. What
// the platform would refuse is refused before the call.
func (g *Gateway) AddDraft(ctx context.Context, accountID string, d domain.Draft) (mediaID string, err error) {
	a := api{path: "/cgi-bin/draft/add", budget: budgetDraft}
	if err := d.Check(); err != nil {
		return "", refuse(accountID, a, err.Error())
	}
	article := &draft.Article{
		Title: plain(d.Title), Author: plain(d.Author), Digest: plain(d.Digest), Content: plain(d.Content),
		ContentSourceURL: plain(d.SourceURL), ThumbMediaID: d.CoverID,
	}
	err = g.sdk(ctx, accountID, a, func(c *offcontext.Context) error {
		mediaID, err = draft.NewDraft(c).AddDraft([]*draft.Article{article})
		return err
	})
	return mediaID, err
}
