package simulator

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// What the platform's operators and reviewers do with mass jobs, templates and
// account migrations.

func (s *Simulator) sendingRoutes() []route {
	return []route{
		s.viewing("GET /_sim/accounts/{account}/drafts", s.listDraftBox),
		s.viewing("GET /_sim/accounts/{account}/mass", s.listMass),
		s.locked("PUT /_sim/accounts/{account}/mass/verdicts", s.setVerdicts),
		s.locked("POST /_sim/accounts/{account}/mass/{msg_id}/answer", s.answerMass),
		s.viewing("GET /_sim/accounts/{account}/templates", s.listTemplateLibrary),
		s.locked("PUT /_sim/accounts/{account}/templates", s.setTemplates),
		s.viewing("GET /_sim/accounts/{account}/notices", s.listNotices),
		s.viewing("GET /_sim/accounts/{account}/codes", s.listCodes),
		s.viewing("GET /_sim/account-migrations", s.listMovings),
		s.locked("POST /_sim/account-migrations", s.startMoving),
		s.locked("DELETE /_sim/account-migrations", s.endMoving),
	}
}

type draftView struct {
	MediaID string   `json:"media_id"`
	Titles  []string `json:"titles"`
	Updated int64    `json:"updated"`
}

func (s *Simulator) listDraftBox(r *http.Request) (any, error) {
	a, err := s.accountNamed(r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	list := []draftView{}
	for _, d := range a.drafts.order {
		view := draftView{MediaID: d.mediaID, Updated: d.updated.Unix()}
		for _, one := range d.articles {
			view.Titles = append(view.Titles, one.Title)
		}
		list = append(list, view)
	}
	return map[string]any{"drafts": list}, nil
}

// massView is one job. Received is the number of phones that show it.
type massView struct {
	MsgID     int64    `json:"msg_id"`
	MsgDataID int64    `json:"msg_data_id"`
	ClientID  string   `json:"client_id,omitempty"`
	MediaID   string   `json:"media_id,omitempty"`
	Accepted  int64    `json:"accepted"`
	Ended     int64    `json:"ended,omitempty"`
	ToAll     bool     `json:"to_all"`
	Status    string   `json:"status"`
	Finish    string   `json:"finish,omitempty"` // Status of MASSSENDJOBFINISH
	Waiting   bool     `json:"waiting,omitempty"`
	Total     int      `json:"total"`
	Filtered  int      `json:"filter"`
	Sent      int      `json:"sent"`
	Errors    int      `json:"error"`
	Received  int      `json:"received"`
	URLs      []string `json:"urls,omitempty"`
}

func (j *massJob) view() massView {
	v := massView{
		MsgID: j.id, MsgDataID: j.dataID, ClientID: j.clientID, MediaID: j.mediaID, Accepted: j.accepted.Unix(),
		ToAll: j.toAll, Status: j.status, Finish: j.finish, Waiting: j.waiting,
		Total: j.total, Filtered: j.filtered, Sent: j.sent, Errors: j.errors,
	}
	if !j.ended.IsZero() {
		v.Ended = j.ended.Unix()
		if j.finish == finishSuccess {
			v.Received = j.chosen.count()
		}
	}
	for _, p := range j.pages {
		v.URLs = append(v.URLs, j.base+p.path())
	}
	return v
}

func (s *Simulator) listMass(r *http.Request) (any, error) {
	a, err := s.accountNamed(r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	list := []massView{}
	for _, j := range a.mass.order {
		list = append(list, j.view())
	}
	return map[string]any{"jobs": list}, nil
}

var verdictShape = regexp.MustCompile(`^(send success|send fail|err\([0-9]{5}\))$`)

// setVerdicts decides how the next jobs of the account end.
func (s *Simulator) setVerdicts(r *http.Request) (any, error) {
	a, err := s.accountNamed(r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	var in struct {
		Verdicts []massVerdict `json:"verdicts"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	for _, v := range in.Verdicts {
		if !verdictShape.MatchString(v.Status) || v.Times < 0 {
			return nil, errors.New(`a verdict is {"status":"err(20001)","times":1}; status may also be "send fail" or "send success"`)
		}
	}
	a.mass.verdicts = in.Verdicts
	return map[string]any{"verdicts": orEmpty(slices.Clone(in.Verdicts))}, nil
}

// answerMass is the administrator's tap on a send that waits for it.
func (s *Simulator) answerMass(r *http.Request) (any, error) {
	a, err := s.accountNamed(r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	id, _ := strconv.ParseInt(r.PathValue("msg_id"), 10, 64)
	job := a.mass.jobs[id]
	if job == nil {
		return nil, missing("the account has no mass job %s", r.PathValue("msg_id"))
	}
	var in struct {
		Confirm bool `json:"confirm"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	status := finishRefused
	if in.Confirm {
		status = ""
	}
	if !s.answerProtection(a, job, status) {
		return nil, &controlError{http.StatusConflict, "this job does not wait for the administrator"}
	}
	return job.view(), nil
}

func (s *Simulator) listTemplateLibrary(r *http.Request) (any, error) {
	a, err := s.accountNamed(r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	return map[string]any{"templates": a.templates.copies()}, nil
}

// setTemplates replaces the templates of an account; without an id one is made.
func (s *Simulator) setTemplates(r *http.Request) (any, error) {
	a, err := s.accountNamed(r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	var in struct {
		Templates []templateSpec `json:"templates"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	if len(in.Templates) > mostTemplates {
		return nil, errors.New("an account has at most 25 templates")
	}
	list := make([]*templateSpec, 0, len(in.Templates))
	for _, spec := range in.Templates {
		if spec.Title == "" || len(spec.fields()) == 0 {
			return nil, errors.New("a template needs a title, and content with lines like 预约时间：{{time2.DATA}}")
		}
		spec.ID = or(spec.ID, s.randomText(43))
		list = append(list, &spec)
	}
	a.templates.list = list
	return map[string]any{"templates": a.templates.copies()}, nil
}

func (s *Simulator) listNotices(r *http.Request) (any, error) {
	a, err := s.accountNamed(r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	return map[string]any{"notices": orEmpty(slices.Clone(a.notices))}, nil
}

type movingView struct {
	From string `json:"from"`
	To   string `json:"to"`
	Ends string `json:"ends"`
	Open bool   `json:"open"`
}

func (s *Simulator) viewMoving(m *moving) movingView {
	return movingView{m.from.key, m.to.key, m.ends.In(beijing).Format(time.RFC3339), s.clock.now().Before(m.ends)}
}

func (s *Simulator) listMovings(*http.Request) (any, error) {
	list := []movingView{}
	for _, m := range s.movings {
		list = append(list, s.viewMoving(m))
	}
	return map[string]any{"account_migrations": list}, nil
}

// startMoving declares that the platform has approved an account migration.
func (s *Simulator) startMoving(r *http.Request) (any, error) {
	var in struct {
		From          string `json:"from"`
		To            string `json:"to"`
		MoveFollowers bool   `json:"move_followers"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	from, err := s.accountNamed(in.From)
	if err != nil {
		return nil, err
	}
	to, err := s.accountNamed(in.To)
	if err != nil {
		return nil, err
	}
	m, err := s.openMoving(from, to, in.MoveFollowers)
	if err != nil {
		return nil, &controlError{http.StatusConflict, err.Error()}
	}
	return s.viewMoving(m), nil
}

// endMoving forgets migrations, of one old account (?from=) or all.
func (s *Simulator) endMoving(r *http.Request) (any, error) {
	from, before := r.URL.Query().Get("from"), len(s.movings)
	s.movings = slices.DeleteFunc(s.movings, func(m *moving) bool { return from == "" || m.from.key == from })
	return map[string]int{"ended": before - len(s.movings)}, nil
}
