package simulator

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// article is a valid draft article; changes are applied on top.
func (w *town) article(key string, changes ...string) map[string]any {
	w.t.Helper()
	a := map[string]any{"title": "搬家公告", "content": "<p>我们搬到汀兰服务了。</p>", "thumb_media_id": w.cover(key)}
	for i := 0; i+1 < len(changes); i += 2 {
		a[changes[i]] = changes[i+1]
	}
	return a
}

// draft is the media_id of a fresh draft.
func (w *town) draft(key string, articles ...map[string]any) string {
	w.t.Helper()
	if len(articles) == 0 {
		articles = []map[string]any{w.article(key)}
	}
	out := w.post(key, "/cgi-bin/draft/add", map[string]any{"articles": articles})
	id, _ := out["media_id"].(string)
	if id == "" {
		w.t.Fatalf("no draft: %v", out)
	}
	return id
}

// newsItem is one article of draft/get.
func (w *town) newsItem(key, mediaID string, index int) map[string]any {
	w.t.Helper()
	out := w.post(key, "/cgi-bin/draft/get", map[string]string{"media_id": mediaID})
	items, _ := out["news_item"].([]any)
	if index >= len(items) {
		w.t.Fatalf("draft has %v", out)
	}
	item, _ := items[index].(map[string]any)
	return item
}

func TestDraftLengths(t *testing.T) {
	w := newTown(t)
	han := func(n int) string { return strings.Repeat("镇", n) }
	for name, tc := range map[string]struct {
		field, value string
		code         int
	}{
		"title_of_32_passes":              {"title", han(32), 0},
		"title_of_33":                     {"title", han(33), 45003},
		"no_title":                        {"title", "", 40097},
		"author_of_16_passes":             {"author", han(16), 0},
		"author_of_17":                    {"author", han(17), 45003},
		"digest_of_128_passes":            {"digest", han(128), 0},
		"digest_of_129":                   {"digest", han(129), 45004},
		"source_url_of_1024_bytes_passes": {"content_source_url", "https://a.example/" + strings.Repeat("x", 1006), 0},
		"source_url_of_1025_bytes":        {"content_source_url", "https://a.example/" + strings.Repeat("x", 1007), 45005},
		"content_of_19999_passes":         {"content", han(19999), 0},
		"content_of_20000":                {"content", han(20000), 45002},
		"no_content":                      {"content", "", 44004},
		"no_cover":                        {"thumb_media_id", "", 40007},
		"unknown_cover":                   {"thumb_media_id", strings.Repeat("a", 64), 40007},
		"unknown_type":                    {"article_type", "poem", 40097},
	} {
		t.Run(name, func(*testing.T) {
			out := w.post("clinic", "/cgi-bin/draft/add", map[string]any{"articles": []any{w.article("clinic", tc.field, tc.value)}})
			w.wantCode(out, tc.code)
		})
	}
}

func TestDraftCoverMustBePermanentAndOwn(t *testing.T) {
	w := newTown(t)
	temporary, _ := w.upload("clinic", "/cgi-bin/media/upload?type=image", tinyPNG(t))["media_id"].(string)
	for name, id := range map[string]string{"temporary": temporary, "of_another_account": w.cover("party")} {
		t.Run(name, func(*testing.T) {
			w.wantCode(w.post("clinic", "/cgi-bin/draft/add", map[string]any{"articles": []any{w.article("clinic", "thumb_media_id", id)}}), 40007)
		})
	}
}

func TestDraftRefusesEscapes(t *testing.T) {
	w := newTown(t)
	body := fmt.Sprintf(`{"articles":[{"title":"\u642c\u5bb6","content":"x","thumb_media_id":%q}]}`, w.cover("clinic"))
	w.wantCode(w.post("clinic", "/cgi-bin/draft/add", body), 40033)
	w.do(func() { w.set.RefuseEscapes = false })
	w.wantCode(w.post("clinic", "/cgi-bin/draft/add", body), 0)
}

func TestDraftNumberOfArticles(t *testing.T) {
	w := newTown(t)
	list := func(n int) []any {
		out := []any{}
		for range n {
			out = append(out, w.article("clinic"))
		}
		return out
	}
	w.wantCode(w.post("clinic", "/cgi-bin/draft/add", map[string]any{"articles": list(0)}), 44003)
	w.wantCode(w.post("clinic", "/cgi-bin/draft/add", map[string]any{"articles": list(8)}), 0)
	w.wantCode(w.post("clinic", "/cgi-bin/draft/add", map[string]any{"articles": list(9)}), 45008)
}

func TestDraftBodyFilters(t *testing.T) {
	w := newTown(t)
	own, _ := w.upload("clinic", "/cgi-bin/media/uploadimg", tinyPNG(t))["url"].(string)
	for name, tc := range map[string]struct{ in, out string }{
		"scripts_go":                 {`<p>一</p><script>alert("x")</script><p>二</p>`, `<p>一</p><p>二</p>`},
		"scripts_in_capitals_go":     {`<SCRIPT src=x></SCRIPT>二`, `二`},
		"handlers_go":                {`<p onclick="x()" style="text-align:center">一</p>`, `<p style="text-align:center">一</p>`},
		"foreign_images_go":          {`<p>一<img src="https://elsewhere.example/a.png"></p>`, `<p>一</p>`},
		"uploaded_images_stay":       {`<img src="` + own + `">`, `<img src="` + own + `">`},
		"frames_go":                  {`<iframe src="https://a.example">x</iframe>一`, `一`},
		"script_addresses_go":        {`<a href="javascript:x()">一</a>`, `<a>一</a>`},
		"outside_links_lose_address": {`<a href="https://town.example/q">一</a>`, `<a>一</a>`},
		"links_to_articles_stay":     {`<a href="https://mp.weixin.qq.com/s/abc">一</a>`, `<a href="https://mp.weixin.qq.com/s/abc">一</a>`},
		"comments_go":                {`一<!-- 草稿 -->二`, `一二`},
		"text_is_kept_as_text":       {`1 &lt; 2 &amp; 三`, `1 &lt; 2 &amp; 三`},
		"backgrounds_go":             {`<p style="background:url(https://a.example/x)">一</p>`, `<p>一</p>`},
	} {
		t.Run(name, func(t *testing.T) {
			id := w.draft("clinic", w.article("clinic", "content", tc.in))
			if got := w.newsItem("clinic", id, 0)["content"]; got != tc.out {
				t.Errorf("got %q, want %q", got, tc.out)
			}
		})
	}
	t.Run("outside_links_stay_by_setting", func(t *testing.T) {
		w.do(func() { w.set.KeepOutsideLinks = true })
		link := `<a href="https://town.example/q">一</a>`
		if got := w.newsItem("clinic", w.draft("clinic", w.article("clinic", "content", link)), 0)["content"]; got != link {
			t.Errorf("got %q", got)
		}
	})
}

func TestDraftDigest(t *testing.T) {
	w := newTown(t)
	long := "<p>" + strings.Repeat("镇", 60) + "</p>"
	t.Run("empty_becomes_the_first_54_characters", func(t *testing.T) {
		id := w.draft("clinic", w.article("clinic", "content", long))
		if got := w.newsItem("clinic", id, 0)["digest"]; got != strings.Repeat("镇", 54) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("is_dropped_with_several_articles", func(t *testing.T) {
		id := w.draft("clinic", w.article("clinic", "digest", "摘要"), w.article("clinic"))
		if got := w.newsItem("clinic", id, 0)["digest"]; got != "" {
			t.Errorf("got %q", got)
		}
	})
}

func TestDraftLife(t *testing.T) {
	w := newTown(t)
	id := w.draft("clinic", w.article("clinic", "title", "旧"), w.article("clinic"))
	if out := w.get("clinic", "/cgi-bin/draft/count"); out["total_count"] != 1.0 {
		t.Errorf("count %v", out)
	}
	item := w.newsItem("clinic", id, 0)
	page := strings.TrimPrefix(item["url"].(string), w.server.URL)
	if resp, body := w.raw(http.MethodGet, page, nil, nil); resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "临时预览") {
		t.Errorf("preview page: HTTP %d", resp.StatusCode)
	}
	change := map[string]any{"media_id": id, "index": 0, "articles": w.article("clinic", "title", "新")}
	w.wantCode(w.post("clinic", "/cgi-bin/draft/update", change), 0)
	if got := w.newsItem("clinic", id, 0)["title"]; got != "新" {
		t.Errorf("title after update %q", got)
	}
	change["index"] = 2
	w.wantCode(w.post("clinic", "/cgi-bin/draft/update", change), 40114)
	list := w.post("clinic", "/cgi-bin/draft/batchget", map[string]any{"offset": 0, "count": 20, "no_content": 1})
	if list["total_count"] != 1.0 || list["item_count"] != 1.0 {
		t.Errorf("list %v", list)
	}
	w.wantCode(w.post("clinic", "/cgi-bin/draft/batchget", map[string]any{"offset": 0, "count": 21}), 40097)
	w.wantCode(w.post("party", "/cgi-bin/draft/get", map[string]string{"media_id": id}), 40007)
	w.wantCode(w.post("clinic", "/cgi-bin/draft/delete", map[string]string{"media_id": id}), 0)
	w.wantCode(w.post("clinic", "/cgi-bin/draft/get", map[string]string{"media_id": id}), 40007)
	if resp, _ := w.raw(http.MethodGet, page, nil, nil); resp.StatusCode != http.StatusNotFound {
		t.Errorf("preview page of a deleted draft: HTTP %d", resp.StatusCode)
	}
}
