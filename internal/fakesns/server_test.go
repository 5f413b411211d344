package fakesns

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	topic  = "arn:aws:sns:eu-west-1:444455556666:alerts"
	signer = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261120/eu-west-1/sns/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature="
)

// request returns a valid Publish with changes, which are names and values in turn; an
// empty value removes the parameter.
func request(changes ...string) url.Values {
	form := url.Values{"Action": {"Publish"}, "TopicArn": {topic}, "Message": {"hello"}, "Subject": {"A subject"}}
	for i := 0; i < len(changes); i += 2 {
		if form.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			form.Del(changes[i])
		}
	}
	return form
}

// post sends a form as the SDK does and returns the status and the body.
func post(ctx context.Context, t *testing.T, s *Server, body, authorization string) (int, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", authorization)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

func start(t *testing.T, fault func(int) Fault) *Server {
	t.Helper()
	s, err := Start(topic, fault, topic+"-other")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestPublish checks that what SNS accepts is kept, and that what it refuses is refused
// with the same code.
func TestPublish(t *testing.T) {
	attribute := func(n, name, kind, value string) []string {
		entry := "MessageAttributes.entry." + n + "."
		return []string{entry + "Name", name, entry + "Value.DataType", kind, entry + "Value.StringValue", value}
	}
	var eleven []string
	for _, n := range strings.Fields("1 2 3 4 5 6 7 8 9 10 11") {
		eleven = append(eleven, attribute(n, "name"+n, "String", "x")...)
	}
	tests := []struct {
		name string
		form url.Values
		want string // the error code; "" when it is accepted
	}{
		{"a text", request(), ""},
		{"another topic", request("TopicArn", topic+"-other"), ""},
		{"no subject", request("Subject", ""), ""},
		{"a subject of 99", request("Subject", strings.Repeat("s", 99)), ""},
		{"a subject of 100", request("Subject", strings.Repeat("s", 100)), "InvalidParameter"},
		{"a subject with a line end", request("Subject", "a\nb"), "InvalidParameter"},
		{"a subject beyond ASCII", request("Subject", "caf\u00e9"), "InvalidParameter"},
		{"a subject after a space", request("Subject", " a"), "InvalidParameter"},
		{"no action", request("Action", ""), "InvalidAction"},
		{"another action", request("Action", "Subscribe"), "InvalidAction"},
		{"no topic", request("TopicArn", ""), "InvalidParameter"},
		{"no such topic", request("TopicArn", topic+"x"), "NotFound"},
		{"no message", request("Message", ""), "InvalidParameter"},
		{"256 KiB", request("Message", strings.Repeat("x", 262144)), ""},
		{"a byte more", request("Message", strings.Repeat("x", 262145)), "InvalidParameter"},
		{"256 KiB with an attribute", request(append(attribute("1", "a", "String", "b"), "Message", strings.Repeat("x", 262144))...), "InvalidParameter"},
		{"a message per protocol", request("MessageStructure", "json", "Message", `{"default":"d","email":"e","n":1}`), ""},
		{"no default", request("MessageStructure", "json", "Message", `{"email":"e"}`), "InvalidParameter"},
		{"no JSON", request("MessageStructure", "json", "Message", `{`), "InvalidParameter"},
		{"another structure", request("MessageStructure", "xml"), "InvalidParameter"},
		{"an attribute", request(attribute("1", "verdict", "String", "public")...), ""},
		{"a reserved name", request(attribute("1", "AWS.x", "String", "x")...), "ParameterValueInvalid"},
		{"a name with a space", request(attribute("1", "a b", "String", "x")...), "ParameterValueInvalid"},
		{"a binary attribute", request(attribute("1", "a", "Binary", "x")...), "ParameterValueInvalid"},
		{"an empty attribute", request("MessageAttributes.entry.1.Name", "a", "MessageAttributes.entry.1.Value.DataType", "String"), "ParameterValueInvalid"},
		{"eleven attributes", request(eleven...), "InvalidParameter"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := start(t, nil)
			status, body, err := post(t.Context(), t, s, test.form.Encode(), signer+strings.Repeat("0", 64))
			if err != nil {
				t.Fatal(err)
			}
			all := s.Publications()
			if test.want != "" {
				if status < 400 || !strings.Contains(body, "<Code>"+test.want+"</Code>") || len(all) != 0 {
					t.Errorf("%d, %s, %d kept, want %s", status, body, len(all), test.want)
				}
				return
			}
			if status != http.StatusOK || len(all) != 1 || !strings.Contains(body, "<MessageId>"+all[0].ID+"</MessageId>") {
				t.Errorf("%d, %s, %d kept, want the message's id", status, body, len(all))
			}
		})
	}
}

func TestUnsignedIsRefused(t *testing.T) {
	s := start(t, nil)
	for _, header := range []string{"", "Bearer x", signer, strings.Replace(signer, "/sns/", "/sqs/", 1) + strings.Repeat("0", 64)} {
		status, body, err := post(t.Context(), t, s, request().Encode(), header)
		if err != nil || status != http.StatusForbidden || !strings.Contains(body, "MissingAuthenticationToken") {
			t.Errorf("%q: %d, %s, %v", header, status, body, err)
		}
	}
	if len(s.Publications()) != 0 || s.Requests() != 4 {
		t.Errorf("%d kept of %d requests, want none of 4", len(s.Publications()), s.Requests())
	}
}

// TestFor checks that each protocol gets its own member, or the default when it has none.
func TestFor(t *testing.T) {
	p := Publication{Protocols: map[string]string{"default": "d", "email": "e"}}
	if p.For("email") != "e" || p.For("sqs") != "d" {
		t.Errorf("email gets %q, sqs %q", p.For("email"), p.For("sqs"))
	}
}

// TestFaults checks what the client sees of each fault, and whether the message is kept.
func TestFaults(t *testing.T) {
	const broken, waits = -1, -2 // the connection breaks; no answer comes
	tests := []struct {
		fault Fault
		see   int // a status, or one of the above
		says  string
		kept  int
	}{
		{Throttle, 400, "<Code>Throttling</Code>", 0},
		{KMSBusy, 400, "<Code>KMSThrottling</Code>", 0},
		{Limited, 429, "Too Many Requests", 0},
		{Broken, 500, "<Code>InternalFailure</Code>", 0},
		{Busy, 503, "Service Unavailable", 0},
		{Denied, 403, "<Code>AuthorizationError</Code>", 0},
		{Expired, 403, "<Code>ExpiredToken</Code>", 0},
		{Skewed, 403, "<Code>SignatureDoesNotMatch</Code>", 0},
		{Moved, 307, "", 0},
		{Empty, 200, "", 0},
		{Garbled, 200, "<age", 0},
		{Slow, 200, "<MessageId>", 1},
		{Reset, broken, "", 0},
		{Lost, broken, "", 1},
		{Cut, broken, "", 1},
		{Hang, waits, "", 0},
		{Late, waits, "", 1},
	}
	for _, test := range tests {
		t.Run(string(test.fault), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s := start(t, func(n int) Fault {
				if n == 1 {
					return test.fault
				}
				return ""
			})
			if test.see == waits { // long enough for the server to have done all it will
				go func() {
					for s.Requests() == 0 || len(s.Publications()) < test.kept {
						time.Sleep(time.Millisecond)
					}
					cancel()
				}()
			}
			status, body, err := post(ctx, t, s, request().Encode(), signer+strings.Repeat("0", 64))
			switch test.see {
			case broken:
				if err == nil || ctx.Err() != nil {
					t.Errorf("%d, %q, %v, want a broken connection", status, body, err)
				}
			case waits:
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%d, %q, %v, want no answer", status, body, err)
				}
			default:
				if err != nil || status != test.see || !strings.Contains(body, test.says) {
					t.Errorf("%d, %q, %v, want %d with %q", status, body, err, test.see, test.says)
				}
			}
			if n := len(s.Publications()); n != test.kept {
				t.Errorf("%d kept, want %d", n, test.kept)
			}
			status, _, err = post(t.Context(), t, s, request().Encode(), signer+strings.Repeat("0", 64))
			if err != nil || status != http.StatusOK || len(s.Publications()) != test.kept+1 {
				t.Errorf("afterward: %d, %v, %d kept, want 200 and one more", status, err, len(s.Publications()))
			}
		})
	}
}

// TestClose checks that Close releases clients that wait for an answer, and that closing
// again does nothing.
func TestClose(t *testing.T) {
	asked := make(chan struct{})
	s := start(t, func(int) Fault { close(asked); return Hang })
	done := make(chan error, 1)
	go func() {
		_, _, err := post(context.Background(), t, s, request().Encode(), signer+strings.Repeat("0", 64))
		done <- err
	}()
	<-asked
	s.Close()
	if err := <-done; err == nil {
		t.Error("a request that hung was answered")
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close again = %v", err)
	}
}
