package web

import (
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Pages are the parsed templates of one door.
type Pages struct {
	byName map[string]*template.Template
}

// frame is what the layout gets: its own data and the page's.
type frame struct {
	Frame any
	Page  string // name of the page's template
	Data  any
}

// NewPages parses every .html file of the folder, so that a fault in one shows at start and not at noon. layout.html holds the
// template "layout"; files whose name begins with _ are parts that every page may use; every other file is a page and defines
// "title" and "main". There must be a page "error" with a block "refusal". Embed the folder with the prefix all:, or the parts are left out.
//
// The layout is given .Frame and .Data and calls {{template "title" .Data}} and {{template "main" .Data}}.
func NewPages(files fs.FS, assets *Assets, more template.FuncMap) (*Pages, error) {
	names, err := fs.Glob(files, "*.html")
	if err != nil {
		return nil, err
	}
	funcs := maps.Clone(formats)
	funcs["asset"] = assets.Path
	maps.Copy(funcs, more)
	base := template.New("").Funcs(funcs).Option("missingkey=error")
	var own []string
	for _, n := range names {
		if n != "layout.html" && !strings.HasPrefix(n, "_") {
			own = append(own, n)
			continue
		}
		if base, err = base.ParseFS(files, n); err != nil {
			return nil, fmt.Errorf("parse %s: %w", n, err)
		}
	}
	p := &Pages{byName: make(map[string]*template.Template, len(own))}
	for _, n := range own {
		t, err := page(base, files, n)
		if err != nil {
			return nil, fmt.Errorf("parse %s: %w", n, err)
		}
		p.byName[strings.TrimSuffix(path.Base(n), ".html")] = t
	}
	if t := p.byName["error"]; t == nil || t.Lookup("refusal") == nil {
		return nil, errors.New("the folder of templates has no page error.html with a block refusal")
	}
	return p, nil
}

func page(base *template.Template, files fs.FS, name string) (*template.Template, error) {
	t, err := base.Clone()
	if err != nil {
		return nil, err
	}
	if t, err = t.ParseFS(files, name); err != nil {
		return nil, err
	}
	for _, need := range []string{"layout", "title", "main"} {
		if t.Lookup(need) == nil {
			return nil, fmt.Errorf("no template %q", need)
		}
	}
	return t, nil
}

// Names lists the pages, so that a test can render each of them.
func (p *Pages) Names() []string { return slices.Sorted(maps.Keys(p.byName)) }

// Page writes the whole page.
func (p *Pages) Page(w io.Writer, name string, f, data any) error {
	return p.execute(w, name, "layout", frame{Frame: f, Page: name, Data: data})
}

// Block writes one block of a page.
func (p *Pages) Block(w io.Writer, name, block string, data any) error {
	return p.execute(w, name, block, data)
}

func (p *Pages) execute(w io.Writer, name, block string, data any) error {
	t, ok := p.byName[name]
	if !ok {
		return fmt.Errorf("there is no page %q", name)
	}
	if err := t.ExecuteTemplate(w, block, data); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return nil
}
