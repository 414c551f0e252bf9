package repository_test

import (
	"errors"
	"strings"
	"testing"

	"guiyi/domain"
	"guiyi/repository"
	"guiyi/repository/repotest"
)

func TestInbox(t *testing.T) {
	repotest.Each(t, func(t *testing.T, s *repository.Store) {
		in := domain.Inbound{
			AccountID: "a3", OpenID: "oWang", Type: "text", Content: "我的身份证", MsgID: "1", EventKey: strings.Repeat("归", 200),
			CreatedAt: 100, Raw: []byte(strings.Repeat("<!-- 长 -->", 20_000)),
		}
		if _, err := s.InboxReply(t.Context(), in); !errors.Is(err, domain.ErrNotFound) {
			t.Fatalf("before: %v", err)
		}
		if err := s.InsertInbox(t.Context(), "i1", in, domain.Reply{Text: "回答"}, 101); err != nil {
			t.Fatal(err)
		}
		t.Run("the answer comes back", func(t *testing.T) {
			if r, err := s.InboxReply(t.Context(), in); err != nil || r.Text != "回答" {
				t.Errorf("got %v, %v", r, err)
			}
		})
		t.Run("the same push twice is refused", func(t *testing.T) {
			if err := s.InsertInbox(t.Context(), "i2", in, domain.Reply{}, 102); !errors.Is(err, domain.ErrConflict) {
				t.Errorf("got %v", err)
			}
		})
		t.Run("nothing a person wrote can be read in the table", func(t *testing.T) {
			for _, column := range []string{"content_sealed", "raw_sealed", "reply_sealed"} {
				stored, err := s.Column(t.Context(), "inbox", column)
				if err != nil || len(stored) != 1 || !strings.HasPrefix(stored[0], "g1:") {
					t.Errorf("%s holds %.40q, %v", column, stored, err)
				}
			}
		})
		t.Run("silence comes back as silence", func(t *testing.T) {
			in.MsgID = "2"
			if err := s.InsertInbox(t.Context(), "i3", in, domain.Reply{}, 103); err != nil {
				t.Fatal(err)
			}
			if r, err := s.InboxReply(t.Context(), in); err != nil || !r.Silent() {
				t.Errorf("got %v, %v", r, err)
			}
		})
	})
}
