package playbook

import (
	"github.com/kmsentry/kmsentry/alert/words"
	"github.com/kmsentry/kmsentry/detector"
)

// FirstCommands returns what to run first about a key of a sweep: who changed it,
// what policy is in force, and which grants it has if some are news. There are none
// without a well-formed key ARN.
func FirstCommands(k words.SweptKey) []Command {
	f := &detector.Finding{Key: k.Key, Event: detector.Event{Outcome: detector.Accepted}}
	c := commandsFor(f)
	var all []Command
	list := []Command{c.keyHistory, c.savePolicy, c.checkPolicy}
	if len(k.Grants) > 0 {
		list = append(list, c.listGrants)
	}
	for _, one := range list {
		if one != nil {
			all = append(all, one)
		}
	}
	return all
}
