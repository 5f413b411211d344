// Package runtimeapi runs the binary of a Lambda function locally: it serves
// Lambda's Runtime API on the loopback interface, starts the binary, sends it
// events and receives the answers.
//
// Like Lambda, it runs one invocation at a time, gives each a deadline, kills the
// process at the deadline and starts a new one for the next event. It works with
// any function.
// Source: Lambda developer guide, runtimes-api.html (version 2018-06-01).
package runtimeapi

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	prefix = "/2018-06-01/runtime/"

	// maxResponse is the maximum size of an answer in Lambda: 6 MB.
	// Source: Lambda developer guide, gettingstarted-limits.html.
	maxResponse = 6 << 20
)

// A Failure is the error that the function, or Lambda on its behalf, reports when
// an invocation or the start of the function fails.
type Failure struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
	Init    bool   `json:"-"` // the function failed before it asked for an event
}

func (f *Failure) Error() string { return f.Type + ": " + f.Message }

// An invocation is one event and its answer.
type invocation struct {
	id      string
	event   []byte
	timeout time.Duration
	taken   chan time.Time // gets the deadline once the function has the event; has a buffer of one
	answer  chan answer    // has a buffer of one
}

type answer struct {
	response []byte
	failure  *Failure
}

// A server is the Runtime API of one function.
type server struct {
	http     *http.Server
	listener net.Listener
	events   chan *invocation // to the function
	initErr  chan *Failure    // from the function; has a buffer of one

	mu      sync.Mutex
	current *invocation // sent to the function and not yet answered
}

func newServer() (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{listener: l, events: make(chan *invocation), initErr: make(chan *Failure, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+prefix+"invocation/next", s.next)
	mux.HandleFunc("POST "+prefix+"invocation/{id}/response", s.response)
	mux.HandleFunc("POST "+prefix+"invocation/{id}/error", s.failure)
	mux.HandleFunc("POST "+prefix+"init/error", s.initError)
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go s.http.Serve(l)
	return s, nil
}

func (s *server) addr() string { return s.listener.Addr().String() }

// next waits for an event and writes it as the response.
func (s *server) next(w http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case inv := <-s.events:
		s.mu.Lock()
		s.current = inv
		s.mu.Unlock()
		deadline := time.Now().Add(inv.timeout)
		inv.taken <- deadline
		h := w.Header()
		h.Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", functionARN)
		h.Set("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0")
		h.Set("Content-Type", "application/json")
		w.Write(inv.event)
	}
}

func (s *server) response(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxResponse))
	if err != nil {
		s.finish(w, r, answer{failure: &Failure{Type: "Function.ResponseSizeTooLarge", Message: err.Error()}}, http.StatusRequestEntityTooLarge)
		return
	}
	s.finish(w, r, answer{response: body}, http.StatusAccepted)
}

func (s *server) failure(w http.ResponseWriter, r *http.Request) {
	s.finish(w, r, answer{failure: readFailure(r)}, http.StatusAccepted)
}

// finish completes the current invocation with the answer. It rejects an answer
// to any other invocation.
func (s *server) finish(w http.ResponseWriter, r *http.Request, a answer, status int) {
	s.mu.Lock()
	inv := s.current
	if inv != nil && inv.id == r.PathValue("id") {
		s.current = nil
	} else {
		inv = nil
	}
	s.mu.Unlock()
	if inv == nil {
		writeJSON(w, http.StatusBadRequest, &Failure{Type: "InvalidRequestID", Message: "no such invocation is running"})
		return
	}
	writeJSON(w, status, map[string]string{"status": "OK"})
	inv.answer <- a
}

func (s *server) initError(w http.ResponseWriter, r *http.Request) {
	f := readFailure(r)
	f.Init = true
	select {
	case s.initErr <- f:
	default: // the first error is kept
	}
	writeJSON(w, http.StatusAccepted, map[string]string{"status": "OK"})
}

func readFailure(r *http.Request) *Failure {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxResponse))
	f := &Failure{}
	if err != nil || json.Unmarshal(body, f) != nil || f.Type == "" {
		return &Failure{Type: "Runtime.Unknown", Message: fmt.Sprintf("the function reported an error that cannot be read: %.200q", body)}
	}
	return f
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
