package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"guiyi/repository"
	"guiyi/service"
)

// mysqlVariable names the server for --engine mysql, as for the tests.
const mysqlVariable = "TEST_MYSQL_DSN"

// sealKey seals what is stored; the databases live for one round.
var sealKey = []byte("bench-bench-bench-bench-bench-32")

// newEnv gives the rooms what they have in the program: clock of whole seconds, growing ids; and no log.
func newEnv() service.Env {
	return service.Env{
		Now:   func() time.Time { return time.Now().UTC().Truncate(time.Second) },
		NewID: func() string { return uuid.Must(uuid.NewV7()).String() },
		Log:   slog.New(slog.DiscardHandler),
	}
}

// database is one that nobody else uses.
type database struct {
	dsn  string
	drop func(ctx context.Context) error
}

// newDatabase makes an empty database with the newest schema.
func newDatabase(ctx context.Context, engine string) (*database, error) {
	db, err := newSQLite()
	if engine == engineMySQL {
		db, err = newMySQL(ctx)
	}
	if err != nil {
		return nil, err
	}
	store, err := openStore(ctx, db.dsn, newEnv())
	if err == nil {
		_, err = store.Up(ctx)
		err = errors.Join(err, store.Close())
	}
	if err != nil {
		return nil, errors.Join(err, db.close(ctx))
	}
	return db, nil
}

func openStore(ctx context.Context, dsn string, env service.Env) (*repository.Store, error) {
	return repository.Open(ctx, repository.Options{DSN: dsn, Key: sealKey, Now: env.Now})
}

// close throws the database away, also when ctx has ended.
func (d *database) close(ctx context.Context) error {
	rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	return d.drop(rest)
}

func newSQLite() (*database, error) {
	folder, err := os.MkdirTemp("", "guiyi-bench-")
	if err != nil {
		return nil, err
	}
	return &database{
		dsn:  "sqlite:" + filepath.Join(folder, "bench.db"),
		drop: func(context.Context) error { return os.RemoveAll(folder) },
	}, nil
}

// newMySQL makes a database beside those of the tests: their user may create names that begin with guiyi_test.
func newMySQL(ctx context.Context) (*database, error) {
	var id [6]byte
	_, _ = rand.Read(id[:]) // never fails since Go 1.24; it ends the program instead
	name := "guiyi_test_bench_" + hex.EncodeToString(id[:])
	server := os.Getenv(mysqlVariable)
	admin, err := sql.Open("mysql", withDatabase(server, ""))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", mysqlVariable, err)
	}
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+name+" CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"); err != nil {
		return nil, errors.Join(err, admin.Close())
	}
	return &database{
		dsn: withDatabase(server, name),
		drop: func(ctx context.Context) error {
			_, err := admin.ExecContext(ctx, "DROP DATABASE "+name)
			return errors.Join(err, admin.Close())
		},
	}, nil
}

// withDatabase puts another name into a DSN like user:password@tcp(host:3306)/name?option=value. A password may hold slashes,
// so the last one counts.
func withDatabase(dsn, name string) string {
	slash := strings.LastIndexByte(dsn, '/')
	if slash < 0 {
		return dsn + "/" + name
	}
	if _, options, ok := strings.Cut(dsn[slash:], "?"); ok {
		return dsn[:slash+1] + name + "?" + options
	}
	return dsn[:slash+1] + name
}
