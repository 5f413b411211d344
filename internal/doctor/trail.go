package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/kmsentry/kmsentry/detector"
)

// EventBridge receives a call only if some trail logs it. So each question is about one
// trail at a time, and one good trail is enough for all of them.

// trailFacts is a trail that covers the Region, with what AWS says about it.
type trailFacts struct {
	arn, name, home            string
	multiRegion, organization  bool
	logging                    tri
	deliveryError, statusError string
	writes, kms                tri // whether its selectors include write events and KMS
	selectorsError             string
	fixed                      string // the selectors that fix it, as JSON; "" when they are too complex to rewrite
}

// A tri is yes, no or, its zero value, unsure.
type tri int

const (
	unsure tri = iota
	no
	yes
)

func toTri(b bool) tri {
	if b {
		return yes
	}
	return no
}

// and returns yes when all are yes, no when one is no, and otherwise unsure.
func and(all ...tri) tri {
	switch {
	case slices.Contains(all, no):
		return no
	case slices.Contains(all, unsure):
		return unsure
	}
	return yes
}

// askTrails returns the trails that cover the Region, including those of other Regions
// and of the organization, with whether each is logging.
// Source: CloudTrail API reference, DescribeTrails, GetTrailStatus.
func (d *deployment) askTrails(ctx context.Context) ([]trailFacts, error) {
	out, err := call(ctx, d.trail.DescribeTrails, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	var trails []trailFacts
	for _, t := range out.TrailList {
		f := trailFacts{
			arn: aws.ToString(t.TrailARN), name: aws.ToString(t.Name), home: aws.ToString(t.HomeRegion),
			multiRegion: aws.ToBool(t.IsMultiRegionTrail), organization: aws.ToBool(t.IsOrganizationTrail),
		}
		if !f.multiRegion && f.home != d.cfg.Region {
			continue // it logs another Region
		}
		status, err := call(ctx, d.trail.GetTrailStatus, &cloudtrail.GetTrailStatusInput{Name: &f.arn}, inRegion(f.home))
		switch {
		case err != nil:
			f.statusError = shortly(err)
		case status.IsLogging == nil:
			f.statusError = "cloudtrail:GetTrailStatus: the answer does not say whether the trail is logging"
		default:
			f.logging, f.deliveryError = toTri(*status.IsLogging), aws.ToString(status.LatestDeliveryError)
		}
		trails = append(trails, f)
	}
	return trails, nil
}

// inRegion makes a call go to a trail's home Region; "" leaves the Region unchanged.
func inRegion(region string) func(*cloudtrail.Options) {
	return func(o *cloudtrail.Options) {
		if region != "" {
			o.Region = region
		}
	}
}

// askSelectors returns the trails with what their selectors include. Only the account
// that owns an organization's trail gets an answer about it.
func (d *deployment) askSelectors(ctx context.Context) ([]trailFacts, error) {
	trails, err := d.trails(ctx)
	if err != nil {
		return nil, err
	}
	trails = slices.Clone(trails)
	for i := range trails {
		t := &trails[i]
		out, err := call(ctx, d.trail.GetEventSelectors, &cloudtrail.GetEventSelectorsInput{TrailName: &t.arn}, inRegion(t.home))
		if err != nil {
			t.selectorsError = shortly(err)
			if t.organization {
				t.selectorsError += " (only the account that owns an organization's trail may ask)"
			}
			continue
		}
		if len(out.EventSelectors)+len(out.AdvancedEventSelectors) == 0 {
			t.selectorsError = "cloudtrail:GetEventSelectors: the answer has no selectors"
			continue
		}
		t.fixed = fixedSelectors(out)
		t.writes = toTri(selectsAny(out, func(field string) bool { return field == "eventCategory" || field == "readOnly" }))
		t.kms = toTri(selectsAny(out, func(string) bool { return true }))
	}
	return trails, nil
}

// fixedSelectors returns the trail's selectors with the write events of KMS included.
// Since put-event-selectors replaces all of them, it returns "" unless there is just one
// plain selector of management events.
func fixedSelectors(out *cloudtrail.GetEventSelectorsOutput) string {
	if len(out.EventSelectors) != 1 || len(out.EventSelectors[0].DataResources) > 0 || len(out.AdvancedEventSelectors) > 0 {
		return ""
	}
	type selector struct {
		ReadWriteType                 types.ReadWriteType
		IncludeManagementEvents       bool
		ExcludeManagementEventSources []string `json:",omitempty"`
	}
	s := out.EventSelectors[0]
	fixed := selector{types.ReadWriteTypeAll, true, without(s.ExcludeManagementEventSources, []string{"kms.amazonaws.com"})}
	if s.ReadWriteType == types.ReadWriteTypeWriteOnly {
		fixed.ReadWriteType = s.ReadWriteType
	}
	text, err := json.Marshal([]selector{fixed})
	if err != nil {
		return ""
	}
	return string(text)
}

// kmsWrite returns the record of a call that kmsentry must receive, with the fields that
// selectors look at.
func kmsWrite(eventName string) map[string]string {
	return map[string]string{
		"eventCategory": "Management", "readOnly": "false", "eventSource": "kms.amazonaws.com", "eventName": eventName, "eventType": "AwsApiCall",
	}
}

// selectsAny reports whether the selectors certainly include every call that sets a key
// policy. It looks only at fields for which heed returns true.
// Source: CloudTrail API reference, EventSelector, AdvancedFieldSelector.
func selectsAny(out *cloudtrail.GetEventSelectorsOutput, heed func(field string) bool) bool {
	for _, s := range out.EventSelectors {
		excluded := heed("eventSource") && slices.Contains(s.ExcludeManagementEventSources, "kms.amazonaws.com")
		management := s.IncludeManagementEvents == nil || *s.IncludeManagementEvents // the default is true
		if management && s.ReadWriteType != types.ReadWriteTypeReadOnly && !excluded {
			return true
		}
	}
	for _, name := range detector.PolicyCalls() {
		logged := slices.ContainsFunc(out.AdvancedEventSelectors, func(s types.AdvancedEventSelector) bool {
			return !slices.ContainsFunc(s.FieldSelectors, func(f types.AdvancedFieldSelector) bool {
				return heed(aws.ToString(f.Field)) && !surelyPasses(f, kmsWrite(name))
			})
		})
		if !logged {
			return false
		}
	}
	return true
}

// surelyPasses reports whether a record certainly passes one field of an advanced
// selector. It does not if the value of the field is not in record. Since AWS does not
// say how several operators combine, each of them must hold.
func surelyPasses(f types.AdvancedFieldSelector, record map[string]string) bool {
	value, known := record[aws.ToString(f.Field)]
	matches := func(values []string, match func(string, string) bool) bool {
		return slices.ContainsFunc(values, func(v string) bool { return match(value, v) })
	}
	equal := func(a, b string) bool { return a == b }
	switch {
	case !known,
		len(f.Equals) > 0 && !matches(f.Equals, equal),
		len(f.StartsWith) > 0 && !matches(f.StartsWith, strings.HasPrefix),
		len(f.EndsWith) > 0 && !matches(f.EndsWith, strings.HasSuffix),
		matches(f.NotEquals, equal),
		matches(f.NotStartsWith, strings.HasPrefix),
		matches(f.NotEndsWith, strings.HasSuffix):
		return false
	}
	return true
}

// aTrail returns whether some trail has a property: the first that certainly has it and
// yes, or one for which it is not known and unsure, or a zero trail and no.
func aTrail(trails []trailFacts, has func(trailFacts) tri) (trailFacts, tri) {
	best, answer := trailFacts{}, no
	for _, t := range trails {
		switch has(t) {
		case yes:
			return t, yes
		case unsure:
			best, answer = t, unsure
		}
	}
	return best, answer
}

// notKnown returns the answer that says why a property of the trail is not known.
func (t trailFacts) notKnown() answer {
	why := t.statusError
	if why == "" {
		why = t.selectorsError
	}
	return answer{Unknown, fmt.Sprintf("trail %s: %s", t.name, why), ""}
}

func logs(t trailFacts) tri   { return t.logging }
func writes(t trailFacts) tri { return and(t.logging, t.writes) }
func hears(t trailFacts) tri  { return and(t.logging, t.writes, t.kms) }

func askTrailLogging(ctx context.Context, d *deployment) (answer, error) {
	trails, err := d.trails(ctx)
	if err != nil {
		return answer{}, err
	}
	if len(trails) == 0 {
		return answer{Failing, "no trail covers " + d.cfg.Region, "aws cloudtrail create-trail --name TRAIL_NAME --s3-bucket-name BUCKET --is-multi-region-trail --region REGION && aws cloudtrail start-logging --name TRAIL_NAME --region REGION"}, nil
	}
	t, known := aTrail(trails, logs)
	switch {
	case known == unsure:
		return t.notKnown(), nil
	case known == no:
		d.knowTrail(trails[0])
		return answer{Failing, fmt.Sprintf("trail %s covers %s, and has been stopped", names(trails), d.cfg.Region), ""}, nil
	case t.deliveryError != "":
		d.knowTrail(t)
		return answer{Warning, fmt.Sprintf("trail %s is logging, but its bucket refuses the files: %s", t.name, t.deliveryError), "aws cloudtrail get-trail-status --name TRAIL_ARN --region TRAIL_REGION"}, nil
	}
	return answer{OK, fmt.Sprintf("trail %s covers %s and is logging", t.name, d.cfg.Region), ""}, nil
}

func askTrailRegions(ctx context.Context, d *deployment) (answer, error) {
	trails, err := d.trails(ctx)
	if err != nil {
		return answer{}, err
	}
	t, known := aTrail(trails, func(t trailFacts) tri { return and(toTri(t.multiRegion), t.logging) })
	switch known {
	case unsure:
		return t.notKnown(), nil
	case yes:
		return answer{OK, fmt.Sprintf("trail %s covers every Region", t.name), ""}, nil
	}
	one, _ := aTrail(trails, logs)
	d.knowTrail(one)
	return answer{Warning, "no trail that is logging covers every Region", ""}, nil
}

func askTrailOrganization(ctx context.Context, d *deployment) (answer, error) {
	trails, err := d.trails(ctx)
	if err != nil {
		return answer{}, err
	}
	t, known := aTrail(trails, func(t trailFacts) tri { return and(toTri(t.organization), t.logging) })
	switch known {
	case unsure:
		return t.notKnown(), nil
	case yes:
		return answer{OK, fmt.Sprintf("trail %s is the organization's", t.name), ""}, nil
	}
	return answer{Warning, "no organization trail is logging here; this account can stop its own trail", ""}, nil
}

func askTrailWrites(ctx context.Context, d *deployment) (answer, error) {
	return d.selected(ctx, writes, "logs write management events", "no trail that is logging logs write management events")
}

func askTrailKMS(ctx context.Context, d *deployment) (answer, error) {
	return d.selected(ctx, hears, "logs the write events of AWS KMS", "every trail that is logging excludes the write events of AWS KMS")
}

// selected returns the answer to a question about selectors.
func (d *deployment) selected(ctx context.Context, has func(trailFacts) tri, ok, failing string) (answer, error) {
	trails, err := d.selectors(ctx)
	if err != nil {
		return answer{}, err
	}
	t, known := aTrail(trails, has)
	switch known {
	case unsure:
		return t.notKnown(), nil
	case yes:
		return answer{OK, fmt.Sprintf("trail %s %s", t.name, ok), ""}, nil
	}
	logging, some := aTrail(trails, logs)
	if some == no {
		return answer{Failing, "no trail is logging", "aws cloudtrail describe-trails --region REGION"}, nil
	}
	if d.knowTrail(logging); logging.fixed != "" {
		d.known["SELECTORS"] = logging.fixed
		return answer{Failing, failing, putSelectors}, nil
	}
	return answer{Failing, failing, ""}, nil
}

// knowTrail makes the trail known for commands.
func (d *deployment) knowTrail(t trailFacts) {
	if t.arn != "" {
		d.known["TRAIL_ARN"], d.known["TRAIL_REGION"] = t.arn, t.home
	}
}

// names returns a text that lists the names of at most five trails.
func names(trails []trailFacts) string {
	var all []string
	for _, t := range trails {
		all = append(all, t.name)
	}
	return few(all)
}
