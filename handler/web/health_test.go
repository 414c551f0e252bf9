package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"guiyi/handler/web"
)

func TestMountHealth(t *testing.T) {
	for _, c := range []struct {
		name   string
		parts  map[string]bool
		status int
	}{
		{"all parts are well", map[string]bool{"database": true, "worker": true}, http.StatusOK},
		{"one part is not", map[string]bool{"database": true, "worker": false}, http.StatusServiceUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			engine, err := web.NewEngine()
			if err != nil {
				t.Fatal(err)
			}
			web.MountHealth(engine, func(context.Context) map[string]bool { return c.parts })
			rec := httptest.NewRecorder()
			engine.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/health", nil))
			if rec.Code != c.status {
				t.Errorf("%d: %s", rec.Code, rec.Body)
			}
		})
	}
}
