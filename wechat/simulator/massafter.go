package simulator

// What an account may do about jobs it has sent: ask for them, delete their articles, choose the speed of those to come.

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

func (c *call) massStatus() (any, error) {
	var in struct {
		MsgID json.RawMessage `json:"msg_id"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	var id flexInt
	_ = id.UnmarshalJSON(in.MsgID) // what is no number is no job
	job := c.a.mass.jobs[int64(id)]
	if job == nil {
		return nil, refuse(40059)
	}
	return struct {
		MsgID     int64  `json:"msg_id"`
		MsgStatus string `json:"msg_status"`
	}{job.id, job.status}, nil
}

// massDelete kills the pages of a sent job; the cards stay on the phones.
func (c *call) massDelete() (any, error) {
	var in struct {
		MsgID      flexInt `json:"msg_id"`
		ArticleIdx int     `json:"article_idx"` // from 1; 0: all
		URL        string  `json:"url"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	job := c.a.mass.jobs[int64(in.MsgID)]
	if in.MsgID == 0 && in.URL != "" {
		job, in.ArticleIdx = c.a.jobOfPage(in.URL)
	}
	if job == nil || len(job.pages) == 0 || in.ArticleIdx < 0 || in.ArticleIdx > len(job.pages) {
		return nil, refuse(40059)
	}
	for i, p := range job.pages {
		if in.ArticleIdx == 0 || in.ArticleIdx == i+1 {
			p.deleted = true
		}
	}
	if !slices.ContainsFunc(job.pages, func(p *articlePage) bool { return !p.deleted }) {
		job.status = massDeleted
	}
	return ok, nil
}

// jobOfPage is the job that sent an article, and the article's number from 1.
func (a *account) jobOfPage(address string) (*massJob, int) {
	for _, job := range a.mass.order {
		for i, p := range job.pages {
			if strings.HasSuffix(address, p.path()) {
				return job, i + 1
			}
		}
	}
	return nil, 0
}

func (s *Simulator) speedLevel(a *account) int {
	if a.mass.speed != nil {
		return *a.mass.speed
	}
	return min(max(s.set.MassSpeed, 0), len(massSpeeds)-1)
}

func (c *call) massSpeed() (any, error) {
	level := c.speedLevel(c.a)
	return struct {
		Speed     int `json:"speed"`
		RealSpeed int `json:"realspeed"` // in 10,000 a minute
	}{level, massSpeeds[level] / 10_000}, nil
}

func (c *call) setMassSpeed() (any, error) {
	var in struct {
		Speed *int `json:"speed"`
	}
	if err := c.decode(&in); err != nil {
		return nil, err
	}
	if in.Speed == nil {
		return nil, refuse(45084)
	}
	if *in.Speed < 0 || *in.Speed >= len(massSpeeds) {
		return nil, refuse(45083)
	}
	c.a.mass.speed = in.Speed
	return ok, nil
}

// massTime is how long a number of people takes at the account's speed.
func (s *Simulator) massTime(a *account, people int) time.Duration {
	return time.Duration(people) * time.Minute / time.Duration(massSpeeds[s.speedLevel(a)])
}
