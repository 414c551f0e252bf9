package repository

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"guiyi/domain"
)

//go:embed schema/*.sql
var schemaFiles embed.FS

// SchemaStep is one file of the schema and whether this database has it.
type SchemaStep struct {
	Version int64
	Name    string
	Applied bool
}

func (s *Store) provider() (*goose.Provider, error) {
	pool, err := s.db.DB()
	if err != nil {
		return nil, err
	}
	files, err := fs.Sub(schemaFiles, "schema")
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectMySQL
	if s.SQLite() {
		dialect = goose.DialectSQLite3
	}
	return goose.NewProvider(dialect, pool, files, goose.WithDisableGlobalRegistry(true))
}

// Up brings the schema to the newest version and returns what it applied. A database newer than this program is refused.
func (s *Store) Up(ctx context.Context) ([]string, error) {
	p, err := s.provider()
	if err != nil {
		return nil, err
	}
	if err := refuseNewer(ctx, p); err != nil {
		return nil, err
	}
	done, err := p.Up(ctx)
	names := make([]string, 0, len(done))
	for _, r := range done {
		names = append(names, r.Source.Path)
	}
	if err != nil {
		return names, fmt.Errorf("raise the schema: %w", err)
	}
	return names, nil
}

// Down takes the newest step back and returns its name, or "" when nothing is left. Its data is lost.
func (s *Store) Down(ctx context.Context) (string, error) {
	p, err := s.provider()
	if err != nil {
		return "", err
	}
	at, err := p.GetDBVersion(ctx)
	if err != nil || at == 0 {
		return "", err
	}
	r, err := p.Down(ctx)
	if err != nil {
		return "", fmt.Errorf("lower the schema: %w", err)
	}
	return r.Source.Path, nil
}

// SchemaStatus lists all steps this program knows, oldest first.
func (s *Store) SchemaStatus(ctx context.Context) ([]SchemaStep, error) {
	p, err := s.provider()
	if err != nil {
		return nil, err
	}
	list, err := p.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the schema's status: %w", err)
	}
	steps := make([]SchemaStep, 0, len(list))
	for _, m := range list {
		steps = append(steps, SchemaStep{Version: m.Source.Version, Name: m.Source.Path, Applied: m.State == goose.StateApplied})
	}
	return steps, nil
}

// RequireSchema refuses to work with a database that is older or newer than this program.
func (s *Store) RequireSchema(ctx context.Context) error {
	p, err := s.provider()
	if err != nil {
		return err
	}
	if err := refuseNewer(ctx, p); err != nil {
		return err
	}
	pending, err := p.HasPending(ctx)
	if err != nil {
		return fmt.Errorf("compare the schema: %w", err)
	}
	if pending {
		return domain.Refuse(domain.ErrConflict, "schema_old", "数据库结构比程序旧，请先运行 guiyi schema up")
	}
	return nil
}

func refuseNewer(ctx context.Context, p *goose.Provider) error {
	at, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	sources := p.ListSources()
	if newest := sources[len(sources)-1].Version; at > newest {
		return domain.Refuse(domain.ErrConflict, "schema_new",
			fmt.Sprintf("数据库结构（版本 %d）比这个程序（版本 %d）新，请使用新版程序", at, newest))
	}
	return nil
}
