// Package repotest opens fresh databases for tests: SQLite always, MySQL or MariaDB when TEST_MYSQL_DSN names a server.
package repotest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"guiyi/domain"
	"guiyi/repository"
)

// Key is the encryption key of test databases.
var Key = []byte("0123456789abcdef0123456789abcdef")

// Noon is the fixed moment of tests: 2026-11-22 12:00 in Beijing.
var Noon = time.Date(2026, 11, 22, 12, 0, 0, 0, domain.Beijing)

// Each runs f once on every engine, each time on a fresh database with the newest schema.
func Each(t *testing.T, f func(t *testing.T, s *repository.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(t, SQLite(t)) })
	t.Run("mysql", func(t *testing.T) { f(t, MySQL(t)) })
}

// SQLite opens a fresh SQLite database with the newest schema; it goes with the test.
func SQLite(t testing.TB) *repository.Store {
	t.Helper()
	return open(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
}

// MySQL opens a fresh database on the server named by TEST_MYSQL_DSN (a go-sql-driver DSN; its database name is ignored).
// Without the variable the test is skipped, or fails when GUIYI_TEST_REQUIRE_ALL is set.
func MySQL(t testing.TB) *repository.Store {
	t.Helper()
	return open(t, MySQLDSN(t))
}

// MySQLDSN makes a fresh, empty database on the server named by TEST_MYSQL_DSN and gives its DSN.
func MySQLDSN(t testing.TB) string {
	t.Helper()
	dsn := os.Getenv("TEST_MYSQL_DSN")
	if dsn == "" {
		if os.Getenv("GUIYI_TEST_REQUIRE_ALL") != "" {
			t.Fatal("TEST_MYSQL_DSN is not set, and GUIYI_TEST_REQUIRE_ALL demands the second engine")
		}
		t.Skip("TEST_MYSQL_DSN is not set: second engine left out")
	}
	c, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatalf("TEST_MYSQL_DSN: %v", err)
	}
	var id [6]byte
	_, _ = rand.Read(id[:])
	name := "guiyi_test_" + hex.EncodeToString(id[:])
	c.DBName = ""
	admin, err := sql.Open("mysql", c.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	exec := func(ctx context.Context, statement string) error {
		_, err := admin.ExecContext(ctx, statement)
		return err
	}
	if err := exec(t.Context(), "CREATE DATABASE "+name+" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := exec(context.Background(), "DROP DATABASE "+name); err != nil {
			t.Errorf("drop %s: %v", name, err)
		}
		if err := admin.Close(); err != nil {
			t.Error(err)
		}
	})
	c.DBName = name
	return c.FormatDSN()
}

func open(t testing.TB, dsn string) *repository.Store {
	t.Helper()
	s, err := repository.Open(t.Context(), repository.Options{DSN: dsn, Key: Key, Now: func() time.Time { return Noon }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := s.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// IDs gives a source of ids that is the same in every run: 00000000-0000-7000-8000-000000000001, …2, …3.
func IDs() func() string {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("00000000-0000-7000-8000-%012d", n)
	}
}
