package invoke

import (
	"errors"
	"strings"
	"time"
)

// Options says which events to send through which function, and what to print.
type Options struct {
	Inputs    []string      // files, folders, or "-" for standard input
	Bootstrap string        // path of the function; "" for the one next to this command or, without one, this command
	Self      []string      // arguments with which this command runs as the function
	Endpoint  string        // URL of another SNS; "" for the embedded one
	Topic     string        // the function's TOPIC_ARN
	Format    string        // text or json
	Show      Shown         // the messages to print
	Timeout   time.Duration // of the function
	Verbose   bool          // print the function's log on standard error
}

// A Shown says which messages of a finding to print. The zero value is the default: the
// mail, the chat message and a summary of the finding.
type Shown struct {
	chosen               bool
	email, chat, finding bool
}

// any reports whether any messages are printed.
func (s Shown) any() bool { return !s.chosen || s.email || s.chat || s.finding }

// String implements flag.Value.
func (s *Shown) String() string { return "" }

// Set implements flag.Value. It reads a list of email, chat, finding and none, separated
// by commas, which replaces earlier ones.
func (s *Shown) Set(list string) error {
	*s = Shown{chosen: true}
	for _, word := range strings.Split(list, ",") {
		switch word {
		case "email":
			s.email = true
		case "chat":
			s.chat = true
		case "finding":
			s.finding = true
		case "none":
		default:
			return errors.New("expected email, chat, finding or none, separated by commas")
		}
	}
	return nil
}

// DefaultTopic is the topic that is used with the embedded SNS endpoint when none is
// named. Its account is one that AWS's documentation uses.
const DefaultTopic = "arn:aws:sns:us-east-1:111122223333:kmsentry"
