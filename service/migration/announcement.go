package migration

import (
	"bytes"
	"context"
	_ "embed" // cover and template
	"errors"
	"fmt"
	"html/template"

	"github.com/skip2/go-qrcode"

	"guiyi/domain"
)

//go:embed announcement.html
var announcementSource string

//go:embed cover.png
var coverPNG []byte

var announcementPage = template.Must(template.New("announcement").Parse(announcementSource))

// announcementFacts fill the article. It has no links in its body: the platform takes them out of mass-sent articles, all but
// content_source_url, which shows as “阅读原文”.
type announcementFacts struct {
	Migration      domain.Migration
	Old, Town      domain.Account
	Stop, StopPlus string
	Cancel, Today  string
	Entries        []domain.MappedEntry
	QRURL          string
}

// Announcement is the article as it will be sent, without pictures that only exist once they are uploaded.
func (s *Service) Announcement(ctx context.Context, id string) (domain.Draft, error) {
	m, err := s.store.Migration(ctx, id)
	if err != nil {
		return domain.Draft{}, err
	}
	return s.article(ctx, m, domain.Wave{CoverID: "preview"})
}

func (s *Service) article(ctx context.Context, m domain.Migration, w domain.Wave) (domain.Draft, error) {
	old, town, err := s.pair(ctx, m)
	if err != nil {
		return domain.Draft{}, err
	}
	entries, err := s.store.Entries(ctx, m.ID)
	if err != nil {
		return domain.Draft{}, err
	}
	var page bytes.Buffer
	err = announcementPage.Execute(&page, announcementFacts{
		Migration: m, Old: old, Town: town, Entries: entries, QRURL: w.QRImageURL,
		Stop: m.StopOn.Chinese(), StopPlus: m.CancelOn.AddDays(-1).Chinese(), Cancel: m.CancelOn.Chinese(), Today: s.now().Day().Chinese(),
	})
	if err != nil {
		return domain.Draft{}, fmt.Errorf("write the announcement: %w", err)
	}
	d := domain.Draft{
		Title:     "关于“" + shorten(old.Name, 9) + "”整合到“" + shorten(town.Name, 9) + "”的公告",
		Author:    shorten(old.HostUnit, 15),
		Digest:    m.StopOn.Chinese() + "起停止更新，您常用的服务在哪里办，请看对照表。",
		Content:   page.String(),
		SourceURL: s.movedURL(old),
		CoverID:   w.CoverID,
	}
	return d, d.Check()
}

// prepareDraft uploads what the article needs, one piece a step, and at last the article itself. A mass send uses its draft
// up, so every batch has its own.
func (s *Service) prepareDraft(ctx context.Context, m domain.Migration, w domain.Wave, b domain.Batch) (step, error) {
	if w.CoverID == "" {
		if err := s.uploadPictures(ctx, m, w); err != nil {
			return s.platformTrouble(ctx, m, err)
		}
		return step{say: "上传封面和二维码"}, nil
	}
	d, err := s.article(ctx, m, w)
	if err != nil {
		return step{}, err
	}
	mediaID, err := s.platform.AddDraft(ctx, m.AccountID, d)
	if err != nil {
		return s.platformTrouble(ctx, m, err)
	}
	return step{say: "公告已存入草稿箱"}, s.store.SetBatchMedia(ctx, b.ID, mediaID)
}

func (s *Service) uploadPictures(ctx context.Context, m domain.Migration, w domain.Wave) error {
	old, err := s.store.Account(ctx, m.AccountID)
	if err != nil {
		return err
	}
	qrURL, err := s.uploadQR(ctx, m, old)
	if err != nil {
		return err
	}
	coverID, err := s.platform.AddImage(ctx, m.AccountID, "cover.png", coverPNG)
	if err != nil {
		return err
	}
	return s.store.SetWavePictures(ctx, w.ID, coverID, qrURL)
}

// uploadQR makes the code that leads to the town's account and counts where people came from. If the town's account may not
// make codes, the article goes without one: the name and the WeChat id are in it too.
func (s *Service) uploadQR(ctx context.Context, m domain.Migration, old domain.Account) (string, error) {
	_, target, err := s.platform.CreateSceneQR(ctx, m.TargetID, "mig-"+old.Key)
	var pe *domain.PlatformError
	if errors.As(err, &pe) && pe.Remedy == domain.RemedyAccount {
		s.env.Log.WarnContext(ctx, "no code for the announcement", "migration_id", m.ID, "error", pe)
		return "", nil
	}
	if err != nil {
		return "", err
	}
	png, err := qrcode.Encode(target, qrcode.Medium, 430)
	if err != nil {
		return "", fmt.Errorf("draw the code: %w", err)
	}
	return s.platform.UploadArticleImage(ctx, m.AccountID, "qrcode.png", png)
}
