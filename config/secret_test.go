package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestSecrets_are_not_printed(t *testing.T) {
	c := mustLoad(t, "GUIYI_DATABASE=u:hunter2@tcp(h:1)/n", "GUIYI_REDIS=h:1", "GUIYI_REDIS_PASSWORD=hunter2", "GUIYI_KEY="+goodKey)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", c)
		fmt.Fprintf(&out, verb+verb+"\n", c.Redis.Password, c.Key)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("loaded", "config", c, "dsn", c.Database.DSN, "key", c.Key)
	log := slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("loaded", "config", c, "dsn", c.Database.DSN, "key", c.Key)
	if err := json.NewEncoder(&out).Encode(c); err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), "0123456789abcdef", goodKey, "48 49 50", "0x30, 0x31"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("%q was printed", leak)
		}
	}
	if got := strings.Count(out.String(), "***"); got < 30 {
		t.Errorf("only %d masks, so the test looked at nothing", got)
	}
}

func TestOwnKey(t *testing.T) {
	t.Run("twenty_at_once_get_one_key", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "new", "folder")
		keys := make([]Key, 20)
		var wg sync.WaitGroup
		for i := range keys {
			wg.Go(func() {
				k, err := OwnKey(dir)
				if err != nil {
					t.Error(err)
				}
				keys[i] = k
			})
		}
		wg.Wait()
		for _, k := range keys {
			if len(k) != 32 || !bytes.Equal(k, keys[0]) {
				t.Fatalf("got different keys, or one of %d bytes", len(k))
			}
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 1 {
			t.Errorf("left in the folder: %v, %v", left, err)
		}
		if info, err := os.Stat(filepath.Join(dir, "guiyi.key")); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("key file is readable by others: %v, %v", info, err)
		}
	})
	t.Run("damaged_file_is_not_replaced", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "guiyi.key")
		if err := os.WriteFile(path, []byte("half a ke"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OwnKey(dir); err == nil {
			t.Error("a damaged key was accepted")
		}
		if body, _ := os.ReadFile(path); string(body) != "half a ke" {
			t.Error("a damaged key was overwritten")
		}
	})
}
