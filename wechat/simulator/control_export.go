package simulator

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// exportRelations gives one line of JSON for everybody the account knows.
func (s *Simulator) exportRelations(r *http.Request) (any, error) {
	a, err := s.accountNamed(r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	for i := range a.followers.all {
		rel := &a.followers.all[i]
		fmt.Fprintf(&buf, `{"person":%q,"openid":%q,"following":%t,"refuses":%t,"blacklisted":%t,"reachable":%t}`+"\n",
			s.personKey(rel.person), rel.openid.String(), rel.is(following), rel.is(refuses), rel.is(blacklisted), rel.reachable())
	}
	return ndjson(buf), nil
}

func ndjson(buf bytes.Buffer) raw {
	return raw{contentType: "application/x-ndjson", body: buf.Bytes()}
}

// exportReceived gives one line of JSON for everything every phone got from
// the account: the entry, with person and openid in front.
func (s *Simulator) exportReceived(r *http.Request) (any, error) {
	a, err := s.accountNamed(r.PathValue("account"))
	if err != nil {
		return nil, err
	}
	kinds := strings.FieldsFunc(r.URL.Query().Get("kind"), func(r rune) bool { return r == ',' })
	behind, err := number64(r, "after")
	if err != nil {
		return nil, err
	}
	withContent := r.URL.Query().Get("content") != "0"
	wanted := func(e *entry) bool {
		return !e.FromPerson && e.Seq > behind && (len(kinds) == 0 || slices.Contains(kinds, e.Kind))
	}
	var buf bytes.Buffer
	line := func(id relID, text []byte) {
		rel := a.followers.at(id)
		fmt.Fprintf(&buf, `{"person":%q,"openid":%q,`, s.personKey(rel.person), rel.openid[:])
		buf.Write(text[1:])
		buf.WriteByte('\n')
	}
	for _, e := range slices.Concat(a.inbox.mass, a.inbox.single) {
		if !wanted(e) {
			continue
		}
		shown := *e
		if !withContent {
			shown.Content = nil
		}
		text, err := encode(shown)
		if err != nil {
			return nil, err
		}
		if !e.toReceivers {
			line(e.receiver, text)
			continue
		}
		e.receivers.each(func(id relID) { line(id, text) })
	}
	return ndjson(buf), nil
}
