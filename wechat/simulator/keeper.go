package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// When the steps make way for a fresh snapshot.
const (
	mostSteps     = 10_000
	mostStepBytes = 32 << 20
	syncSpacing   = time.Second
)

// keeper is the state file of a running simulator. Its fields are guarded by
// Simulator.mu.
type keeper struct {
	path     string
	file     *os.File
	size     int64 // up to here the file is good
	steps    int   // since its snapshot
	bytes    int64 // of these steps
	tail     *bytes.Buffer
	failed   error // of the latest write; the next snapshot mends it
	unsynced bool  // written, but not yet sure to be on the disk
	closed   bool

	full    chan struct{} // a snapshot is wanted
	syncing sync.Mutex    // held while the file is replaced or synced; before Simulator.mu
	fail    func(error)
}

// append writes one step. A step that cannot be written is told to the log
// once; the next snapshot holds its effect.
func (k *keeper) append(st step) {
	text, err := json.Marshal(st)
	if err != nil {
		k.failed = err
		k.fail(err)
		return
	}
	f := frame(append(text, '\n'), st.body)
	k.steps++
	k.bytes += int64(len(f))
	if k.tail != nil {
		k.tail.Write(f)
	}
	if k.failed == nil {
		k.write(f)
	}
	if k.steps >= mostSteps || k.bytes >= mostStepBytes {
		select {
		case k.full <- struct{}{}:
		default:
		}
	}
}

func (k *keeper) write(f []byte) {
	if _, err := k.file.Write(f); err != nil {
		k.failed = err
		k.fail(err)
		_ = k.file.Truncate(k.size) // no half step in front of later ones
		return
	}
	k.size += int64(len(f))
	k.unsynced = true
}

// syncState returns when all steps so far are on the disk.
func (s *Simulator) syncState() {
	k := s.state
	if k == nil {
		return
	}
	k.syncing.Lock()
	defer k.syncing.Unlock()
	s.mu.Lock()
	file, closed := k.file, k.closed
	k.unsynced = false
	s.mu.Unlock()
	if closed {
		return
	}
	if err := file.Sync(); err != nil {
		k.fail(err)
	}
}

// keep looks after the state file until the simulator closes.
func (s *Simulator) keep(ctx context.Context) {
	ticker := time.NewTicker(syncSpacing)
	defer ticker.Stop()
	for {
		fresh := false
		select {
		case <-ctx.Done():
			return
		case <-s.state.full:
			fresh = true
		case <-ticker.C:
		}
		s.mu.Lock()
		fresh = fresh || s.state.failed != nil
		unsynced := s.state.unsynced
		s.mu.Unlock()
		switch {
		case fresh:
			if err := s.rewrite(); err != nil {
				s.state.fail(err)
			}
		case unsynced:
			s.syncState()
		}
	}
}

// rewrite puts a fresh snapshot in the place of the state file. The world is
// locked while it is taken down and while the files change places; steps in
// between go to both.
func (s *Simulator) rewrite() error {
	k := s.state
	s.mu.Lock()
	world := s.capture()
	k.tail = &bytes.Buffer{}
	steps, size := k.steps, k.bytes
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		k.tail = nil
		s.mu.Unlock()
	}()

	next, err := os.OpenFile(k.path+".new", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := s.replaceBy(next, world, steps, size); err != nil {
		return errors.Join(err, next.Close(), os.Remove(next.Name()))
	}
	return syncFolder(filepath.Dir(k.path))
}

func (s *Simulator) replaceBy(next *os.File, world *savedWorld, steps int, size int64) error {
	k := s.state
	if err := world.write(next); err != nil {
		return err
	}
	k.syncing.Lock() // what was promised to be on the disk stays there
	defer k.syncing.Unlock()
	if err := s.writeTail(next); err != nil {
		return err
	}
	if err := next.Sync(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := next.Write(k.tail.Bytes()); err != nil {
		return err
	}
	end, err := next.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if err := os.Rename(next.Name(), k.path); err != nil {
		return err
	}
	if k.file != nil {
		_ = k.file.Close() // its name is gone
	}
	k.file, k.size, k.failed, k.unsynced = next, end, nil, true
	k.steps -= steps
	k.bytes -= size
	return nil
}

// writeTail writes most of what happened meanwhile, so that little is left for
// the locked moment.
func (s *Simulator) writeTail(next *os.File) error {
	s.mu.Lock()
	tail := s.state.tail
	s.state.tail = &bytes.Buffer{}
	s.mu.Unlock()
	_, err := next.Write(tail.Bytes())
	return err
}

// syncFolder makes a rename last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// closeState leaves a fresh snapshot behind.
func (s *Simulator) closeState() {
	k := s.state
	if k == nil {
		return
	}
	s.mu.Lock()
	closed := k.closed
	s.mu.Unlock()
	if closed {
		return
	}
	if err := s.rewrite(); err != nil {
		k.fail(err)
	}
	s.syncState()
	s.mu.Lock()
	defer s.mu.Unlock()
	k.closed = true
	_ = k.file.Close() // synced above
}
