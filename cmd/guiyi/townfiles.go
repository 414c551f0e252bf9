package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"guiyi/cmd/guiyi/town"
	"guiyi/domain"
	"guiyi/repository"
	"guiyi/service/matter"
	"guiyi/service/menu"
)

// townImport is guiyi town import.
func townImport(ctx context.Context, c call, o townOptions) error {
	folder, err := os.OpenRoot(o.Dir)
	if err != nil {
		return fmt.Errorf("open the folder: %w", err)
	}
	defer func() { _ = folder.Close() }()
	return withStore(ctx, c, func(s *repository.Store) error {
		if err := s.RequireSchema(ctx); err != nil {
			return err
		}
		env := newEnv(c.Config, c.Err)
		menuFile, err := fs.ReadFile(folder.FS(), "menu.json")
		if err != nil {
			return fmt.Errorf("read the menu: %w", err)
		}
		return s.InTx(ctx, func(tx *repository.Store) error {
			report, err := matter.New(env, tx).Import(ctx, folder.FS())
			for _, f := range report.Faults {
				_, _ = fmt.Fprintln(c.Err, f)
			}
			if err != nil {
				return err
			}
			if err := menu.New(env, tx, nil, c.Config.HTTP.PublicURL).Import(ctx, menuFile); err != nil {
				return err
			}
			if err := tx.InsertAudit(ctx, domain.AuditEntry{
				At: domain.At(env.Now()), Actor: actor(), Action: "town.import", ObjectKind: "catalogue",
				Detail: fmt.Sprintf("导入 %d 个事项和菜单", report.Matters),
			}); err != nil {
				return err
			}
			_, _ = fmt.Fprintf(c.Out, "%d 个部门、%d 个事项、%d 件事、%d 个栏目、%d 个关键词，菜单待在工作台发布\n",
				report.Departments, report.Matters, report.Bundles, report.Topics, report.Keywords)
			return nil
		})
	})
}

// townExample is guiyi town example.
func townExample(_ context.Context, c call, o townOptions) error {
	list, err := os.ReadDir(o.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look into the folder: %w", err)
	}
	if len(list) > 0 {
		return domain.Refuse(domain.ErrConflict, "not_empty", o.Dir+" 里已经有文件；请换一个空的文件夹")
	}
	if err := os.CopyFS(o.Dir, town.Catalogue()); err != nil {
		return fmt.Errorf("write the example: %w", err)
	}
	_, _ = fmt.Fprintf(c.Out, "示例已写入 %s；改成自己的内容后运行 guiyi town import %s\n", o.Dir, o.Dir)
	return nil
}
