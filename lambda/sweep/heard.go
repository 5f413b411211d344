package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

// A logGroup is the log of the detector function, which has a line for each finding,
// whatever the log level and whether or not it was published. The sweep uses it to find
// out whether the event of a change arrived.
type logGroup struct {
	client *cloudwatchlogs.Client
	name   string
}

func newLogGroup(s settings) *logGroup {
	return &logGroup{cloudwatchlogs.NewFromConfig(s.aws()), s.logGroup}
}

// findingLines is the filter pattern for the lines of findings, which have a uid.
const findingLines = `{ $.finding = "*" }`

// findings returns, by the key's ARN, when the detector function logged its last
// finding about each key since the given time.
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
