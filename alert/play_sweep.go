package alert

import "github.com/kmsentry/kmsentry/detector"

// commands are what to run first: who changed it, and what is in force.
func (k SweptKey) commands() []command {
	f := &detector.Finding{Key: k.Key, Event: detector.Event{Outcome: detector.Accepted}}
	c := commandsFor(f)
	var all []command
	list := []command{c.keyHistory, c.savePolicy, c.checkPolicy}
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
