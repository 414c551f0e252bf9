package repository

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"guiyi/domain"
)

// Catalogue is everything the catalogue import brings, in the order in which it is shown.
type Catalogue struct {
	Departments []domain.Department
	Matters     []domain.Matter
	Bundles     []domain.Bundle
	Topics      []domain.Topic
	Keywords    []domain.Keyword
	Town        domain.TownProfile
}

// Names of settings that belong to the catalogue.
const (
	settingTown       = "town_profile"
	settingGeneration = "catalogue_generation"
)

// matterRow is the matter table. Elements that are lists or long texts live together in detail, as JSON.
type matterRow struct {
	ID, DepartmentID, Name, BasicCode, CarryingCode, Handling, Resource, OnlineDepth, Detail string
	Type                                                                                     domain.MatterType
	LegalDays, PromisedDays, Visits                                                          int
	Charged, UpperLevel                                                                      bool
}

// matterDetail names what of a matter is kept in its detail column. New elements may be added; none may be renamed.
type matterDetail struct {
	Audience, Ways, Conditions, Steps, Sensitive, Situations, Synonyms []string
	Materials                                                          []domain.Material
	FAQs                                                               []domain.FAQ
	VisitReason, Fee, MobileURL, Basis, Result                         string
	Place, Hours, Phone, Supervision, Offline, Note, KeptFor, Summary  string
	SeparateConsent, ByGuardian                                        bool
}

// CatalogueGeneration names the state of the catalogue: it changes with every import. Empty when there is none yet.
func (s *Store) CatalogueGeneration(ctx context.Context) (string, error) {
	g, err := s.Setting(ctx, settingGeneration)
	if errors.Is(err, domain.ErrNotFound) {
		return "", nil
	}
	return g, err
}

// ReplaceCatalogue puts c in the place of what was there. It belongs into a transaction.
func (s *Store) ReplaceCatalogue(ctx context.Context, c Catalogue, generation string, at domain.Instant) error {
	for _, table := range []string{"keyword", "topic", "bundle", "matter", "department"} {
		if err := s.in(ctx).Exec("DELETE FROM " + table).Error; err != nil {
			return fmt.Errorf("empty %s: %w", table, err)
		}
	}
	rows, err := c.rows()
	if err != nil {
		return err
	}
	for _, table := range []string{"department", "matter", "bundle", "topic", "keyword"} {
		if len(rows[table]) == 0 {
			continue
		}
		if err := inserted(s.in(ctx).Table(table).CreateInBatches(rows[table], 100).Error, table); err != nil {
			return err
		}
	}
	town, err := json.Marshal(c.Town)
	if err != nil {
		return err
	}
	if err := s.SetSetting(ctx, settingTown, string(town), at); err != nil {
		return err
	}
	return s.SetSetting(ctx, settingGeneration, generation, at)
}

func (c Catalogue) rows() (map[string][]map[string]any, error) {
	rows := map[string][]map[string]any{}
	for i, d := range c.Departments {
		rows["department"] = append(rows["department"], map[string]any{
			"id": d.ID, "position": i, "name": d.Name, "place": d.Place, "hours": d.Hours, "phone": d.Phone, "supervision": d.Supervision,
		})
	}
	for i, m := range c.Matters {
		row, err := matterColumns(m, i)
		if err != nil {
			return nil, err
		}
		rows["matter"] = append(rows["matter"], row)
	}
	for i, b := range c.Bundles {
		detail, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		rows["bundle"] = append(rows["bundle"], map[string]any{"id": b.ID, "position": i, "detail": string(detail)})
	}
	for i, t := range c.Topics {
		detail, err := json.Marshal(t)
		if err != nil {
			return nil, err
		}
		rows["topic"] = append(rows["topic"], map[string]any{"path": t.Path, "position": i, "detail": string(detail)})
	}
	for i, k := range c.Keywords {
		rows["keyword"] = append(rows["keyword"], map[string]any{"word": k.Word, "position": i, "kind": k.Kind, "ref": k.Ref})
	}
	return rows, nil
}

func matterColumns(m domain.Matter, position int) (map[string]any, error) {
	detail, err := json.Marshal(matterDetail{
		Audience: m.Audience, Ways: m.Ways, Conditions: m.Conditions, Steps: m.Steps, Sensitive: m.Sensitive, Situations: m.Situations,
		Synonyms: m.Synonyms, Materials: m.Materials, FAQs: m.FAQs, VisitReason: m.VisitReason, Fee: m.Fee, MobileURL: m.MobileURL,
		Basis: m.Basis, Result: m.Result, Place: m.Place, Hours: m.Hours, Phone: m.Phone, Supervision: m.Supervision, Offline: m.Offline,
		Note: m.Note, KeptFor: m.KeptFor, Summary: m.Summary, SeparateConsent: m.SeparateConsent, ByGuardian: m.ByGuardian,
	})
	return map[string]any{
		"id": m.ID, "position": position, "department_id": m.DepartmentID, "name": m.Name, "basic_code": m.BasicCode,
		"carrying_code": m.CarryingOutCode, "type": m.Type, "handling": m.Handling, "legal_days": m.LegalDays,
		"promised_days": m.PromisedDays, "visits": m.Visits, "charged": m.Charged, "resource": m.Resource,
		"online_depth": m.OnlineDepth, "upper_level": m.Upper, "detail": string(detail),
	}, err
}

// Catalogue reads the whole of it. It is small (tens of departments, hundreds of matters) and meant to be kept in memory.
func (s *Store) Catalogue(ctx context.Context) (Catalogue, error) {
	var c Catalogue
	if err := s.in(ctx).Table("department").Order("position").
		Select("id, name, place, hours, phone, supervision").Find(&c.Departments).Error; err != nil {
		return c, fmt.Errorf("list departments: %w", err)
	}
	if err := s.in(ctx).Table("keyword").Order("position").Select("word, kind, ref").Find(&c.Keywords).Error; err != nil {
		return c, fmt.Errorf("list keywords: %w", err)
	}
	var err error
	if c.Matters, err = s.matters(ctx); err != nil {
		return c, err
	}
	if c.Bundles, err = details[domain.Bundle](ctx, s, "bundle"); err != nil {
		return c, err
	}
	if c.Topics, err = details[domain.Topic](ctx, s, "topic"); err != nil {
		return c, err
	}
	town, err := s.Setting(ctx, settingTown)
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(town), &c.Town); err != nil {
		return c, fmt.Errorf("read the town profile: %w", err)
	}
	return c, nil
}

func (s *Store) matters(ctx context.Context) ([]domain.Matter, error) {
	var rows []matterRow
	err := s.in(ctx).Table("matter").Order("position").Select("id, department_id, name, basic_code, carrying_code, type, handling, " +
		"legal_days, promised_days, visits, charged, resource, online_depth, upper_level, detail").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list matters: %w", err)
	}
	list := make([]domain.Matter, len(rows))
	for i, r := range rows {
		m := domain.Matter{
			ID: r.ID, DepartmentID: r.DepartmentID, Name: r.Name, BasicCode: r.BasicCode, CarryingOutCode: r.CarryingCode, Type: r.Type,
			Handling: r.Handling, LegalDays: r.LegalDays, PromisedDays: r.PromisedDays, Visits: r.Visits, Charged: r.Charged,
			Resource: r.Resource, OnlineDepth: r.OnlineDepth, Upper: r.UpperLevel,
		}
		var d matterDetail
		if err := json.Unmarshal([]byte(r.Detail), &d); err != nil {
			return nil, fmt.Errorf("read the details of matter %s: %w", m.ID, err)
		}
		m.Audience, m.Ways, m.Conditions, m.Steps, m.Sensitive = d.Audience, d.Ways, d.Conditions, d.Steps, d.Sensitive
		m.Situations, m.Synonyms, m.Materials, m.FAQs = d.Situations, d.Synonyms, d.Materials, d.FAQs
		m.VisitReason, m.Fee, m.MobileURL, m.Basis, m.Result = d.VisitReason, d.Fee, d.MobileURL, d.Basis, d.Result
		m.Place, m.Hours, m.Phone, m.Supervision, m.Offline = d.Place, d.Hours, d.Phone, d.Supervision, d.Offline
		m.Note, m.KeptFor, m.Summary, m.SeparateConsent, m.ByGuardian = d.Note, d.KeptFor, d.Summary, d.SeparateConsent, d.ByGuardian
		list[i] = m
	}
	return list, nil
}

// details reads the table's rows, each kept as JSON.
func details[T any](ctx context.Context, s *Store, table string) ([]T, error) {
	var rows []struct{ Detail string }
	if err := s.in(ctx).Table(table).Order("position").Select("detail").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list %s: %w", table, err)
	}
	list := make([]T, len(rows))
	for i, r := range rows {
		if err := json.Unmarshal([]byte(r.Detail), &list[i]); err != nil {
			return nil, fmt.Errorf("read %s: %w", table, err)
		}
	}
	return list, nil
}

// CountMatterView adds one reader of a guide to the day's number. Nobody's name is kept.
func (s *Store) CountMatterView(ctx context.Context, matterID string, day domain.Day) error {
	add := func() error {
		return changed(s.in(ctx).Table("matter_view").Where("matter_id = ? AND day = ?", matterID, day).
			Update("views", gorm.Expr("views + 1")), "views of "+matterID)
	}
	err := add()
	if !errors.Is(err, domain.ErrConflict) {
		return err
	}
	err = inserted(s.in(ctx).Table("matter_view").
		Create(map[string]any{"matter_id": matterID, "day": day, "views": 1}).Error, "views of "+matterID)
	if errors.Is(err, domain.ErrConflict) {
		return add() // somebody began the day between the two statements
	}
	return err
}

// MatterViews sums the readers of each guide since a day, that day included.
func (s *Store) MatterViews(ctx context.Context, since domain.Day) (map[string]int, error) {
	var rows []struct {
		MatterID string
		Views    int
	}
	err := s.in(ctx).Table("matter_view").Select("matter_id, SUM(views) AS views").Where("day >= ?", since).
		Group("matter_id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("sum the views: %w", err)
	}
	views := make(map[string]int, len(rows))
	for _, r := range rows {
		views[r.MatterID] = r.Views
	}
	return views, nil
}
