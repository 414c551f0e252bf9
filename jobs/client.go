package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"guiyi/domain"
)

// Client rings bells.
type Client struct {
	queue *asynq.Client
	now   domain.Clock
}

// NewClient uses the given Redis; it stays open when the client is closed.
func NewClient(rdb redis.UniversalClient, now domain.Clock) *Client {
	return &Client{queue: asynq.NewClientFromRedisClient(rdb), now: now}
}

// workPayload is all a migration job carries.
type workPayload struct {
	MigrationID string `json:"migration_id"`
	Turn        int    `json:"turn"`
}

// ringEvery is how long an unanswered ring silences the next one for the same turn, in seconds. It bounds how long a task that a
// killed worker left behind in the queue can keep the bell quiet.
const ringEvery = 2

// Ring asks a worker to advance a migration. Ringing again for the same turn within a few seconds does nothing.
func (c *Client) Ring(ctx context.Context, migrationID string, turn int) error {
	payload, err := json.Marshal(workPayload{migrationID, turn})
	if err != nil {
		return err
	}
	id := fmt.Sprintf("%s:%d:%d", migrationID, turn, c.now().Unix()/ringEvery)
	_, err = c.queue.EnqueueContext(ctx, asynq.NewTask(KindMigration.Type, payload), asynq.TaskID(id),
		asynq.Queue(KindMigration.Queue), asynq.Timeout(KindMigration.Timeout), asynq.MaxRetry(KindMigration.Retries))
	if errors.Is(err, asynq.ErrTaskIDConflict) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ring for a migration: %w", err)
	}
	return nil
}
