package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// A logGroup is the log of the detector's function: each finding that it makes
// has a line there, whatever the log's level, whether it was published or not.
// That is where the sweep learns whether the event of a change came.
type logGroup struct {
	client *cloudwatchlogs.Client
	name   string
}

func newLogGroup(s settings) *logGroup {
	return &logGroup{cloudwatchlogs.NewFromConfig(s.aws()), s.logGroup}
}

// findingLines are the lines of findings: those that have its uid.
const findingLines = `{ $.finding = "*" }`

// findings returns when the detector's function logged its last finding about
// each key since an instant, by the key's ARN.
func (g *logGroup) findings(ctx context.Context, since time.Time) (map[string]time.Time, error) {
	last := map[string]time.Time{}
	p := cloudwatchlogs.NewFilterLogEventsPaginator(g.client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &g.name, StartTime: aws.Int64(since.UnixMilli()), FilterPattern: aws.String(findingLines),
	})
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("log group %s: %w", g.name, err)
		}
		for _, e := range page.Events {
			var line struct{ Key, Finding string }
			if json.Unmarshal([]byte(aws.ToString(e.Message)), &line) != nil || line.Key == "" || line.Finding == "" {
				continue // not one of ours
			}
			if at := time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(); at.After(last[line.Key]) {
				last[line.Key] = at
			}
		}
	}
	return last, nil
}
