package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const roleWaveBare = "wave-bare"

// bareScript says what the bare loop posts, and to whom.
type bareScript struct {
	Platform  string        `json:"platform"`
	Bodies    bodies        `json:"bodies"`
	OpenIDs   []string      `json:"openids"`
	MassBatch int           `json:"mass_batch"`
	Limit     time.Duration `json:"limit"`
}

// bareSender is the least a program can do that sends a wave: it posts the bodies, looks whether the platform said yes, and
// writes nothing down.
type bareSender struct {
	bareScript
	client *http.Client
	token  string
	cover  string
}

func openBareRole(ctx context.Context, script json.RawMessage) (part, any, error) {
	b := &bareSender{client: &http.Client{Transport: &http.Transport{MaxIdleConns: 2 * parallel, MaxIdleConnsPerHost: 2 * parallel}}}
	if err := json.Unmarshal(script, &b.bareScript); err != nil {
		return nil, nil, err
	}
	var out struct {
		AccessToken string `json:"access_token"`
	}
	in := fmt.Sprintf(`{"grant_type":"client_credential","appid":%q,"secret":%q}`, oldAppID, appSecret)
	if err := b.post(ctx, "/cgi-bin/stable_token", "", in, &out); err != nil {
		return nil, nil, err
	}
	b.token = out.AccessToken
	if b.Bodies.Draft != "" {
		if err := b.uploadCover(ctx); err != nil {
			return nil, nil, err
		}
	}
	return b, nil, nil
}

func (b *bareSender) close() error {
	b.client.CloseIdleConnections()
	return nil
}

func (b *bareSender) do(ctx context.Context, what string) (any, error) {
	if what != "run" {
		return nil, fmt.Errorf("no order %q", what)
	}
	bounded, cancel := context.WithTimeout(ctx, b.Limit)
	defer cancel()
	send := b.sendTexts
	if b.Bodies.Draft != "" {
		send = b.sendMass
	}
	var m meter
	if err := m.begin(); err != nil {
		return nil, err
	}
	err := send(bounded)
	r, endErr := m.end()
	return r, errors.Join(err, endErr)
}

// sendTexts posts one message to each person, parallel at a time.
func (b *bareSender) sendTexts(ctx context.Context) error {
	head, tail, _ := strings.Cut(b.Bodies.Text, gapPerson)
	var next atomic.Int64
	failed := make(chan error, parallel)
	var tasks sync.WaitGroup
	for range parallel {
		tasks.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(b.OpenIDs) {
					return
				}
				if err := b.post(ctx, "/cgi-bin/message/custom/send", b.token, head+b.OpenIDs[i]+tail, nil); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	tasks.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// sendMass posts a draft and a mass send for each batch, one after the other as we do.
func (b *bareSender) sendMass(ctx context.Context) error {
	draft := strings.Replace(b.Bodies.Draft, gapCover, b.cover, 1)
	for start := 0; start < len(b.OpenIDs); start += b.MassBatch {
		var out struct {
			MediaID string `json:"media_id"`
		}
		if err := b.post(ctx, "/cgi-bin/draft/add", b.token, draft, &out); err != nil {
			return err
		}
		list, err := json.Marshal(b.OpenIDs[start:min(start+b.MassBatch, len(b.OpenIDs))])
		if err != nil {
			return err
		}
		body := strings.NewReplacer(gapPeople, string(list), gapMedia, out.MediaID, gapClient, "bare-"+strconv.Itoa(start)).Replace(b.Bodies.Mass)
		if err := b.postMass(ctx, body); err != nil {
			return err
		}
	}
	return nil
}

// postMass waits when the platform takes no more mass sends in this minute of its own, which is a blink of ours.
func (b *bareSender) postMass(ctx context.Context, body string) error {
	for {
		err := b.post(ctx, "/cgi-bin/message/mass/send", b.token, body, nil)
		if err == nil || !strings.Contains(err.Error(), `"errcode":45011,`) {
			return err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// post sends one body; an errcode is an error.
func (b *bareSender) post(ctx context.Context, path, token, body string, out any) error {
	address := b.Platform + path
	if token != "" {
		address += "?access_token=" + token
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	return b.send(req, out)
}

func (b *bareSender) send(req *http.Request, out any) error {
	resp, err := b.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if bytes.Contains(answer, []byte(`"errcode"`)) && !bytes.Contains(answer, []byte(`"errcode":0`)) {
		return fmt.Errorf("%s: %s", req.URL.Path, answer)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer, out)
}

// uploadCover gives the drafts a cover of one pixel; it is uploaded before the clock starts.
func (b *bareSender) uploadCover(ctx context.Context) error {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("media", "cover.png")
	if err == nil {
		err = png.Encode(file, image.NewGray(image.Rect(0, 0, 1, 1)))
	}
	if err = errors.Join(err, form.Close()); err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.Platform+"/cgi-bin/material/add_material?type=image&access_token="+b.token, &body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	var out struct {
		MediaID string `json:"media_id"`
	}
	if err := b.send(req, &out); err != nil {
		return err
	}
	b.cover = out.MediaID
	return nil
}
