package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// Every measured side runs in a process of its own, so that its CPU-seconds and its memory are its own. It is this program
// again, with its role in the environment. Parent and child speak in lines of JSON: an order on the child's standard input, an
// answer on its standard output. The first order opens the role; the end of the input ends it.

// roleVariable names the role of a child process.
const roleVariable = "GUIYI_BENCH_ROLE"

// part is a role on stage.
type part interface {
	// do carries out one order and gives the answer, which must be fit for JSON.
	do(ctx context.Context, what string) (any, error)
	close() error
}

// opener opens a role by its script; ready is the answer to the first order.
type opener func(ctx context.Context, script json.RawMessage) (p part, ready any, err error)

// roles that a child can play.
var roles = map[string]opener{
	roleDoor:     openDoorRole,
	roleDoorBare: openBareDoorRole,
	rolePlatform: openPlatformRole,
	roleRedis:    openRedisRole,
	roleWave:     openWaveRole,
	roleWaveBare: openBareRole,
}

type order struct {
	Do     string          `json:"do,omitempty"`
	Script json.RawMessage `json:"script,omitempty"` // of the first order only
}

type answer struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// playRole is the child's whole life; it gives the exit code.
func playRole(ctx context.Context, role string, in io.Reader, out, errs io.Writer) int {
	open, ok := roles[role]
	if !ok {
		_, _ = fmt.Fprintf(errs, "bench: no role %q\n", role)
		return 2
	}
	if err := perform(ctx, open, in, out); err != nil {
		_, _ = fmt.Fprintf(errs, "bench: %s: %v\n", role, err)
		return 1
	}
	return 0
}

func perform(ctx context.Context, open opener, in io.Reader, out io.Writer) (err error) {
	orders, answers := json.NewDecoder(bufio.NewReaderSize(in, 1<<20)), json.NewEncoder(out)
	var first order
	if err := orders.Decode(&first); err != nil {
		return fmt.Errorf("read the script: %w", err)
	}
	p, ready, err := open(ctx, first.Script)
	if err := answers.Encode(answerOf(ready, err)); err != nil {
		return err
	}
	if err != nil {
		return nil // told to the parent
	}
	defer func() { err = errors.Join(err, p.close()) }()
	for {
		var o order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read an order: %w", err)
		}
		result, err := p.do(ctx, o.Do)
		if err := answers.Encode(answerOf(result, err)); err != nil {
			return err
		}
	}
}

func answerOf(result any, err error) answer {
	if err != nil {
		return answer{Error: err.Error()}
	}
	text, err := json.Marshal(result)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Result: text}
}

// process is a child, seen from the parent.
type process struct {
	role    string
	cmd     *exec.Cmd
	in      io.WriteCloser
	orders  *json.Encoder
	answers *json.Decoder
}

// patience is how long a child may take to go when it is asked to.
const patience = 10 * time.Second

// start begins a child and waits until it is ready. It dies with ctx.
func start(ctx context.Context, role string, script, ready any) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self) //nolint:gosec // this very program
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr, cmd.WaitDelay = os.Stderr, patience
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", role, err)
	}
	p := &process{role: role, cmd: cmd, in: in, orders: json.NewEncoder(in), answers: json.NewDecoder(bufio.NewReader(out))}
	text, err := json.Marshal(script)
	if err == nil {
		err = p.exchange(order{Script: text}, ready)
	}
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// ask gives an order and reads the answer into result.
func (p *process) ask(what string, result any) error { return p.exchange(order{Do: what}, result) }

func (p *process) exchange(o order, result any) error {
	if err := p.orders.Encode(o); err != nil {
		return fmt.Errorf("order to %s: %w", p.role, err)
	}
	var a answer
	if err := p.answers.Decode(&a); err != nil {
		return fmt.Errorf("%s died: %w", p.role, err)
	}
	if a.Error != "" {
		return fmt.Errorf("%s: %s", p.role, a.Error)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(a.Result, result)
}

// stop ends the child and waits for it. Nil stops nothing.
func (p *process) stop() error {
	if p == nil {
		return nil
	}
	_ = p.in.Close()
	lifeEnd := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer lifeEnd.Stop()
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", p.role, err)
	}
	return nil
}
