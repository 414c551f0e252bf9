package simulator

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
)

// The state file is one line that names the form, then frames. A frame is the
// length of its content, the CRC-32C of the content and that of these eight
// bytes, then the content. The first frame is a snapshot, savedWorld as JSON in gzip; each further frame is
// one step since: JSON, a line end, and the body that belongs to it.
//
// A step is written with the world locked and before anybody hears of it. From
// time to time a new file with a fresh snapshot takes the place of the old one.
const (
	stateForm    = "guiyi-simulator-state "
	stateVersion = "1" // to be raised when older files cannot be read any more
)

// ErrState is in every error of [New] about a state file that cannot be used.
// The way out is to delete the file, or to name another.
var ErrState = errors.New("state file cannot be used")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Save writes a snapshot of the world. A file with it is good for
// Options.State.
func (s *Simulator) Save(w io.Writer) error {
	s.mu.Lock()
	world := s.capture()
	s.mu.Unlock()
	return world.write(w)
}

// Restored says whether the state file held a world. Otherwise the world is
// empty and wants its scenario; [Simulator.Load] is one step, so nobody is
// left with half of one.
func (s *Simulator) Restored() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.starts > 0 && (len(s.accounts) > 0 || len(s.people) > 0)
}

// write finishes what capture took down and writes it.
func (w *savedWorld) write(out io.Writer) error {
	w.complete()
	return w.writeText(out)
}

func (w *savedWorld) writeText(out io.Writer) error {
	text, err := json.Marshal(w)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return err
	}
	_, err = z.Write(text)
	if err := errors.Join(err, z.Close()); err != nil {
		return err
	}
	if _, err := io.WriteString(out, stateForm+stateVersion+"\n"); err != nil {
		return err
	}
	_, err = out.Write(frame(packed.Bytes(), nil))
	return err
}

const frameHead = 12 // bytes

// frame is content, the body behind it, and the head in front.
func frame(content, body []byte) []byte {
	out := make([]byte, frameHead, frameHead+len(content)+len(body))
	out = append(append(out, content...), body...)
	binary.BigEndian.PutUint32(out, uint32(len(out)-frameHead)) //nolint:gosec // below 4 GiB
	binary.BigEndian.PutUint32(out[4:], crc32.Checksum(out[frameHead:], castagnoli))
	binary.BigEndian.PutUint32(out[8:], crc32.Checksum(out[:8], castagnoli))
	return out
}

// openState reads the state file, or begins it when there is none.
func (s *Simulator) openState(path, publicURL string) error {
	k := &keeper{path: path, full: make(chan struct{}, 1)}
	k.fail = func(err error) { s.log.Error("simulator state not written", "error", err) }
	good, err := s.readState(path)
	if errors.Is(err, os.ErrNotExist) {
		s.state = k
		return s.rewrite()
	}
	if err != nil {
		return err
	}
	k.file, err = os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	err = k.file.Truncate(good) // half a step at the end is none
	if err == nil {
		_, err = k.file.Seek(good, io.SeekStart)
	}
	if err != nil {
		return errors.Join(err, k.file.Close())
	}
	k.size = good
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = k
	opened := openedStep{publicURL}
	s.change(step{Opened: &opened}, func() { s.goOn(opened) })
	return nil
}

// readState fills an empty simulator from a state file and gives the length of
// its good part. Only the last step may be cut off: the process was killed, or
// the power went, while it was written, so nobody heard of it.
func (s *Simulator) readState(path string) (good int64, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	refuse := func(err error) error {
		return fmt.Errorf("%w: %s: %w; delete it to begin with an empty world", ErrState, path, err)
	}
	defer func() { // what a checksum cannot find must not stop the program either
		if cause := recover(); cause != nil {
			err = refuse(fmt.Errorf("its content makes no sense: %v", cause))
		}
	}()
	head, _, _ := strings.Cut(string(data[:min(len(data), 64)]), "\n")
	version, ours := strings.CutPrefix(head, stateForm)
	switch {
	case !ours:
		return 0, refuse(errors.New("it was not written by the simulator"))
	case version != stateVersion:
		return 0, refuse(fmt.Errorf("it has the form %q of another version, this one reads %q", version, stateVersion))
	}
	rest := data[min(len(head)+1, len(data)):]
	first := true
	for len(rest) > 0 {
		content, size, err := nextFrame(rest)
		if errors.Is(err, errCut) && !first {
			break
		}
		if err == nil && first {
			err = s.readSnapshot(content)
		} else if err == nil {
			err = s.readStep(content)
		}
		if err != nil {
			return 0, refuse(fmt.Errorf("at byte %d: %w", len(data)-len(rest), err))
		}
		rest, first = rest[size:], false
	}
	if first {
		return 0, refuse(errors.New("it holds no world"))
	}
	return int64(len(data) - len(rest)), nil
}

var errCut = errors.New("the end is missing")

func nextFrame(data []byte) (content []byte, size int, err error) {
	if len(data) < frameHead || len(bytes.Trim(data, "\x00")) == 0 { // zeros: a power cut
		return nil, 0, errCut
	}
	wrong := errors.New("the checksum is wrong")
	if crc32.Checksum(data[:8], castagnoli) != binary.BigEndian.Uint32(data[8:]) {
		return nil, 0, wrong
	}
	size = frameHead + int(binary.BigEndian.Uint32(data))
	if len(data) < size {
		return nil, 0, errCut
	}
	content = data[frameHead:size]
	if crc32.Checksum(content, castagnoli) != binary.BigEndian.Uint32(data[4:]) {
		return nil, 0, wrong
	}
	return content, size, nil
}

func (s *Simulator) readSnapshot(content []byte) error {
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return err
	}
	world := savedWorld{Settings: DefaultSettings()} // for settings the file does not know yet
	if err := json.Unmarshal(text, &world); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.restore(&world)
}

func (s *Simulator) readStep(content []byte) error {
	text, body, _ := bytes.Cut(content, []byte("\n"))
	var st step
	if err := json.Unmarshal(text, &st); err != nil {
		return err
	}
	st.body = body
	return s.again(&st)
}
