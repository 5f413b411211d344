// Package fakesns is an SNS endpoint on loopback. It speaks the Query protocol, checks a
// Publish as SNS does, keeps what was published, and can be told to fail in the ways that
// SNS and networks fail.
//
// Publish is the only call. The endpoint delivers nothing: Publication.For returns what a
// subscriber of a protocol would get.
// Source of the rules: SNS API reference, Publish and its common errors.
package fakesns

import (
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Fault is what happens to a request instead of, or in addition to, a normal answer.
type Fault string

// The faults. The empty Fault means no fault.
const (
	Throttle Fault = "throttle" // 400 Throttling
	KMSBusy  Fault = "kmsbusy"  // 400 KMSThrottling
	Limited  Fault = "limited"  // 429, no XML
	Broken   Fault = "broken"   // 500 InternalFailure
	Busy     Fault = "busy"     // 503 ServiceUnavailable, no XML
	Reset    Fault = "reset"    // the connection is reset
	Hang     Fault = "hang"     // no answer until the client goes away
	Denied   Fault = "denied"   // 403 AuthorizationError
	Moved    Fault = "moved"    // 307 to somewhere else
	Empty    Fault = "empty"    // 200 without a body: from a proxy, not from SNS
	Lost     Fault = "lost"     // published, but the answer is lost
	Cut      Fault = "cut"      // published, but the answer breaks off
	Late     Fault = "late"     // published, but no answer until the client goes away
	Slow     Fault = "slow"     // published, and answered after a while
	Garbled  Fault = "garbled"  // 200 with a body that is not XML
	Expired  Fault = "expired"  // 403 ExpiredToken: the credentials have expired
	Skewed   Fault = "skewed"   // 403 SignatureDoesNotMatch: the clock is wrong
)

// A Publication is one message that was accepted.
type Publication struct {
	ID         string
	At         time.Time // when it was accepted
	Topic      string
	Subject    string
	Message    string            // as sent
	Protocols  map[string]string // the members of a message with MessageStructure=json; otherwise only "default"
	Attributes map[string]string // values of the message attributes
}

// For returns what a subscriber of the protocol gets.
func (p Publication) For(protocol string) string {
	if text, ok := p.Protocols[protocol]; ok {
		return text
	}
	return p.Protocols["default"]
}

// A Server is a running endpoint. Its methods are safe for concurrent use.
type Server struct {
	topics []string
	http   *http.Server
	url    string
	stop   chan struct{} // closed by Close
	once   sync.Once

	mu           sync.Mutex
	publications []Publication
	requests     int
	fault        func(n int) Fault
}

// Start serves the topic, and the others if there are any, on loopback. fault returns what
// happens to the n-th request, counting from 1; nil means that there are no faults.
func Start(topic string, fault func(n int) Fault, others ...string) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if fault == nil {
		fault = func(int) Fault { return "" }
	}
	s := &Server{topics: append([]string{topic}, others...), url: "http://" + l.Addr().String(), stop: make(chan struct{}), fault: fault}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go s.http.Serve(l)
	return s, nil
}

// URL returns the endpoint, for AWS_ENDPOINT_URL_SNS.
func (s *Server) URL() string { return s.url }

// Close stops the endpoint. Closing it again does nothing.
func (s *Server) Close() error {
	s.once.Do(func() { close(s.stop) })
	return s.http.Close()
}

// Publications returns what has been accepted so far, oldest first.
func (s *Server) Publications() []Publication {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Publication(nil), s.publications...)
}

// Requests returns the number of requests so far, accepted or not.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// ServeHTTP answers one request of the Query protocol.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	fault := s.fault(s.requests)
	s.mu.Unlock()

	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<20))
	if err != nil {
		return
	}
	if s.fails(w, r, fault) {
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		refuse(w, http.StatusBadRequest, "MalformedQueryString", err.Error())
		return
	}
	p, refusal := s.check(r, form)
	if refusal != nil {
		refuse(w, refusal.status, refusal.code, refusal.message)
		return
	}
	s.mu.Lock()
	p.At = time.Now()
	s.publications = append(s.publications, p)
	s.mu.Unlock()
	switch fault {
	case Lost:
		reset(w)
		return
	case Late:
		s.never(r)
	case Slow:
		select {
		case <-time.After(time.Second):
		case <-s.stop:
		}
	case Cut:
		w.Header().Set("Content-Length", "400")
		io.WriteString(w, "<PublishResponse")
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprintf(w, `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>%s</MessageId></PublishResult>`+
		`<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></PublishResponse>`, p.ID, newID())
}

// fails performs the fault and reports whether that replaced the answer.
func (s *Server) fails(w http.ResponseWriter, r *http.Request, fault Fault) bool {
	switch fault {
	case "", Lost, Cut, Late, Slow:
		return false
	case Throttle:
		refuse(w, http.StatusBadRequest, "Throttling", "Rate exceeded")
	case KMSBusy:
		refuse(w, http.StatusBadRequest, "KMSThrottling", "Rate exceeded")
	case Limited:
		http.Error(w, "Too Many Requests", http.StatusTooManyRequests)
	case Moved:
		http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
	case Empty:
		w.WriteHeader(http.StatusOK)
	case Broken:
		refuse(w, http.StatusInternalServerError, "InternalFailure", "internal failure")
	case Busy:
		http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
	case Reset:
		reset(w)
	case Hang:
		s.never(r)
	case Garbled:
		w.Header().Set("Content-Type", "text/xml")
		io.WriteString(w, "<PublishResponse><PublishResult><Mess & <age")
	case Expired:
		refuse(w, http.StatusForbidden, "ExpiredToken", "The security token included in the request is expired")
	case Skewed:
		refuse(w, http.StatusForbidden, "SignatureDoesNotMatch", "Signature expired: 20261125T100000Z is now earlier than 20261125T110000Z")
	case Denied:
		refuse(w, http.StatusForbidden, "AuthorizationError", "User is not authorized to perform: SNS:Publish")
	default:
		panic("fakesns: unknown fault " + string(fault))
	}
	return true
}

// never gives no answer: it waits until the client goes away or the endpoint is closed.
func (s *Server) never(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.stop:
	}
	panic(http.ErrAbortHandler) // makes net/http close the connection without an answer
}

// reset closes the connection with a reset.
func reset(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

// A refusal is an error answer.
type refusal struct {
	status        int
	code, message string
}

func invalid(format string, args ...any) *refusal {
	return &refusal{http.StatusBadRequest, "InvalidParameter", "Invalid parameter: " + fmt.Sprintf(format, args...)}
}

// signed matches a SigV4 header for SNS. The signature itself is not checked, since there
// is no secret to check it with.
var signed = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=[^/]+/[0-9]{8}/[a-z0-9-]+/sns/aws4_request, SignedHeaders=[^,]*host[^,]*, Signature=[0-9a-f]{64}$`)

// check parses a Publish and refuses what SNS refuses.
func (s *Server) check(r *http.Request, form url.Values) (Publication, *refusal) {
	p := Publication{ID: newID(), Topic: form.Get("TopicArn"), Subject: form.Get("Subject"), Message: form.Get("Message")}
	switch {
	case !signed.MatchString(r.Header.Get("Authorization")):
		return p, &refusal{http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token"}
	case form.Get("Action") != "Publish":
		return p, &refusal{http.StatusBadRequest, "InvalidAction", "Could not find operation " + form.Get("Action")}
	case p.Topic == "":
		return p, invalid("TopicArn or TargetArn Reason: no value for required parameter")
	case !slices.Contains(s.topics, p.Topic):
		return p, &refusal{http.StatusNotFound, "NotFound", "Topic does not exist"}
	case p.Message == "":
		return p, invalid("Empty message")
	}
	if form.Has("Subject") && !validSubject(p.Subject) {
		return p, invalid("Subject")
	}
	var bad *refusal
	if p.Protocols, bad = protocols(form); bad != nil {
		return p, bad
	}
	size := len(p.Message)
	if p.Attributes, bad = attributes(form, &size); bad != nil {
		return p, bad
	}
	if size > maxSize {
		return p, invalid("Message too long")
	}
	return p, nil
}

func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// refuse answers with an error document of the Query protocol.
func refuse(w http.ResponseWriter, status int, code, message string) {
	var text strings.Builder
	xml.EscapeText(&text, []byte(message))
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>`+
		`<RequestId>%s</RequestId></ErrorResponse>`, code, text.String(), newID())
}
