package domain

import "unicode/utf8"

// Draft is one article for the platform's draft box (draft/add), as an account sends it.
type Draft struct {
	Title     string // at most 32 characters
	Author    string // at most 16 characters
	Digest    string // at most 128 characters; shown on the card
	Content   string // HTML, under 20,000 characters; pictures only from uploadimg
	SourceURL string // content_source_url, "阅读原文"; at most 1,024 bytes
	CoverID   string // thumb_media_id: a permanent picture of the same account
}

// Check names what the platform would refuse (draft/add page, read 2026-11), or gives nil.
func (d Draft) Check() error {
	for _, l := range []struct {
		text  string
		limit int
		what  string
	}{{d.Title, 32, "标题"}, {d.Author, 16, "作者"}, {d.Digest, 128, "摘要"}, {d.Content, 19999, "正文"}} {
		if utf8.RuneCountInString(l.text) > l.limit {
			return Refuse(ErrInvalid, "draft_too_long", "文章的"+l.what+"太长了")
		}
	}
	switch {
	case d.Title == "" || d.Content == "":
		return Refuse(ErrInvalid, "draft_empty", "文章缺少标题或者正文")
	case d.CoverID == "":
		return Refuse(ErrInvalid, "draft_no_cover", "文章缺少封面图片")
	case len(d.SourceURL) > 1024 || len(d.Content) >= 1<<20:
		return Refuse(ErrInvalid, "draft_too_big", "文章太大了")
	}
	return nil
}
