package runtimeapi

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

const functionARN = "arn:aws:lambda:us-east-1:111122223333:function:kmsentry"

// A Function is a function's binary and how to run it. Fill in the fields, then
// Start. Its methods are for one goroutine.
type Function struct {
	Bootstrap string        // path of the binary
	Args      []string      // its arguments; Lambda gives none
	Env       []string      // NAME=value: the whole environment besides what Lambda sets
	Log       io.Writer     // what the process writes on stdout and stderr; nil discards
	Grace     time.Duration // how long after its deadline an invocation may still answer; 0, as in Lambda, not at all

	server  *server
	process *process
	count   int
}

// A process is one run of the binary.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when it has ended; cmd.ProcessState says how
}

// Start opens the Runtime API. The binary starts with the first Invoke, as in
// Lambda.
func (f *Function) Start() error {
	s, err := newServer()
	if err != nil {
		return err
	}
	f.server = s
	return nil
}

// Close ends the process and the Runtime API.
func (f *Function) Close() error {
	f.kill()
	return f.server.http.Close()
}

// Invoke sends the event to the function, with a deadline after timeout, and
// waits for its answer until then. Errors are *Failure, or that the binary could
// not be run at all.
func (f *Function) Invoke(ctx context.Context, event []byte, timeout time.Duration) ([]byte, error) {
	if err := f.run(); err != nil {
		return nil, err
	}
	f.count++
	inv := &invocation{
		id:      fmt.Sprintf("00000000-0000-4000-8000-%012d", f.count),
		event:   event,
		timeout: timeout,
		taken:   make(chan time.Time, 1),
		answer:  make(chan answer, 1),
	}
	if err := f.hand(ctx, inv); err != nil {
		return nil, err
	}
	late := time.NewTimer(time.Until((<-inv.taken).Add(f.Grace)))
	defer late.Stop()
	select {
	case a := <-inv.answer:
		if a.failure != nil {
			return nil, a.failure
		}
		return a.response, nil
	case <-f.process.exited:
		return nil, f.died(false)
	case <-late.C:
		f.kill()
		return nil, &Failure{Type: "Sandbox.Timedout", Message: fmt.Sprintf("task timed out after %s", timeout)}
	case <-ctx.Done():
		f.kill()
		return nil, ctx.Err()
	}
}

// initTime is how long the binary may take until it asks for its first event:
// 10 s. Source: Lambda developer guide, lambda-runtime-environment.html.
const initTime = 10 * time.Second

// hand waits until the process asks for an event.
func (f *Function) hand(ctx context.Context, inv *invocation) error {
	started := time.NewTimer(initTime + f.Grace)
	defer started.Stop()
	select {
	case f.server.events <- inv:
		return nil
	case failure := <-f.server.initErr:
		f.kill()
		return failure
	case <-f.process.exited:
		select {
		case failure := <-f.server.initErr:
			return failure
		default:
			return f.died(true)
		}
	case <-started.C:
		f.kill()
		return &Failure{Type: "Sandbox.Timedout", Message: fmt.Sprintf("the function asked for no event within %s", initTime), Init: true}
	case <-ctx.Done():
		f.kill()
		return ctx.Err()
	}
}

func (f *Function) died(init bool) *Failure {
	return &Failure{Type: "Runtime.ExitError", Message: fmt.Sprintf("the process ended before it answered: %v", f.process.cmd.ProcessState), Init: init}
}

// run starts the binary unless it is running.
func (f *Function) run() error {
	if f.process != nil {
		select {
		case <-f.process.exited:
		default:
			return nil
		}
	}
	path, err := filepath.Abs(f.Bootstrap)
	if err != nil {
		return err
	}
	p := &process{cmd: exec.Command(path, f.Args...), exited: make(chan struct{})}
	p.cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + f.server.addr(),
		"AWS_LAMBDA_FUNCTION_NAME=kmsentry",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"LAMBDA_TASK_ROOT=" + filepath.Dir(path),
		"_HANDLER=bootstrap",
		"TZ=:UTC",
	}, f.Env...)
	out := &lockedWriter{w: f.Log}
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := p.cmd.Start(); err != nil {
		return err
	}
	go func() {
		p.cmd.Wait()
		close(p.exited)
	}()
	f.process = p
	return nil
}

// PID is the running process's id; 0 while none runs.
func (f *Function) PID() int {
	if f.process == nil {
		return 0
	}
	return f.process.cmd.Process.Pid
}

func (f *Function) kill() {
	if f.process == nil {
		return
	}
	f.process.cmd.Process.Kill()
	<-f.process.exited
	f.process = nil
}

// A lockedWriter lets stdout and stderr share one writer.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	if l.w == nil {
		return len(b), nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
