package invoke

import (
	"errors"
	"strings"
	"time"
)

// Options say which events go through which function, and what is Shown.
type Options struct {
	Inputs    []string      // files, folders, or "-" for standard input
	Bootstrap string        // path of the function; "" for the one next to this command, else this command itself
	Self      []string      // arguments with which this command is the function
	Endpoint  string        // URL of another SNS; "" for the embedded one
	Topic     string        // the function's TOPIC_ARN
	Format    string        // text or json
	Show      Shown         // the messages that are printed
	Timeout   time.Duration // of the function
	Verbose   bool          // the function's log goes to standard error
}

// A Shown says which messages of a finding are printed. The zero value is the
// default: the email, the chat message, and the finding in short.
type Shown struct {
	chosen               bool
	email, chat, finding bool
}

// any reports whether messages are printed at all.
func (s Shown) any() bool { return !s.chosen || s.email || s.chat || s.finding }

// String makes Shown a flag.Value.
func (s *Shown) String() string { return "" }

// Set reads a list of email, chat, finding and none, separated by commas. It
// replaces what was chosen before.
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

// DefaultTopic is the topic when the embedded SNS endpoint is used and nobody
// named one. The account is one that AWS's documentation uses.
const DefaultTopic = "arn:aws:sns:us-east-1:111122223333:kmsentry"
