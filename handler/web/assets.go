package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"guiyi/domain"
)

//go:embed static
var embedded embed.FS

// assetPrefix is where embedded files live; assetRoute is the same as gin's pattern.
const (
	assetPrefix = "/static/"
	assetRoute  = assetPrefix + "*file"
)

// Assets are the embedded style sheets, scripts and pictures. The address of each holds a hash of its content, so browsers may
// keep it for ever and see a new one at once.
type Assets struct {
	byName  map[string]*asset // vendor/htmx-2.0.11.min.js
	byRoute map[string]*asset // vendor/htmx-2.0.11.min.0f3c….js
}

type asset struct {
	route   string
	kind    string
	plain   []byte
	zipOnce sync.Once
	zipped  []byte // nil when not worth it
}

// NewAssets reads the files that are embedded in the program.
func NewAssets() (*Assets, error) {
	files, err := fs.Sub(embedded, "static")
	if err != nil {
		return nil, err
	}
	a := &Assets{byName: map[string]*asset{}, byRoute: map[string]*asset{}}
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		one := newAsset(name, body)
		a.byName[name], a.byRoute[one.route] = one, one
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the embedded files: %w", err)
	}
	return a, nil
}

func newAsset(name string, body []byte) *asset {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	kind := mime.TypeByExtension(ext)
	if ext == ".js" {
		kind = "text/javascript; charset=utf-8"
	}
	hash := base64.RawURLEncoding.EncodeToString(sum[:9])
	return &asset{route: strings.TrimSuffix(name, ext) + "." + hash + ext, kind: kind, plain: body}
}

// Path is the address of a file for templates: {{asset "vendor/htmx-2.0.11.min.js"}}.
func (a *Assets) Path(name string) (string, error) {
	one, ok := a.byName[name]
	if !ok {
		return "", fmt.Errorf("there is no embedded file %q", name)
	}
	return assetPrefix + one.route, nil
}

// Mount serves the files. Unknown addresses go to the door's 404 page.
func (a *Assets) Mount(r gin.IRoutes, d *Door) {
	r.GET(assetRoute, d.Do(a.serve))
	r.HEAD(assetRoute, d.Do(a.serve))
}

func (a *Assets) serve(c *gin.Context) error {
	one, ok := a.byRoute[strings.TrimPrefix(c.Param("file"), "/")]
	if !ok {
		return fmt.Errorf("embedded file: %w", domain.ErrNotFound)
	}
	h := c.Writer.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", one.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	body := one.plain
	if z := one.zip(); z != nil && strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = z
	}
	c.Data(http.StatusOK, one.kind, body)
	return nil
}

// zip compresses on first use: the largest style sheet takes some 20 ms, which the start of the program should not pay.
func (o *asset) zip() []byte {
	o.zipOnce.Do(func() {
		var out bytes.Buffer
		w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is a constant that exists
		_, _ = w.Write(o.plain)                                 // writing to memory does not fail
		if w.Close() == nil && out.Len() < len(o.plain)*9/10 {
			o.zipped = out.Bytes()
		}
	})
	return o.zipped
}
