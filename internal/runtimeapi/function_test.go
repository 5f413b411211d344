package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/internal/bootstraptest"
)

// TestMain also acts as the function: the tests run the test binary as one.
func TestMain(m *testing.M) {
	if mode := os.Getenv("KMSENTRY_TEST_FUNCTION"); mode != "" {
		act(mode)
		return
	}
	os.Exit(m.Run())
}

const ample = time.Minute

// act acts as a function that behaves as mode says.
func act(mode string) {
	base := "http://" + os.Getenv("AWS_LAMBDA_RUNTIME_API") + prefix
	send := func(path, body string) int {
		res, err := http.Post(base+path, "application/json", strings.NewReader(body))
		if err != nil {
			os.Exit(9)
		}
		res.Body.Close()
		return res.StatusCode
	}
	switch mode {
	case "init":
		send("init/error", `{"errorType":"settingError","errorMessage":"no topic"}`)
		os.Exit(1)
	case "exit":
		os.Exit(7)
	case "asleep":
		time.Sleep(time.Hour)
	}
	for {
		res, err := http.Get(base + "invocation/next")
		if err != nil {
			os.Exit(8)
		}
		event, _ := io.ReadAll(res.Body)
		res.Body.Close()
		id := res.Header.Get("Lambda-Runtime-Aws-Request-Id")
		switch mode {
		case "echo":
			fmt.Println("handled", string(event))
			send("invocation/"+id+"/response", fmt.Sprintf(`{"event":%s,"pid":%d,"deadline":%s}`, event, os.Getpid(), res.Header.Get("Lambda-Runtime-Deadline-Ms")))
		case "error":
			send("invocation/"+id+"/error", `{"errorType":"publishError","errorMessage":"down"}`)
		case "odd error":
			send("invocation/"+id+"/error", `down`)
		case "wrong id":
			if status := send("invocation/other/response", `{}`); status != http.StatusBadRequest {
				os.Exit(6)
			}
			send("invocation/"+id+"/response", `"mine"`)
			if status := send("invocation/"+id+"/response", `"again"`); status != http.StatusBadRequest {
				os.Exit(5)
			}
		case "too large":
			send("invocation/"+id+"/response", `"`+strings.Repeat("x", maxResponse)+`"`)
		case "dies":
			os.Exit(3)
		case "hangs":
			time.Sleep(time.Hour)
		}
	}
}

func newFunction(t *testing.T, mode string) (*Function, *bootstraptest.Buffer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log := &bootstraptest.Buffer{}
	f := &Function{Bootstrap: self, Env: []string{"KMSENTRY_TEST_FUNCTION=" + mode}, Log: log}
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, log
}

// TestOneProcessHandlesEvents checks that one process handles events one after
// the other, each with its own deadline.
func TestOneProcessHandlesEvents(t *testing.T) {
	f, log := newFunction(t, "echo")
	if f.PID() != 0 {
		t.Errorf("a process %d before the first event", f.PID())
	}
	for n := range 3 {
		before := time.Now()
		got, err := f.Invoke(t.Context(), []byte(strconv.Itoa(n)), ample)
		if err != nil {
			t.Fatal(err)
		}
		head := fmt.Sprintf(`{"event":%d,"pid":%d,"deadline":`, n, f.PID())
		rest, ok := strings.CutPrefix(string(got), head)
		ms, err := strconv.ParseInt(strings.TrimSuffix(rest, "}"), 10, 64)
		if deadline := time.UnixMilli(ms); !ok || err != nil || deadline.Before(before.Add(ample).Truncate(time.Millisecond)) || deadline.After(time.Now().Add(ample)) {
			t.Errorf("answer %s, want %s and a deadline a minute after %s", got, head, before)
		}
	}
	f.Close()
	if got := log.String(); got != "handled 0\nhandled 1\nhandled 2\n" {
		t.Errorf("log = %q", got)
	}
}

// TestFailures checks the error that the caller gets for each kind of failure.
func TestFailures(t *testing.T) {
	tests := []struct {
		mode, want string
		init       bool
	}{
		{"error", "publishError: down", false},
		{"odd error", `Runtime.Unknown: the function reported an error that cannot be read: "down"`, false},
		{"too large", "Function.ResponseSizeTooLarge: http: request body too large", false},
		{"dies", "Runtime.ExitError: the process ended before it answered: exit status 3", false},
		{"exit", "Runtime.ExitError: the process ended before it answered: exit status 7", true},
		{"init", "settingError: no topic", true},
	}
	for _, test := range tests {
		t.Run(test.mode, func(t *testing.T) {
			t.Parallel()
			f, _ := newFunction(t, test.mode)
			for range 2 { // if the process has ended, the next event starts a new one
				_, err := f.Invoke(t.Context(), []byte("{}"), ample)
				var failure *Failure
				if !errors.As(err, &failure) || failure.Error() != test.want || failure.Init != test.init {
					t.Errorf("Invoke = %v, want %s (init %t)", err, test.want, test.init)
				}
			}
		})
	}
}

// TestAnswersAreForTheirInvocation checks that an answer with another id, and a
// second answer, are rejected.
func TestAnswersAreForTheirInvocation(t *testing.T) {
	f, _ := newFunction(t, "wrong id")
	for range 2 {
		if got, err := f.Invoke(t.Context(), []byte("{}"), ample); err != nil || string(got) != `"mine"` {
			t.Errorf("Invoke = %s, %v", got, err)
		}
	}
}

// TestKilled checks that the process is killed at the deadline, or when the
// caller gives up, and that the next event gets a new process.
func TestKilled(t *testing.T) {
	t.Run("at the deadline", func(t *testing.T) {
		t.Parallel()
		f, _ := newFunction(t, "hangs")
		_, err := f.Invoke(t.Context(), []byte("{}"), 50*time.Millisecond)
		var failure *Failure
		if !errors.As(err, &failure) || failure.Type != "Sandbox.Timedout" || f.PID() != 0 {
			t.Errorf("Invoke = %v with process %d, want a timeout and none", err, f.PID())
		}
	})
	for _, mode := range []string{"hangs", "asleep"} {
		t.Run("given up, "+mode, func(t *testing.T) {
			t.Parallel()
			f, _ := newFunction(t, mode)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			if _, err := f.Invoke(ctx, []byte("{}"), ample); !errors.Is(err, context.Canceled) || f.PID() != 0 {
				t.Errorf("Invoke = %v with process %d, want context.Canceled and none", err, f.PID())
			}
		})
	}
}

func TestNoBinary(t *testing.T) {
	f := &Function{Bootstrap: t.TempDir() + "/nosuch"}
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Invoke(t.Context(), []byte("{}"), ample); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Invoke = %v, want that it does not exist", err)
	}
}
