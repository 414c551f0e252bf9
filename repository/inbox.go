package repository

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"guiyi/domain"
)

// Bounds of the inbox table. The whole document is kept as far as a TEXT column of MySQL holds its sealed form (64 KB); real
// pushes are a few kilobytes.
const (
	maxEventKey = 256
	maxRaw      = 45_000
)

// naturalKey is the stored form of domain.Inbound.Key: openids and keys in it are long and differ by case.
func naturalKey(in domain.Inbound) string {
	sum := sha256.Sum256([]byte(in.Key()))
	return hex.EncodeToString(sum[:])
}

// InboxReply finds what a push was answered when it came for the first time; domain.ErrNotFound when this is the first time.
func (s *Store) InboxReply(ctx context.Context, in domain.Inbound) (domain.Reply, error) {
	var r struct{ ID, ReplySealed string }
	err := s.in(ctx).Table("inbox").Select("id, reply_sealed").
		Where("account_id = ? AND natural_key = ?", in.AccountID, naturalKey(in)).Take(&r).Error
	if err != nil || r.ReplySealed == "" {
		return domain.Reply{}, one(err, "push of account "+in.AccountID)
	}
	plain, err := s.sealer.Open(inboxPlace("reply", r.ID), r.ReplySealed)
	if err != nil {
		return domain.Reply{}, fmt.Errorf("reply of push %s: %w", r.ID, err)
	}
	var reply domain.Reply
	if err := json.Unmarshal([]byte(plain), &reply); err != nil {
		return domain.Reply{}, fmt.Errorf("reply of push %s: %w", r.ID, err)
	}
	return reply, nil
}

// InsertInbox stores a push and its answer under its natural key. A push that is there already is domain.ErrConflict.
func (s *Store) InsertInbox(ctx context.Context, id string, in domain.Inbound, reply domain.Reply, at domain.Instant) error {
	said := ""
	if !reply.Silent() {
		text, err := json.Marshal(reply)
		if err != nil {
			return fmt.Errorf("encode the reply of push %s: %w", id, err)
		}
		said = string(text)
	}
	return inserted(s.in(ctx).Table("inbox").Create(map[string]any{
		"id": id, "account_id": in.AccountID, "natural_key": naturalKey(in), "openid": in.OpenID, "type": in.Type, "event": in.Event,
		"event_key":      head(in.EventKey, maxEventKey),
		"content_sealed": s.sealer.Seal(inboxPlace("content", id), head(in.Content, maxRaw)),
		"raw_sealed":     s.sealer.Seal(inboxPlace("raw", id), head(string(in.Raw), maxRaw)),
		"reply_sealed":   s.sealer.Seal(inboxPlace("reply", id), said),
		"created_at":     in.CreatedAt, "received_at": at,
	}).Error, "push "+id)
}

// CountInbox counts the pushes of an account.
func (s *Store) CountInbox(ctx context.Context, accountID string) (int, error) {
	var n int64
	if err := s.in(ctx).Table("inbox").Where("account_id = ?", accountID).Count(&n).Error; err != nil {
		return 0, fmt.Errorf("count pushes of account %s: %w", accountID, err)
	}
	return int(n), nil
}

func inboxPlace(column, id string) string { return "inbox." + column + ":" + id }

// head is the beginning of a text, at most n bytes, in whole characters.
func head(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
