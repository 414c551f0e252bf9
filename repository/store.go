// Package repository is the only place that speaks SQL: one noun a file, the same statements for SQLite and MySQL/MariaDB.
// It decides nothing; rules live in domain, transactions are opened by services.
package repository

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/glebarez/sqlite"
	sqldriver "github.com/go-sql-driver/mysql"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"

	"guiyi/domain"
)

// Store is one database, or one transaction in it.
type Store struct {
	db     *gorm.DB
	sealer Sealer
	now    domain.Clock
	inTx   bool
}

// Options say which database and how.
type Options struct {
	// DSN is "sqlite:PATH" or a go-sql-driver DSN such as "user:pw@tcp(127.0.0.1:3306)/guiyi".
	DSN string
	// Key encrypts secrets and personal data at rest: 32 bytes.
	Key []byte
	// Now is the clock for updated_at columns.
	Now domain.Clock
}

// Open connects and checks that the database is usable. It changes nothing; see Up.
// Errors name the database without its password.
func Open(ctx context.Context, o Options) (*Store, error) {
	sealer, err := NewSealer(o.Key)
	if err != nil {
		return nil, err
	}
	var dial gorm.Dialector
	if path, ok := strings.CutPrefix(o.DSN, "sqlite:"); ok {
		dial = sqlite.Open(sqliteDSN(path))
	} else {
		dsn, err := mysqlDSN(o.DSN)
		if err != nil {
			return nil, err
		}
		dial = mysql.New(mysql.Config{DSN: dsn, DisableWithReturning: true, SkipInitializeWithVersion: false})
	}
	db, err := gorm.Open(dial, &gorm.Config{
		TranslateError:         true,
		SkipDefaultTransaction: true,
		PrepareStmt:            true,
		Logger:                 logger.Discard, // gorm's own logger prints statements with their values, which are personal data
		NowFunc:                func() time.Time { return o.Now().UTC() },
		NamingStrategy: schema.NamingStrategy{SingularTable: true, NameReplacer: strings.NewReplacer(
			"OpenID", "Openid", "AppID", "Appid", "WeChatID", "WechatID")},
	})
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	s := &Store{db: db, sealer: sealer, now: o.Now}
	if err := s.check(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func sqliteDSN(path string) string {
	return "file:" + path + "?_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=busy_timeout(15000)" +
		"&_pragma=foreign_keys(1)&_txlock=immediate"
}

func mysqlDSN(dsn string) (string, error) {
	c, err := sqldriver.ParseDSN(dsn)
	if err != nil {
		return "", fmt.Errorf("read the database address: %w", err)
	}
	if c.DBName == "" {
		return "", domain.Refuse(domain.ErrInvalid, "no_database_name", "数据库地址里没有库名")
	}
	c.ClientFoundRows = true // an update that changes nothing must still count its row: state changes go by that number
	c.ParseTime = true
	c.Loc = time.UTC
	if c.Params == nil {
		c.Params = map[string]string{}
	}
	c.Params["time_zone"] = "'+00:00'"
	c.Params["sql_mode"] = "'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
	return c.FormatDSN(), nil
}

func (s *Store) check(ctx context.Context) error {
	pool, err := s.db.DB()
	if err != nil {
		return err
	}
	pool.SetMaxOpenConns(16)
	pool.SetMaxIdleConns(16)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := pool.PingContext(ctx); err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	if s.SQLite() {
		return nil
	}
	var collation string
	if err := pool.QueryRowContext(ctx, "SELECT @@collation_database").Scan(&collation); err != nil {
		return fmt.Errorf("read the database's collation: %w", err)
	}
	if collation != "utf8mb4_bin" {
		return domain.Refuse(domain.ErrInvalid, "collation",
			"数据库的排序规则是 "+collation+"，必须是 utf8mb4_bin（否则大小写不同的 openid 会被当成同一个人）")
	}
	return nil
}

// SQLite tells which engine it is; for the schema tool and for messages only, never to choose a statement.
func (s *Store) SQLite() bool { return s.db.Name() == "sqlite" }

// Close releases the connections.
func (s *Store) Close() error {
	pool, err := s.db.DB()
	if err != nil {
		return err
	}
	return pool.Close()
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	pool, err := s.db.DB()
	if err != nil {
		return err
	}
	return pool.PingContext(ctx)
}

// retries is how often a transaction is tried again after a deadlock or a busy database.
const retries = 8

// InTx runs f in one transaction. f may run several times (deadlock, busy), so it touches nothing but the database and the
// variables it sets anew each time. A Store that already is a transaction joins it.
func (s *Store) InTx(ctx context.Context, f func(tx *Store) error) error {
	if s.inTx {
		return f(s)
	}
	var err error
	for range retries {
		err = s.db.WithContext(ctx).Transaction(func(db *gorm.DB) error {
			return f(&Store{db: db, sealer: s.sealer, now: s.now, inTx: true})
		}, &sql.TxOptions{Isolation: sql.LevelReadCommitted})
		if !retryable(err) || ctx.Err() != nil {
			return err
		}
	}
	return fmt.Errorf("%w: the database stayed busy: %w", domain.ErrUnavailable, err)
}

// in gives the session for one statement.
func (s *Store) in(ctx context.Context) *gorm.DB { return s.db.WithContext(ctx) }

// one turns gorm's "no such row" into domain.ErrNotFound and names what was looked for.
func one(err error, what string) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return fmt.Errorf("%s: %w", what, domain.ErrNotFound)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	return nil
}

// changed turns the row count of a conditional update into an answer: no row means that somebody else was faster.
func changed(res *gorm.DB, what string) error {
	if res.Error != nil {
		return fmt.Errorf("change %s: %w", what, res.Error)
	}
	if res.RowsAffected == 0 {
		return fmt.Errorf("%s has moved on: %w", what, domain.ErrConflict)
	}
	return nil
}

// inserted names a failed insert; a duplicate key is domain.ErrConflict.
func inserted(err error, what string) error {
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return fmt.Errorf("%s exists already: %w", what, domain.ErrConflict)
	}
	if err != nil {
		return fmt.Errorf("insert %s: %w", what, err)
	}
	return nil
}

// ignoreConflict turns "exists already" into success, for inserts that may be repeated.
func ignoreConflict(err error) error {
	if errors.Is(err, domain.ErrConflict) {
		return nil
	}
	return err
}

// retryable tells whether the engine asks to try the whole transaction again:
// MySQL 1213 deadlock, 1205 lock wait, 1020 record changed (MariaDB); SQLite busy and locked.
func retryable(err error) bool {
	if my, ok := errors.AsType[*sqldriver.MySQLError](err); ok {
		return my.Number == 1213 || my.Number == 1205 || my.Number == 1020
	}
	var coded interface{ Code() int }
	if errors.As(err, &coded) {
		return coded.Code()&0xff == 5 || coded.Code()&0xff == 6 // SQLITE_BUSY, SQLITE_LOCKED with any extended part
	}
	return false
}
