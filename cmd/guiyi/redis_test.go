package main

import (
	"context"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"

	"guiyi/config"
)

// realRedis is a database of a Redis server that this test empties before and after, or leaves the test out where there is none.
func realRedis(t *testing.T) config.Redis {
	t.Helper()
	address := os.Getenv("TEST_REDIS_ADDR")
	if address == "" {
		if os.Getenv("GUIYI_TEST_REQUIRE_ALL") != "" {
			t.Fatal("TEST_REDIS_ADDR is not set, and GUIYI_TEST_REQUIRE_ALL demands a Redis")
		}
		t.Skip("TEST_REDIS_ADDR is not set: only the embedded Redis was tried")
	}
	const last = 15 // of the databases a Redis has by default: the least likely to hold anything
	client := redis.NewClient(&redis.Options{Addr: address, DB: last})
	if err := client.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // the test's own context has ended by then
		if err := client.FlushDB(context.WithoutCancel(t.Context())).Err(); err != nil {
			t.Error(err)
		}
		_ = client.Close()
	})
	return config.Redis{Addr: address, DB: last}
}

// A worker of its own process, on a real Redis, is killed in the middle and loses its queue: the next one finishes from the ledger.
func TestWorker_on_a_real_Redis_that_is_wiped(t *testing.T) {
	queue := realRedis(t)
	s := newStage(t, queue)
	s.control("/_sim/faults", `{"path":"*","account":"A2","kind":"delay","delay_ms":100}`)
	id := s.start("A2")
	first := s.worker()
	s.must(first.Process.Kill())
	_ = first.Wait()
	client := redis.NewClient(&redis.Options{Addr: queue.Addr, DB: queue.DB})
	s.must(client.FlushDB(t.Context()).Err())
	s.must(client.Close())
	second := s.worker()
	s.waitDone(id)
	s.must(second.Process.Signal(os.Interrupt))
	s.must(second.Wait())
	checkEveryoneOnce(t, s.simURL, "A2")
}
