package access_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/repository/repotest"
	"guiyi/service"
	"guiyi/service/access"
)

const password = "horse-blue-9"

var cli = domain.Actor{ID: "cli", Name: "root"}

// lodge is the room on a fresh database, with a clock that tests move.
type lodge struct {
	*access.Service
	store *repository.Store
	now   time.Time
	mu    sync.Mutex
}

func newLodge(t *testing.T) *lodge {
	t.Helper()
	l := &lodge{store: repotest.SQLite(t), now: repotest.Noon}
	l.Service = access.New(service.Env{Now: l.clock, NewID: repotest.IDs(), Log: slog.New(slog.DiscardHandler)}, l.store, access.Options{HashKiB: 64})
	return l
}

func (l *lodge) clock() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

func (l *lodge) pass(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = l.now.Add(d)
}

func (l *lodge) add(t *testing.T, login string, roles ...string) domain.Staff {
	t.Helper()
	p, err := l.AddStaff(t.Context(), cli, access.NewStaff{Login: login, Name: "陈" + login, Roles: roles, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (l *lodge) login(t *testing.T, login string) string {
	t.Helper()
	token, _, err := l.Login(t.Context(), login, password, "10.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (l *lodge) inside(t *testing.T, token string) bool {
	t.Helper()
	_, err := l.Session(t.Context(), token)
	if err != nil && !errors.Is(err, domain.ErrUnauthenticated) {
		t.Fatal(err)
	}
	return err == nil
}

func (l *lodge) actions(t *testing.T) string {
	t.Helper()
	list, err := l.AuditLog(t.Context(), access.AuditFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append([]string{e.Actor.ID + " " + e.Action}, names...)
	}
	return strings.Join(names, ", ")
}

func TestLogin(t *testing.T) {
	l := newLodge(t)
	p := l.add(t, "chen", "manager")

	t.Run("right password opens a session with permissions", func(t *testing.T) {
		token, who, err := l.Login(t.Context(), " Chen ", password, "10.0.0.1")
		if err != nil || who.ID != p.ID {
			t.Fatal(who, err)
		}
		got, err := l.Session(t.Context(), token)
		if err != nil || !got.Can(domain.MigrationRun) || got.Can(domain.StaffWrite) {
			t.Errorf("%+v, %v", got, err)
		}
	})
	t.Run("wrong password and unknown name read the same", func(t *testing.T) {
		_, _, wrong := l.Login(t.Context(), "chen", "horse-blue-8", "10.0.0.1")
		_, _, nobody := l.Login(t.Context(), "nobody", password, "10.0.0.1")
		_, _, odd := l.Login(t.Context(), "'; drop", password, "10.0.0.1")
		for _, err := range []error{wrong, nobody, odd} {
			if !errors.Is(err, access.ErrBadLogin) {
				t.Error(err)
			}
		}
	})
	t.Run("the token is not in the database", func(t *testing.T) {
		token := l.login(t, "chen")
		if _, err := l.store.Session(t.Context(), token); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("found by the token itself: %v", err)
		}
	})
	t.Run("logout ends it", func(t *testing.T) {
		token := l.login(t, "chen")
		if err := l.Logout(t.Context(), token); err != nil || l.inside(t, token) {
			t.Error("still inside", err)
		}
	})
}

func TestLogin_locks(t *testing.T) {
	fail := func(t *testing.T, l *lodge, login, address string, n int) {
		t.Helper()
		for range n {
			if _, _, err := l.Login(t.Context(), login, "wrong-password", address); !errors.Is(err, access.ErrBadLogin) {
				t.Fatal(err)
			}
		}
	}
	t.Run("five failures lock the name, also for the right password", func(t *testing.T) {
		l := newLodge(t)
		l.add(t, "chen")
		fail(t, l, "chen", "10.0.0.1", 5)
		_, _, err := l.Login(t.Context(), "chen", password, "10.0.0.2")
		var lock *access.LockedError
		if !errors.As(err, &lock) || !errors.Is(err, domain.ErrTooMany) || lock.Wait() != 15*time.Minute {
			t.Fatal(err)
		}
		l.pass(15*time.Minute - time.Second)
		if _, _, err := l.Login(t.Context(), "chen", password, "10.0.0.2"); !errors.As(err, &lock) || lock.Wait() != time.Second {
			t.Errorf("a second before the end: %v", err)
		}
		l.pass(time.Second)
		l.login(t, "chen")
	})
	t.Run("four failures and a success begin anew", func(t *testing.T) {
		l := newLodge(t)
		l.add(t, "chen")
		for range 3 {
			fail(t, l, "chen", "10.0.0.1", 4)
			l.login(t, "chen")
		}
	})
	t.Run("a name that does not exist locks too", func(t *testing.T) {
		l := newLodge(t)
		fail(t, l, "nobody", "10.0.0.1", 5)
		if _, _, err := l.Login(t.Context(), "nobody", password, "10.0.0.1"); !errors.Is(err, domain.ErrTooMany) {
			t.Error(err)
		}
	})
	t.Run("many names from one address lock the address", func(t *testing.T) {
		l := newLodge(t)
		l.add(t, "chen")
		for i := range 30 {
			fail(t, l, "name"+string(rune('a'+i%26))+string(rune('a'+i/26)), "10.0.0.9", 1)
		}
		if _, _, err := l.Login(t.Context(), "chen", password, "10.0.0.9"); !errors.Is(err, domain.ErrTooMany) {
			t.Errorf("same address: %v", err)
		}
		l.login(t, "chen")
	})
	t.Run("forty guesses at once get five tries", func(t *testing.T) {
		l := newLodge(t)
		l.add(t, "chen")
		var wg sync.WaitGroup
		var mu sync.Mutex
		tried := 0
		for range 40 {
			wg.Go(func() {
				_, _, err := l.Login(context.WithoutCancel(t.Context()), "chen", "wrong-password", "10.0.0.1")
				mu.Lock()
				defer mu.Unlock()
				switch {
				case errors.Is(err, access.ErrBadLogin):
					tried++
				case !errors.Is(err, domain.ErrTooMany):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if tried != 5 {
			t.Errorf("%d guesses were compared", tried)
		}
	})
}

func TestSession_ends(t *testing.T) {
	l := newLodge(t)
	l.add(t, "chen")
	t.Run("after half an hour without a request", func(t *testing.T) {
		token := l.login(t, "chen")
		l.pass(29 * time.Minute)
		if !l.inside(t, token) {
			t.Fatal("ended early")
		}
		l.pass(29 * time.Minute)
		if !l.inside(t, token) {
			t.Fatal("a request did not prolong it")
		}
		l.pass(30 * time.Minute)
		if l.inside(t, token) {
			t.Error("still open")
		}
	})
	t.Run("also while a page polls", func(t *testing.T) {
		token := l.login(t, "chen")
		l.pass(29 * time.Minute)
		if _, err := l.Peek(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		l.pass(time.Minute)
		if _, err := l.Peek(t.Context(), token); !errors.Is(err, domain.ErrUnauthenticated) {
			t.Errorf("polling kept it open: %v", err)
		}
	})
	t.Run("after twelve hours in any case", func(t *testing.T) {
		token := l.login(t, "chen")
		for range 36 {
			if !l.inside(t, token) {
				t.Fatal("ended early")
			}
			l.pass(20 * time.Minute)
		}
		if l.inside(t, token) {
			t.Error("still open")
		}
	})
	t.Run("and is swept away", func(t *testing.T) {
		token := l.login(t, "chen")
		l.pass(13 * time.Hour)
		if err := l.Purge(t.Context()); err != nil || l.inside(t, token) {
			t.Error(err)
		}
	})
}

func TestStaff_changes(t *testing.T) {
	l := newLodge(t)
	boss, chen := l.add(t, "boss", "admin"), l.add(t, "chen", "账号管理员")

	t.Run("an unknown role, a taken login, a weak password are refused", func(t *testing.T) {
		for want, n := range map[string]access.NewStaff{
			"unknown_role":      {Login: "li", Password: password, Roles: []string{"king"}},
			"login_taken":       {Login: "CHEN", Password: password},
			"short_password":    {Login: "li", Password: "short"},
			"password_is_login": {Login: "li.xiaolong", Password: "li.xiaolong"},
			"bad_login_name":    {Login: "李", Password: password},
		} {
			_, err := l.AddStaff(t.Context(), cli, n)
			var refusal *domain.Error
			if !errors.As(err, &refusal) || refusal.Code != want {
				t.Errorf("%s: %v", want, err)
			}
		}
	})
	t.Run("disabling ends the session at once", func(t *testing.T) {
		token := l.login(t, "chen")
		if err := l.Disable(t.Context(), boss.Actor(), chen.ID); err != nil || l.inside(t, token) {
			t.Fatal(err)
		}
		if _, _, err := l.Login(t.Context(), "chen", password, "10.0.0.1"); !errors.Is(err, access.ErrDisabled) {
			t.Errorf("login: %v", err)
		}
		if err := l.Enable(t.Context(), boss.Actor(), chen.ID); err != nil {
			t.Fatal(err)
		}
		l.login(t, "chen")
	})
	t.Run("a reset password has to be replaced, and lifts a lock", func(t *testing.T) {
		for range 6 {
			_, _, _ = l.Login(t.Context(), "chen", "wrong-password", "10.0.0.1")
		}
		if err := l.ResetPassword(t.Context(), boss.Actor(), chen.ID, "temporary-1"); err != nil {
			t.Fatal(err)
		}
		token, p, err := l.Login(t.Context(), "chen", "temporary-1", "10.0.0.1")
		if err != nil || !p.MustChange {
			t.Fatal(p, err)
		}
		other, _, err := l.Login(t.Context(), "chen", "temporary-1", "10.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
		if err := l.ChangePassword(t.Context(), p, token, "temporary-1", "temporary-1"); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("the same again: %v", err)
		}
		if err := l.ChangePassword(t.Context(), p, token, "nonsense", password); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("without the old one: %v", err)
		}
		if err := l.ChangePassword(t.Context(), p, token, "temporary-1", password); err != nil {
			t.Fatal(err)
		}
		if !l.inside(t, token) || l.inside(t, other) {
			t.Error("kept the wrong session")
		}
		if p, err := l.Session(t.Context(), token); err != nil || p.MustChange {
			t.Error("still asked to change", err)
		}
	})
	t.Run("nobody locks the office out", func(t *testing.T) {
		for name, err := range map[string]error{
			"disables themselves":         l.Disable(t.Context(), boss.Actor(), boss.ID),
			"takes their own role":        l.SetRoles(t.Context(), boss.Actor(), boss.ID, nil),
			"disables the last admin":     l.Disable(t.Context(), cli, boss.ID),
			"takes the last admin's role": l.SetRoles(t.Context(), cli, boss.ID, []string{"editor"}),
		} {
			if !errors.Is(err, domain.ErrConflict) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := l.SetRoles(t.Context(), boss.Actor(), chen.ID, []string{"admin", "auditor"}); err != nil {
			t.Fatal(err)
		}
		if err := l.Disable(t.Context(), chen.Actor(), boss.ID); err != nil {
			t.Errorf("with a second admin: %v", err)
		}
	})
	t.Run("every change is in the audit log, refusals are not", func(t *testing.T) {
		l := newLodge(t)
		boss, chen := l.add(t, "boss", "admin"), l.add(t, "chen")
		_ = l.Disable(t.Context(), boss.Actor(), boss.ID)
		if err := errors.Join(l.SetRoles(t.Context(), boss.Actor(), chen.ID, []string{"editor"}), l.Disable(t.Context(), boss.Actor(), chen.ID)); err != nil {
			t.Fatal(err)
		}
		want := "cli staff.add, cli staff.add, " + boss.ID + " staff.roles, " + boss.ID + " staff.disable"
		if got := l.actions(t); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if sound, broken, err := l.VerifyAudit(t.Context()); sound != 4 || broken != 0 || err != nil {
			t.Error(sound, broken, err)
		}
	})
}
