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

// A Function is a function's binary and how to run it. Set the fields, then call
// Start. The methods must not be called concurrently.
type Function struct {
	Bootstrap string        // the path of the binary
	Args      []string      // its arguments; Lambda gives none
	Env       []string      // NAME=value: the environment, apart from what Lambda sets
	Log       io.Writer     // receives the process's stdout and stderr; nil discards them
	Grace     time.Duration // how long after its deadline an invocation may still answer; 0 in Lambda

	server  *server
	process *process
	count   int
}

// A process is one run of the binary.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when the process has ended; see cmd.ProcessState
}

// Start starts serving the Runtime API. The binary is started by the first
// Invoke, as in Lambda.
func (f *Function) Start() error {
	s, err := newServer()
	if err != nil {
		return err
	}
	f.server = s
	return nil
}

// Close kills the process and stops serving the Runtime API.
func (f *Function) Close() error {
	f.kill()
	return f.server.http.Close()
}

// Invoke sends the event to the function with a deadline after timeout, and
// waits for the answer until then. The error is a *[Failure] if the function
// fails or does not answer in time; other errors are from starting the binary or
// from ctx.
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

// initTime is how long the binary may take to ask for its first event: 10 s.
// Source: Lambda developer guide, lambda-runtime-environment.html.
const initTime = 10 * time.Second

// hand waits until the process asks for an event and gives it the invocation.
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

// PID returns the id of the latest process, or 0 if there is none.
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

// A lockedWriter lets stdout and stderr share one writer, which may be nil.
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
