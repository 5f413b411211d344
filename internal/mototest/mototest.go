// Package mototest starts a moto server for tests: an implementation of SNS,
// SQS and other services that is independent of kmsentry.
package mototest

import (
	"net"
	"net/http"
	"os/exec"
	"testing"
	"time"

	"github.com/kmsentry/kmsentry/internal/pytool"
)

// Client returns a client that opens a connection for each request. Moto closes
// idle connections, and a request on a closing connection is retried, so that
// what it creates might be created twice or be reported as already existing.
func Client() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

// Start runs a moto server until the test ends and returns its URL. It skips the
// test with -short. A test that calls Start must have Moto in its name, by which
// make moto selects it.
func Start(t testing.TB) string {
	t.Helper()
	if testing.Short() {
		t.Skip("left out with -short: make moto runs it")
	}
	pytool.Need(t, "moto_server", "--help")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	cmd := exec.Command("moto_server", "-H", host, "-p", port)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	url := "http://" + net.JoinHostPort(host, port)
	for range 1200 {
		if resp, err := http.Get(url + "/moto-api/data.json"); err == nil {
			resp.Body.Close()
			return url
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("moto_server did not answer within two minutes")
	return ""
}
