package load

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/internal/awsid"
)

// maxRegions is the maximum number of Regions that a policy is tried in.
const maxRegions = 4

// region returns the value of AWS::Region: the given one, or else the one that
// this reading tries.
func (r *resolver) region() string {
	if r.scope.Region != "" {
		return r.scope.Region
	}
	return r.tried
}

// partition returns the value of AWS::Partition: the given one, or else that of
// the Region.
func (r *resolver) partition() string {
	if r.scope.Partition != "" {
		return r.scope.Partition
	}
	return cmp.Or(awsid.PartitionOf(r.region()), "aws")
}

var (
	regionName    = regexp.MustCompile(`\b[a-z]{2,4}(-[a-z]+){1,3}-[0-9]\b`)
	partitionName = regexp.MustCompile(`\barn:(aws-[a-z-]+):`)
)

// regions returns the Regions in which to try a policy that uses AWS::Region or
// AWS::Partition when neither is given: those that the policy names, and one
// that represents all others. It returns a single Region for a policy that uses
// neither or names no Region. all is false when the policy names too many
// Regions to try.
func (r *resolver) regions(n *node) (list []string, all bool) {
	text := allText(n)
	if r.scope.Region != "" || !strings.Contains(text, "AWS::") && !strings.Contains(text, "Fn::") {
		return []string{"us-east-1"}, true
	}
	list = regionName.FindAllString(text, -1)
	for _, m := range partitionName.FindAllStringSubmatch(text, -1) {
		for _, p := range awsid.Partitions() {
			if p.Name == m[1] {
				list = append(list, p.Region)
			}
		}
	}
	slices.Sort(list)
	list = slices.Compact(list)
	for _, other := range []string{"us-east-1", "eu-west-1", "us-west-2", "eu-central-1", "ap-southeast-2"} {
		if !slices.Contains(list, other) {
			list = append([]string{other}, list...) // first, as the most common case
			break
		}
	}
	if len(list) > maxRegions {
		return list[:1], false
	}
	return list, true
}

// allText returns every text and member name in n, one per line.
func allText(n *node) string {
	var b strings.Builder
	n.each(func(n *node) {
		b.WriteString(n.text)
		b.WriteByte('\n')
		for _, m := range n.members {
			b.WriteString(m.name)
			b.WriteByte('\n')
		}
	})
	return b.String()
}
