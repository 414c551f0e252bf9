package repository_test

import (
	"testing"

	"guiyi/repository"
	"guiyi/repository/repotest"
)

func TestSchema(t *testing.T) {
	repotest.Each(t, func(t *testing.T, s *repository.Store) {
		if err := s.RequireSchema(t.Context()); err != nil {
			t.Fatalf("after up: %v", err)
		}
		steps, err := s.SchemaStatus(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range steps {
			if _, err := s.Down(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if name, err := s.Down(t.Context()); err != nil || name != "" {
			t.Errorf("down on an empty database: %q, %v", name, err)
		}
		if err := s.RequireSchema(t.Context()); err == nil {
			t.Error("a database without tables was accepted")
		}
		done, err := s.Up(t.Context())
		if err != nil || len(done) != len(steps) {
			t.Errorf("up again applied %d of %d steps, %v", len(done), len(steps), err)
		}
	})
}
