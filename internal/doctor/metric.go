package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// A metricQuery names one metric.
type metricQuery struct {
	namespace, name string
	dimensions      map[string]string
	statistic       string // "Sum" or "Maximum"
}

// A series holds a metric's values by the start of their period. CloudWatch has no value
// for a period without data points.
type series map[time.Time]float64

func (s series) sum() (total float64) {
	for _, v := range s {
		total += v
	}
	return total
}

// last returns the start of the last period with a value above zero; ok is false when
// there is none.
func (s series) last() (at time.Time, ok bool) {
	for t, v := range s {
		if v > 0 && t.After(at) {
			at, ok = t, true
		}
	}
	return at, ok
}

// latest returns the value of the last period that has one; 0 when none has.
func (s series) latest() float64 {
	var at time.Time
	for t := range s {
		if t.After(at) {
			at = t
		}
	}
	return s[at]
}

// metrics returns one series per query, over the given window until now. An answer that
// CloudWatch marks as incomplete is an error.
// Source: CloudWatch API reference, GetMetricData.
func (d *deployment) metrics(ctx context.Context, window, period time.Duration, queries ...metricQuery) ([]series, error) {
	end := d.Now.UTC().Truncate(time.Minute)
	in := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(end.Add(-window).Truncate(period)), EndTime: &end}
	all := map[string]series{}
	for i, q := range queries {
		var dimensions []types.Dimension
		for _, name := range slices.Sorted(maps.Keys(q.dimensions)) {
			dimensions = append(dimensions, types.Dimension{Name: &name, Value: aws.String(q.dimensions[name])})
		}
		in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{
			Id: aws.String(fmt.Sprint("q", i)),
			MetricStat: &types.MetricStat{
				Metric: &types.Metric{Namespace: &q.namespace, MetricName: &q.name, Dimensions: dimensions},
				Period: aws.Int32(int32(period / time.Second)), Stat: &q.statistic,
			},
		})
		all[fmt.Sprint("q", i)] = series{}
	}
	for {
		out, err := call(ctx, d.watch.GetMetricData, in)
		if err != nil {
			return nil, err
		}
		for _, r := range out.MetricDataResults {
			s := all[aws.ToString(r.Id)]
			partly := r.StatusCode == types.StatusCodePartialData && aws.ToString(out.NextToken) != ""
			if s == nil || len(r.Timestamps) != len(r.Values) || r.StatusCode != "" && r.StatusCode != types.StatusCodeComplete && !partly {
				return nil, fmt.Errorf("cloudwatch:GetMetricData: the answer for %q is %q", aws.ToString(r.Id), r.StatusCode)
			}
			for i, t := range r.Timestamps {
				s[t.UTC()] += r.Values[i]
			}
		}
		if aws.ToString(out.NextToken) == "" {
			break
		}
		in.NextToken = out.NextToken
	}
	var list []series
	for i := range queries {
		list = append(list, all[fmt.Sprint("q", i)])
	}
	return list, nil
}
