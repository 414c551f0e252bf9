package simulator

import (
	"math/bits"
	"strconv"
	"time"
)

// The life of a mass job, in virtual time:
//
//	accepted ─(protection: waits for the administrator)─▶ review ─▶ sending ─▶ about to end ─▶ ended
//	   │                                                    │          │             │            └ on the phones, SEND_SUCCESS
//	   └ errcode 0                                          │          │             └ MASSSENDJOBFINISH
//	                                                        │          └ the audience is filtered, the month counted
//	                                                        └ refused: err(2xxxx), nobody gets it, SEND_FAIL

// States of mass/get.
const (
	massSending = "SENDING"
	massSuccess = "SEND_SUCCESS"
	massFail    = "SEND_FAIL"
	massDeleted = "DELETE"
)

// Status words of MASSSENDJOBFINISH.
const (
	finishSuccess   = "send success"
	finishFail      = "send fail"
	finishRefused   = "err(40001)" // by the administrator
	finishNoConsent = "err(40002)" // no answer in 30 minutes
)

// massJob is one accepted mass send.
type massJob struct {
	id, dataID int64
	clientID   string // as sent; empty: left out
	key        string
	mediaID    string
	base       string
	accepted   time.Time
	ended      time.Time
	toAll      bool
	content    *content
	pages      []*articlePage
	status     string // of mass/get
	finish     string // of the finish event; empty: not yet
	waiting    bool   // for the administrator

	audience receivers // who was asked for
	chosen   receivers // left after the filters
	total    int
	filtered int // FilterCount
	sent     int
	errors   int
}

// massVerdict decides how a coming job ends, instead of success.
type massVerdict struct {
	Status string `json:"status"` // send fail, err(20001) …
	Times  int    `json:"times"`  // 0: until cleared
}

// nextVerdict takes what the control interface laid down for the next job.
func (m *massState) nextVerdict() string {
	if len(m.verdicts) == 0 {
		return finishSuccess
	}
	v := &m.verdicts[0]
	status := v.Status
	if v.Times > 0 {
		v.Times--
		if v.Times == 0 {
			m.verdicts = m.verdicts[1:]
		}
	}
	return status
}

// massStage is what comes next in the life of a job.
type massStage string

const (
	massUnanswered massStage = "unanswered" // the administrator's time is over
	massReviewed   massStage = "reviewed"
	massEnding     massStage = "ending"
	massEnded      massStage = "ended"
)

// massPlan is one planned stage of a job and the verdict it will meet.
type massPlan struct {
	account *account
	job     *massJob
	stage   massStage
	verdict string
}

func (p massPlan) run(s *Simulator) {
	switch refused := p.verdict != finishSuccess && p.verdict != finishFail; {
	case p.stage == massUnanswered:
		s.answerProtection(p.account, p.job, p.verdict)
	case p.stage == massReviewed && !refused:
		s.startMass(p.account, p.job, p.verdict)
	case p.stage == massEnding:
		s.announceFinish(p.account, p.job, p.verdict)
	default:
		s.endMass(p.account, p.job, p.verdict)
	}
}

// runMass plans the life of a job.
func (s *Simulator) runMass(a *account, job *massJob) {
	if job.toAll && s.set.MassProtection {
		job.waiting = true
		s.after(s.set.MassConfirmLimit, massPlan{a, job, massUnanswered, finishNoConsent})
		return
	}
	s.reviewMass(a, job)
}

// answerProtection ends the wait for the administrator; an empty status means
// that the send was confirmed. False: nothing was waiting.
func (s *Simulator) answerProtection(a *account, job *massJob, status string) bool {
	if !job.waiting {
		return false
	}
	job.waiting = false
	if status == "" {
		s.reviewMass(a, job)
		return true
	}
	s.endMass(a, job, status)
	return true
}

func (s *Simulator) reviewMass(a *account, job *massJob) {
	verdict := a.mass.nextVerdict()
	s.after(s.set.MassReview, massPlan{a, job, massReviewed, verdict})
}

// startMass filters the audience: people who left, refuse messages or are
// blacklisted, and those who already had their four of the month.
func (s *Simulator) startMass(a *account, job *massJob, verdict string) {
	state := &a.mass
	limited := a.kind == serviceAccount
	if now := month(s.clock.now()); state.month != now {
		state.month = now
		clear(state.received)
	}
	if missing := len(a.followers.all) - len(state.received); limited && missing > 0 {
		state.received = append(state.received, make([]uint8, missing)...)
	}
	job.audience.each(func(id relID) {
		if !a.followers.at(id).reachable() || limited && state.received[id] >= massPerMonth {
			return
		}
		if limited && verdict == finishSuccess {
			state.received[id]++
		}
		job.chosen.add(id)
		job.filtered++
	})
	end := s.massTime(a, job.filtered)
	s.after(max(end-s.set.MassFinishLead, 0), massPlan{a, job, massEnding, verdict})
	s.after(end, massPlan{a, job, massEnded, verdict})
}

// announceFinish counts and pushes the event shortly before the end, which is
// why its counts are approximate: who leaves in between is still in SentCount.
func (s *Simulator) announceFinish(a *account, job *massJob, verdict string) {
	if verdict == finishFail {
		job.errors = job.filtered
	} else {
		s.loseSome(a, job)
	}
	job.sent = job.filtered - job.errors
	s.pushFinish(a, job, verdict)
}

// loseSome takes out of the set who left meanwhile, and the share of people
// the settings let fail.
func (s *Simulator) loseSome(a *account, job *massJob) {
	job.chosen.each(func(id relID) {
		if !a.followers.at(id).is(following) || s.chance(s.set.MassErrorShare) {
			job.chosen.remove(id)
			job.errors++
		}
	})
}

// endMass puts the message on the phones, or not, and settles mass/get.
func (s *Simulator) endMass(a *account, job *massJob, verdict string) {
	if job.finish == "" {
		s.pushFinish(a, job, verdict)
	}
	job.ended = s.clock.now()
	if verdict != finishSuccess {
		job.status = massFail
		for _, p := range job.pages {
			delete(s.pages, p.id)
		}
		return
	}
	if job.status == massSending {
		job.status = massSuccess
	}
	job.chosen.each(func(id relID) {
		if !a.followers.at(id).is(following) {
			job.chosen.remove(id)
		}
	})
	s.receiveAll(a, job.chosen, entry{
		Kind: kindMass, Content: job.content, MsgID: job.id, MsgDataID: job.dataID,
		MediaID: job.mediaID, ClientID: job.clientID,
	})
}

// pushFinish is MASSSENDJOBFINISH in the element order of the page's sample.
func (s *Simulator) pushFinish(a *account, job *massJob, status string) {
	job.finish = status
	fields := []field{
		number("MsgID", job.id), cdata("Status", status),
		number("TotalCount", int64(job.total)), number("FilterCount", int64(job.filtered)),
		number("SentCount", int64(job.sent)), number("ErrorCount", int64(job.errors)),
		group("CopyrightCheckResult", number("Count", 0), plain("ResultList", ""), number("CheckState", 0)),
	}
	list := plain("ResultList", "")
	for i, p := range job.pages {
		if status == finishSuccess {
			list.children = append(list.children, group("item",
				plain("ArticleIdx", strconv.Itoa(i+1)), cdata("ArticleUrl", job.base+p.path())))
		}
	}
	fields = append(fields, group("ArticleUrlResult", number("Count", int64(len(list.children))), list))
	s.pushJob(a, "MASSSENDJOBFINISH", fields...)
}

func plain(name, text string) field { return field{name: name, text: text, plain: true} }

func (r receivers) remove(id relID) {
	if word := int(id) / 64; word < len(r) {
		r[word] &^= 1 << (uint(id) % 64) //nolint:gosec // ids are not negative
	}
}

func (r receivers) count() int {
	n := 0
	for _, word := range r {
		n += bits.OnesCount64(word)
	}
	return n
}
