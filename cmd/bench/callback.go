package main

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// connections is how many requests to the door are under way at once.
const connections = 16

// callbackPath is where both sides take pushes.
const callbackPath = "/wechat/callback/" + oldKey

// replyText is what both sides answer.
const replyText = "您好，您要找的服务在这里：儿童接种预约 https://tinglan.example/services/S020 ，不用手机也能办：卫生路8号一楼大厅，0000-6000104。紧急情况请拨打110、119、120。"

// callbackContest plays pushes in safe mode at the door. Both sides run all the time and get the same pushes in each round;
// every push is another message, made and encrypted before the clock starts.
type callbackContest struct {
	task
	envelope *envelope
	db       *database
	redis    *process
	sides    map[side]*process
	address  map[side]string
	made     int    // messages so far, for their ids
	pushes   []push // of this round
	taken    int    // by our side
}

func prepareCallback(ctx context.Context, t task) (contest, error) {
	c := &callbackContest{task: t, sides: map[side]*process{}, address: map[side]string{}}
	if err := c.open(ctx); err != nil {
		return nil, errors.Join(err, c.close(ctx))
	}
	return c, nil
}

func (c *callbackContest) open(ctx context.Context) (err error) {
	if c.envelope, err = newEnvelope(callbackKey, callbackToken, oldAppID); err != nil {
		return err
	}
	if c.db, err = newDatabase(ctx, c.engine); err != nil {
		return err
	}
	var redisAddress string
	if c.redis, redisAddress, err = redisFor(ctx, c.engine); err != nil {
		return err
	}
	profile, err := profileFile(c.profile, "callback")
	if err != nil {
		return err
	}
	for _, s := range []struct {
		who    side
		role   string
		script any
	}{
		{ours, roleDoor, doorScript{DSN: c.db.dsn, Redis: redisAddress, Profile: profile}}, {bare, roleDoorBare, nil},
	} {
		var address string
		if c.sides[s.who], err = start(ctx, s.role, s.script, &address); err != nil {
			return err
		}
		c.address[s.who] = address + callbackPath
		if err := c.probe(ctx, s.who); err != nil {
			return fmt.Errorf("%s: %w", s.who, err)
		}
	}
	return nil
}

func (c *callbackContest) close(ctx context.Context) error {
	err := errors.Join(c.sides[ours].stop(), c.sides[bare].stop(), c.redis.stop())
	if c.db != nil {
		err = errors.Join(err, c.db.close(ctx))
	}
	return err
}

// probe sends one push and reads its reply, so that nobody wins by answering nonsense.
func (c *callbackContest) probe(ctx context.Context, who side) error {
	l := newLoad(c.address[who])
	answer, err := l.send(ctx, c.makePushes(1)[0])
	if err != nil {
		return err
	}
	if who == ours {
		c.taken++
	}
	var sealed struct{ Encrypt string }
	if err := xml.Unmarshal(answer, &sealed); err != nil {
		return fmt.Errorf("answered no sealed reply: %w", err)
	}
	plain, err := c.envelope.open(sealed.Encrypt)
	if err != nil {
		return err
	}
	var reply struct{ ToUserName, Content string }
	if err := xml.Unmarshal(plain, &reply); err != nil {
		return err
	}
	if reply.Content != replyText || reply.ToUserName == "" {
		return fmt.Errorf("answered %q", plain)
	}
	return nil
}

// push is one request of the platform.
type push struct {
	query string
	body  string
}

// makePushes makes n messages of some thousand people.
func (c *callbackContest) makePushes(n int) []push {
	const writers = 5000
	list := make([]push, n)
	now := strconv.FormatInt(time.Now().Unix(), 10)
	for i := range list {
		c.made++
		id := strconv.FormatInt(c.seed*1_000_000_000+int64(c.made), 10)
		message := "<xml><ToUserName><![CDATA[" + oldID + "]]></ToUserName><FromUserName><![CDATA[" + fmt.Sprintf("oBench%022d", c.made%writers) +
			"]]></FromUserName><CreateTime>" + now + "</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[请问儿童接种在哪里预约？]]></Content>" +
			"<MsgId>" + id + "</MsgId></xml>"
		sealed := c.envelope.seal(message)
		query := url.Values{
			"signature": {c.envelope.sign(now, id)}, "timestamp": {now}, "nonce": {id}, "encrypt_type": {"aes"},
			"msg_signature": {c.envelope.sign(now, id, sealed)},
		}
		list[i] = push{
			query: query.Encode(),
			body:  "<xml><ToUserName><![CDATA[" + oldID + "]]></ToUserName><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>",
		}
	}
	return list
}

func (c *callbackContest) round(ctx context.Context, who side) (figures, error) {
	if who == ours { // the bare side gets the same afterwards
		c.pushes = c.makePushes(c.size)
	}
	p := c.sides[who]
	if err := p.ask("begin", nil); err != nil {
		return figures{}, err
	}
	times, err := newLoad(c.address[who]).run(ctx, c.pushes, c.duration)
	var r reading
	err = errors.Join(err, p.ask("end", &r))
	if err != nil {
		return figures{}, err
	}
	f := r.figures(len(times))
	f.P50, f.P99 = millis(percentile(times, 0.50)), millis(percentile(times, 0.99))
	if who == bare {
		return f, nil
	}
	c.taken += len(times)
	return f, c.verify(ctx)
}

// verify asks the database whether every message was stored, each once.
func (c *callbackContest) verify(ctx context.Context) error {
	store, err := openStore(ctx, c.db.dsn, newEnv())
	if err != nil {
		return err
	}
	stored, err := store.CountInbox(ctx, oldAccountID)
	if err == nil && stored != c.taken {
		err = fmt.Errorf("%d messages were stored of %d", stored, c.taken)
	}
	return errors.Join(err, store.Close())
}
