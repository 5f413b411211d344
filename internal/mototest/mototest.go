// Package mototest starts moto's server for tests: SNS, SQS and others by other
// authors than kmsentry's.
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
// idle ones, and a request that meets that is sent again: what it makes would be
// there twice, or already.
func Client() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

// Start runs moto's server, an SNS and SQS by other authors, and returns its URL.
// A test that calls it has Moto in its name, by which make moto knows it.
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
