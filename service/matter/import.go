package matter

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"

	"guiyi/domain"
	"guiyi/repository"
)

// Report is what an import found.
type Report struct {
	Departments, Matters, Bundles, Topics, Keywords int

	Unchanged bool // the very same list is already in use
	Faults    []Fault
}

// Fault is one thing that is wrong in a file, for the person who keeps the list.
type Fault struct {
	File string
	Line int // 0 when the fault is not in one line
	Text string
}

func (f Fault) String() string {
	if f.Line == 0 {
		return f.File + "：" + f.Text
	}
	return f.File + " 第" + strconv.Itoa(f.Line) + "行：" + f.Text
}

// Import reads the catalogue's files and puts them in the place of the list in use: all of it, or, when anything is wrong, nothing.
// Importing the same files again changes nothing. The report names every fault with its file and line; the error is then
// domain.ErrInvalid.
func (s *Service) Import(ctx context.Context, files fs.FS) (Report, error) {
	r := reader{files: files}
	all := r.catalogue()
	report := Report{
		Departments: len(all.Departments), Matters: len(all.Matters), Bundles: len(all.Bundles), Topics: len(all.Topics),
		Keywords: len(all.Keywords), Faults: r.faults,
	}
	if len(r.faults) > 0 {
		return report, domain.Refuse(domain.ErrInvalid, "import_faults",
			fmt.Sprintf("事项目录有 %d 处错误，没有作任何改动。第一处：%s", len(r.faults), r.faults[0]))
	}
	generation, err := fingerprint(all)
	if err != nil {
		return report, err
	}
	err = s.store.InTx(ctx, func(tx *repository.Store) error {
		held, err := tx.CatalogueGeneration(ctx)
		if err != nil {
			return err
		}
		report.Unchanged = held == generation
		if report.Unchanged {
			return nil
		}
		return tx.ReplaceCatalogue(ctx, all, generation, domain.At(s.env.Now()))
	})
	if err != nil {
		return report, fmt.Errorf("import the catalogue: %w", err)
	}
	if !report.Unchanged {
		s.env.Log.InfoContext(ctx, "catalogue imported", "matters", report.Matters, "generation", generation[:12])
	}
	return report, nil
}

// fingerprint is the same for the same catalogue, whatever the files look like.
func fingerprint(all repository.Catalogue) (string, error) {
	text, err := json.Marshal(all)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
