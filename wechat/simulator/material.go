package simulator

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func materialEndpoints() []endpoint {
	const most = largestImage + 1<<20 // the file and the frame around it
	return []endpoint{
		{method: http.MethodPost, path: "/cgi-bin/media/uploadimg", group: "material", quota: "material", body: most, handle: (*call).uploadBodyImage},
		{method: http.MethodPost, path: "/cgi-bin/media/upload", group: "material", quota: "media/upload", body: most, handle: (*call).uploadTemporary},
		{method: http.MethodGet, path: "/cgi-bin/media/get", group: "material", quota: "media/get", handle: (*call).getTemporary},
		{method: http.MethodPost, path: "/cgi-bin/material/add_material", group: "material", quota: "material", body: most, handle: (*call).addMaterial},
		{method: http.MethodPost, path: "/cgi-bin/material/get_material", group: "material", quota: "material", handle: (*call).getMaterial},
		{method: http.MethodPost, path: "/cgi-bin/material/del_material", group: "material", quota: "material", handle: (*call).deleteMaterial},
		{method: http.MethodPost, path: "/cgi-bin/material/batchget_material", group: "material", quota: "material", handle: (*call).listMaterial},
		{method: http.MethodGet, path: "/cgi-bin/material/get_materialcount", group: "material", quota: "material", handle: (*call).countMaterial},
	}
}

// Sizes of the material pages (10 MB since 2022, 1 MB for article bodies).
const (
	largestBodyImage = 1 << 20
	largestImage     = 10 << 20
)

// picture is one uploaded image of an account.
type picture struct {
	id      string // in its address
	mediaID string // empty: uploaded for article bodies, or deleted
	name    string
	format  string // png, jpeg, gif
	data    []byte
	added   time.Time
	ends    time.Time // zero: permanent
}

func (p *picture) contentType() string { return "image/" + p.format }

// path is the picture's address without a host, in the form of the platform's
// picture host mmbiz.qpic.cn.
func (p *picture) path() string { return "/mmbiz_" + p.format + "/" + p.id + "/0" }

// materials are the library of one account: permanent and temporary images.
type materials struct {
	byMediaID map[string]*picture
	order     []*picture // permanent ones, oldest first
}

// permanent is the library image behind a media_id, temporary ones excluded.
func (m *materials) permanent(mediaID string) (*picture, bool) {
	p, found := m.byMediaID[mediaID]
	return p, found && p.ends.IsZero()
}

// usable is the image behind a media_id that has not run out.
func (m *materials) usable(mediaID string, now time.Time) (*picture, bool) {
	p, found := m.byMediaID[mediaID]
	return p, found && (p.ends.IsZero() || now.Before(p.ends))
}

func (s *Simulator) keepPicture(a *account, p *picture) {
	p.id = s.randomText(43)
	p.added = s.clock.now()
	if s.pictures == nil {
		s.pictures = map[string]*picture{}
	}
	s.pictures[p.id] = p
	if p.mediaID == "" {
		return
	}
	if a.materials.byMediaID == nil {
		a.materials.byMediaID = map[string]*picture{}
	}
	a.materials.byMediaID[p.mediaID] = p
	if p.ends.IsZero() {
		a.materials.order = append(a.materials.order, p)
	}
}

// base is the address phones reach the platform under: the one of the
// settings, else the host this call came to.
func (c *call) base() string {
	if c.set.PublicURL != "" {
		return strings.TrimSuffix(c.set.PublicURL, "/")
	}
	if c.r.TLS != nil {
		return "https://" + c.r.Host
	}
	return "http://" + c.r.Host
}

// uploadBodyImage is media/uploadimg: an address for article bodies; it does
// not count against the library.
func (c *call) uploadBodyImage() (any, error) {
	p, err := c.readPicture(largestBodyImage, "jpeg", "png")
	if err != nil {
		return nil, err
	}
	c.keepPicture(c.a, p)
	return struct {
		URL string `json:"url"`
	}{c.base() + p.path()}, nil
}

// uploadTemporary is media/upload: the media_id works for three days.
func (c *call) uploadTemporary() (any, error) {
	if err := onlyImages(c.query.Get("type")); err != nil {
		return nil, err
	}
	p, err := c.readPicture(largestImage, "jpeg", "png", "gif")
	if err != nil {
		return nil, err
	}
	p.mediaID, p.ends = c.randomText(64), c.now.Add(c.set.TemporaryMediaLife)
	c.keepPicture(c.a, p)
	return struct {
		Type      string `json:"type"`
		MediaID   string `json:"media_id"`
		CreatedAt int64  `json:"created_at"`
	}{"image", p.mediaID, c.now.Unix()}, nil
}

// addMaterial is material/add_material: the image stays until it is deleted.
func (c *call) addMaterial() (any, error) {
	if err := onlyImages(c.query.Get("type")); err != nil {
		return nil, err
	}
	p, err := c.readPicture(largestImage, "jpeg", "png", "gif")
	if err != nil {
		return nil, err
	}
	if len(c.a.materials.order) >= c.set.MostImages {
		return nil, refuse(45001)
	}
	p.mediaID = c.randomText(64)
	c.keepPicture(c.a, p)
	return struct {
		MediaID string `json:"media_id"`
		URL     string `json:"url"`
	}{p.mediaID, c.base() + p.path()}, nil
}

// onlyImages refuses what the platform does not know (40004) and the types
// that are not built here, so that nobody takes a silent success for real.
func onlyImages(mediaType string) error {
	switch mediaType {
	case "image":
		return nil
	case "voice", "video", "thumb":
		return refuseText(40004, "invalid media type: the simulator keeps images only")
	}
	return refuse(40004)
}

// readPicture takes the multipart field media and checks what is really in it.
func (c *call) readPicture(most int, formats ...string) (*picture, error) {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, refuse(41005)
	}
	name, data, err := mediaPart(multipart.NewReader(bytes.NewReader(c.body), params["boundary"]))
	if err != nil {
		return nil, refuse(41005)
	}
	format, isImage := strings.CutPrefix(http.DetectContentType(data), "image/")
	switch {
	case len(data) == 0:
		return nil, refuse(44001)
	case !isImage || !slices.Contains(formats, format):
		return nil, refuse(40005)
	case len(data) >= most:
		return nil, refuse(40009)
	}
	return &picture{name: name, format: format, data: data}, nil
}

func mediaPart(form *multipart.Reader) (string, []byte, error) {
	for {
		part, err := form.NextPart()
		if err != nil {
			return "", nil, err
		}
		if part.FormName() != "media" {
			continue
		}
		if part.FileName() == "" {
			return "", nil, errors.New("no file name")
		}
		data, err := io.ReadAll(part)
		return part.FileName(), data, err
	}
}

func (c *call) getTemporary() (any, error) {
	p, found := c.a.materials.usable(c.query.Get("media_id"), c.now)
	if !found || p.ends.IsZero() {
		return nil, refuse(40007)
	}
	return raw{contentType: p.contentType(), body: p.data}, nil
}

// namedMaterial reads {"media_id"} and finds the permanent image.
func (c *call) namedMaterial() (*picture, error) {
	var in struct {
		MediaID string `json:"media_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	p, found := c.a.materials.permanent(in.MediaID)
	if !found {
		return nil, refuse(40007)
	}
	return p, nil
}

func (c *call) getMaterial() (any, error) {
	p, err := c.namedMaterial()
	if err != nil {
		return nil, err
	}
	return raw{contentType: p.contentType(), body: p.data}, nil
}

// deleteMaterial takes an image out of the library. Its address goes on
// working, as it does in articles already sent.
func (c *call) deleteMaterial() (any, error) {
	p, err := c.namedMaterial()
	if err != nil {
		return nil, err
	}
	delete(c.a.materials.byMediaID, p.mediaID)
	c.a.materials.order = slices.DeleteFunc(c.a.materials.order, func(q *picture) bool { return q == p })
	return ok, nil
}

// mostListed is the size of one page of every batchget.
const mostListed = 20

// pageOf reads offset and count of a batchget: count 1 to 20.
type pageOf struct {
	Type      string `json:"type"`
	Offset    int    `json:"offset"`
	Count     int    `json:"count"`
	NoContent int    `json:"no_content"`
}

func (p pageOf) check() error {
	if p.Offset < 0 || p.Count < 1 || p.Count > mostListed {
		return refuse(40097)
	}
	return nil
}

// newestFirst cuts one page out of a list kept oldest first.
func newestFirst[T any](list []T, p pageOf) []T {
	out := slices.Clone(list)
	slices.Reverse(out)
	from := min(p.Offset, len(out))
	return out[from:min(from+p.Count, len(out))]
}

func (c *call) listMaterial() (any, error) {
	var in pageOf
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if err := in.check(); err != nil {
		return nil, err
	}
	type item struct {
		MediaID    string `json:"media_id"`
		Name       string `json:"name"`
		UpdateTime int64  `json:"update_time"`
		URL        string `json:"url"`
	}
	items, total := []item{}, 0
	switch in.Type {
	case "image":
		total = len(c.a.materials.order)
		for _, p := range newestFirst(c.a.materials.order, in) {
			items = append(items, item{p.mediaID, p.name, p.added.Unix(), c.base() + p.path()})
		}
	case "voice", "video", "news":
	default:
		return nil, refuse(40004)
	}
	return map[string]any{"total_count": total, "item_count": len(items), "item": items}, nil
}

func (c *call) countMaterial() (any, error) {
	return struct {
		Voice int `json:"voice_count"`
		Video int `json:"video_count"`
		Image int `json:"image_count"`
		News  int `json:"news_count"`
	}{Image: len(c.a.materials.order)}, nil
}

// servePicture answers /mmbiz_<format>/<id>/0, the address of an image.
func (s *Simulator) servePicture(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	p, found := s.pictureAt(r.URL.Path)
	s.mu.Unlock()
	if !found {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", p.contentType())
	h.Set("Content-Length", strconv.Itoa(len(p.data)))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("Cache-Control", "public, max-age=86400, immutable")
	_, _ = w.Write(p.data)
}

// pictureAt finds the image behind an address of the platform's picture host.
func (s *Simulator) pictureAt(path string) (*picture, bool) {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(parts) != 3 || !strings.HasPrefix(parts[0], "mmbiz_") {
		return nil, false
	}
	p, found := s.pictures[parts[1]]
	return p, found
}
