package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kmsentry/kmsentry/alert"
	"github.com/kmsentry/kmsentry/alert/chat"
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

// A sample is one event in every channel.
type sample struct {
	Name     string // the event's file name without .json
	Quiet    string // why no alert is sent; "" when one is
	Severity string
	rank     detector.Severity
	Subject  string
	Email    string
	SMS      string
	Slack    chatContent
	Teams    chatContent
	Finding  string // indented JSON
}

// A chatContent is the visible part of a chat notification.
type chatContent struct {
	Title       string   `json:"title"`
	Description string   `json:"description"`
	NextSteps   []string `json:"nextSteps"`
	Keywords    []string `json:"keywords"`
}

// load reads every event in a folder. It returns those with a finding first, the
// most severe one first; equals are in the order of their names.
func load(folder string) ([]sample, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: expected events (*.json), found none", folder)
	}
	var all []sample
	for _, file := range files {
		s, err := read(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b sample) int {
		if quiet := a.Quiet != ""; quiet != (b.Quiet != "") {
			return map[bool]int{false: -1, true: 1}[quiet]
		}
		return cmp.Compare(b.rank, a.rank)
	})
	return all, nil
}

// read runs one event through the detector and composes its alert.
func read(file string) (sample, error) {
	s := sample{Name: strings.TrimSuffix(filepath.Base(file), ".json")}
	raw, err := os.ReadFile(file)
	if err != nil {
		return s, err
	}
	var event struct {
		Detail json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal(raw, &event); err != nil {
		return s, err
	}
	result, err := detector.Detector{}.Detect(event.Detail)
	if err != nil {
		return s, err
	}
	if result.Finding == nil {
		s.Quiet = result.Quiet
		return s, nil
	}
	return s, s.compose(result.Finding)
}

// compose fills in the message for each channel, as if the alert were composed
// four seconds after the call.
func (s *sample) compose(f *detector.Finding) error {
	o := words.Options{Now: f.Event.Time.Add(4 * time.Second), RunbookURL: "https://wiki.example.com/runbooks/kms-key-opened"}
	m, err := alert.Compose(f, o)
	if err != nil {
		return err
	}
	var bodies map[string]string
	if err := json.Unmarshal([]byte(m.Body), &bodies); err != nil {
		return err
	}
	s.rank = f.Severity
	s.Severity, s.Subject, s.Email, s.SMS = f.Severity.String(), m.Subject, bodies["email"], bodies["sms"]
	if s.Slack, err = content([]byte(bodies["https"])); err != nil {
		return err
	}
	o.ChatClient = "teams"
	teams, err := chat.Compose(f, o)
	if err != nil {
		return err
	}
	if s.Teams, err = content([]byte(teams)); err != nil {
		return err
	}
	var finding bytes.Buffer
	if err := json.Indent(&finding, []byte(bodies["default"]), "", "  "); err != nil {
		return err
	}
	s.Finding = finding.String()
	return nil
}

// content returns the visible part of a notification.
func content(notification []byte) (chatContent, error) {
	var n struct {
		Content chatContent `json:"content"`
	}
	err := json.Unmarshal(notification, &n)
	return n.Content, err
}
