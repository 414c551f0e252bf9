package simulator

import (
	"bytes"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// tinyPNG is a small real picture.
func tinyPNG(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// upload posts a file as the multipart field media.
func (w *town) upload(key, path string, data []byte) reply {
	w.t.Helper()
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	part, err := m.CreateFormFile("media", "cover.png")
	if err != nil {
		w.t.Fatal(err)
	}
	_, _ = part.Write(data)
	_ = m.Close()
	query := w.token(key)
	if at := strings.IndexByte(path, '?'); at >= 0 {
		more, err := url.ParseQuery(path[at+1:])
		if err != nil {
			w.t.Fatal(err)
		}
		query.Set("type", more.Get("type"))
		path = path[:at]
	}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.server.URL+path+"?"+query.Encode(), &form)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", m.FormDataContentType())
	return w.answer(req)
}

// cover is the media_id of a fresh permanent image.
func (w *town) cover(key string) string {
	w.t.Helper()
	id, _ := w.upload(key, "/cgi-bin/material/add_material?type=image", tinyPNG(w.t))["media_id"].(string)
	if n := len(id); n < 43 || n > 64 {
		w.t.Fatalf("media_id %q has %d characters", id, n)
	}
	return id
}

func TestUploadRefuses(t *testing.T) {
	w := newTown(t)
	big := append(tinyPNG(t), make([]byte, 1<<20)...)
	for name, tc := range map[string]struct {
		path string
		data []byte
		code int
	}{
		"a_text_as_body_image":         {"/cgi-bin/media/uploadimg", []byte("no picture at all"), 40005},
		"a_gif_as_body_image":          {"/cgi-bin/media/uploadimg", []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00"), 40005},
		"a_megabyte_as_body_image":     {"/cgi-bin/media/uploadimg", big, 40009},
		"an_empty_file":                {"/cgi-bin/media/uploadimg", nil, 44001},
		"a_type_nobody_knows":          {"/cgi-bin/material/add_material?type=fax", tinyPNG(t), 40004},
		"a_video_kept_by_nobody":       {"/cgi-bin/media/upload?type=video", tinyPNG(t), 40004},
		"more_than_ten_megabytes":      {"/cgi-bin/material/add_material?type=image", append(tinyPNG(t), make([]byte, 10<<20)...), 40009},
		"material_of_a_lapsed_account": {"/cgi-bin/media/uploadimg", tinyPNG(t), 48001},
	} {
		t.Run(name, func(t *testing.T) {
			key := "clinic"
			if tc.code == 48001 {
				key = "lapsed"
			}
			w.wantCode(w.upload(key, tc.path, tc.data), tc.code)
		})
	}
	t.Run("a_body_without_a_file", func(*testing.T) {
		w.wantCode(w.post("clinic", "/cgi-bin/media/uploadimg", map[string]string{"media": "x"}), 41005)
	})
}

func TestBodyImageIsServedAtItsAddress(t *testing.T) {
	w := newTown(t)
	address, _ := w.upload("clinic", "/cgi-bin/media/uploadimg", tinyPNG(t))["url"].(string)
	path, found := strings.CutPrefix(address, w.server.URL)
	if !found || !strings.HasPrefix(path, "/mmbiz_png/") {
		t.Fatalf("address %q", address)
	}
	resp, data := w.raw(http.MethodGet, path, nil, nil)
	if resp.Header.Get("Content-Type") != "image/png" || !bytes.Equal(data, tinyPNG(t)) {
		t.Errorf("got %s, %d bytes", resp.Header.Get("Content-Type"), len(data))
	}
	if resp, _ := w.raw(http.MethodGet, "/mmbiz_png/nobody/0", nil, nil); resp.StatusCode != http.StatusNotFound {
		t.Errorf("unknown picture: HTTP %d", resp.StatusCode)
	}
}

func TestTemporaryImageLivesThreeDays(t *testing.T) {
	w := newTown(t)
	out := w.upload("clinic", "/cgi-bin/media/upload?type=image", tinyPNG(t))
	id, _ := out["media_id"].(string)
	if out["type"] != "image" || out["created_at"] != float64(w.Now().Unix()) {
		t.Errorf("got %v", out)
	}
	w.move(3*24*time.Hour - time.Second)
	q := w.token("clinic")
	q.Set("media_id", id)
	if resp, data := w.raw(http.MethodGet, "/cgi-bin/media/get", q, nil); resp.Header.Get("Content-Type") != "image/png" || len(data) == 0 {
		t.Error("gone too early")
	}
	w.move(time.Second)
	w.wantCode(w.get("clinic", "/cgi-bin/media/get", "media_id", id), 40007)
}

func TestPermanentImages(t *testing.T) {
	w := newTown(t)
	first, second := w.cover("clinic"), w.cover("clinic")
	list := w.post("clinic", "/cgi-bin/material/batchget_material", map[string]any{"type": "image", "offset": 0, "count": 1})
	items, _ := list["item"].([]any)
	if list["total_count"] != 2.0 || list["item_count"] != 1.0 || len(items) != 1 || items[0].(map[string]any)["media_id"] != second {
		t.Errorf("list %v", list)
	}
	resp, data := w.raw(http.MethodPost, "/cgi-bin/material/get_material", w.token("clinic"), map[string]string{"media_id": first})
	if resp.Header.Get("Content-Type") != "image/png" || !bytes.Equal(data, tinyPNG(t)) {
		t.Error("not the picture that was put in")
	}
	w.wantCode(w.post("party", "/cgi-bin/material/get_material", map[string]string{"media_id": first}), 40007)
	w.wantCode(w.post("clinic", "/cgi-bin/material/del_material", map[string]string{"media_id": first}), 0)
	w.wantCode(w.post("clinic", "/cgi-bin/material/get_material", map[string]string{"media_id": first}), 40007)
	if n := w.get("clinic", "/cgi-bin/material/get_materialcount")["image_count"]; n != 1.0 {
		t.Errorf("%v images left", n)
	}
}
