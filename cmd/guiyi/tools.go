package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"guiyi/config"
	"guiyi/domain"
	"guiyi/repository"
	"guiyi/service/access"
)

// withStore opens the database for one command.
func withStore(ctx context.Context, c call, do func(*repository.Store) error) error {
	store, err := openStore(ctx, c.Config, newEnv(c.Config, c.Err))
	if err != nil {
		return err
	}
	return errors.Join(do(store), store.Close())
}

func schemaUp(ctx context.Context, c call) error {
	return withStore(ctx, c, func(s *repository.Store) error {
		done, err := s.Up(ctx)
		for _, name := range done {
			_, _ = fmt.Fprintln(c.Out, "applied", name)
		}
		if err == nil && len(done) == 0 {
			_, _ = fmt.Fprintln(c.Out, "nothing to do: the schema is up to date")
		}
		return err
	})
}

func schemaDown(ctx context.Context, c call) error {
	return withStore(ctx, c, func(s *repository.Store) error {
		name, err := s.Down(ctx)
		switch {
		case err != nil:
			return err
		case name == "":
			_, _ = fmt.Fprintln(c.Out, "nothing to do: the database has no tables of ours")
		default:
			_, _ = fmt.Fprintln(c.Out, "took back", name)
		}
		return nil
	})
}

func schemaStatus(ctx context.Context, c call) error {
	return withStore(ctx, c, func(s *repository.Store) error {
		steps, err := s.SchemaStatus(ctx)
		if err != nil {
			return err
		}
		missing := 0
		for _, st := range steps {
			word := "applied"
			if !st.Applied {
				word = "missing"
				missing++
			}
			_, _ = fmt.Fprintf(c.Out, "%-8s %s\n", word, st.Name)
		}
		if missing > 0 {
			return foundError(fmt.Sprintf("%d of %d schema changes are missing: run 'guiyi schema up'", missing, len(steps)))
		}
		return s.RequireSchema(ctx)
	})
}

func staffAdd(ctx context.Context, c call, o staffAddOptions) error {
	return withStore(ctx, c, func(s *repository.Store) error {
		if err := s.RequireSchema(ctx); err != nil {
			return err
		}
		password, err := readPassword(c)
		if err != nil {
			return err
		}
		lodge := access.New(newEnv(c.Config, c.Err), s, access.Options{})
		p, err := lodge.AddStaff(ctx, actor(), access.NewStaff{Login: o.Login, Name: o.Name, Roles: o.Roles, Password: password})
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(c.Out, "%s（%s）可以登录工作台了\n", p.Login, p.Name)
		return nil
	})
}

// readPassword takes the first line of standard input, without showing it when somebody types it.
func readPassword(c call) (string, error) {
	if typed, ok, err := typePassword(c); ok {
		return typed, err
	}
	line, err := bufio.NewReader(io.LimitReader(c.In, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func staffList(ctx context.Context, c call) error {
	return withStore(ctx, c, func(s *repository.Store) error {
		if err := s.RequireSchema(ctx); err != nil {
			return err
		}
		list, err := access.New(newEnv(c.Config, c.Err), s, access.Options{}).List(ctx)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			_, _ = fmt.Fprintln(c.Out, "还没有人可以登录：guiyi staff add LOGIN --role 系统管理员")
			return nil
		}
		w := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(w, "登录名\t姓名\t角色\t状态")
		for _, p := range list {
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", p.Login, p.Name, p.RoleNames(), staffState(p))
		}
		return w.Flush()
	})
}

func staffState(p domain.Staff) string {
	if p.Disabled() {
		return "已停用"
	}
	return "可登录"
}

// check is one line of the doctor: what was looked at, what is wrong (nil = nothing), what to do about it.
type check struct {
	what   string
	err    error
	remedy string
}

// doctor looks at everything a start needs and changes nothing.
func doctor(ctx context.Context, c call) error {
	checks := examine(ctx, c.Config, c)
	sick := 0
	for _, k := range checks {
		if k.err == nil {
			_, _ = fmt.Fprintf(c.Out, "ok    %s\n", k.what)
			continue
		}
		sick++
		_, _ = fmt.Fprintf(c.Out, "FAIL  %s: %s\n      -> %s\n", k.what, inWords(k.err), k.remedy)
	}
	if sick > 0 {
		return foundError(fmt.Sprintf("%d of %d checks failed", sick, len(checks)))
	}
	return nil
}

func examine(ctx context.Context, cfg config.Config, c call) []check {
	env := newEnv(cfg, c.Err)
	store, err := openStore(ctx, cfg, env)
	checks := []check{{"database " + string(cfg.Database.Driver), err, "check GUIYI_DATABASE, and that the server runs and lets us in"}}
	if err != nil {
		return checks
	}
	a := &app{cfg: cfg, env: env, store: store, shut: []func(){func() { _ = store.Close() }}}
	defer a.Close()
	schema := store.RequireSchema(ctx)
	checks = append(checks, check{"schema", schema, "run 'guiyi schema up'"})
	connect := a.connect(ctx)
	checks = append(checks, check{"redis", connect, "check GUIYI_REDIS, and that the server runs"})
	if schema != nil || connect != nil {
		return checks
	}
	beat, err := store.LastBeat(ctx)
	if err == nil && beat.Add(quiet) < domain.At(env.Now()) {
		err = errors.New("no worker has shown a sign of life for two minutes")
	}
	checks = append(checks, check{"worker", err, "start 'guiyi serve' or 'guiyi worker'"})
	return append(checks, a.examineAccounts(ctx)...)
}

func (a *app) examineAccounts(ctx context.Context) []check {
	list, err := a.accounts.List(ctx)
	if err != nil {
		return []check{{"accounts", err, "check GUIYI_KEY: it must be the key the secrets were sealed with"}}
	}
	var checks []check
	for _, account := range list {
		if _, err := a.accounts.Credentials(ctx, account.ID); err != nil {
			checks = append(checks, check{"secrets of " + account.Key + " " + account.Name, err, "check GUIYI_KEY: it must be the key the secrets were sealed with"})
			continue
		}
		probe, cancel := context.WithTimeout(ctx, 10*time.Second)
		checks = append(checks, check{
			"account " + account.Key + " " + account.Name, a.gateway.Probe(probe, account.ID),
			"check AppID, AppSecret, the allow-list of addresses, and GUIYI_WECHAT_API",
		})
		cancel()
	}
	return checks
}
