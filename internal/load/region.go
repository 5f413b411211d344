package load

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/kmsentry/kmsentry/internal/awsid"
)

// maxRegions bounds the Regions that a policy is tried in.
const maxRegions = 4

// region returns AWS::Region: the given one, or the one that this reading tries.
func (r *resolver) region() string {
	if r.scope.Region != "" {
		return r.scope.Region
	}
	return r.tried
}

// partition returns AWS::Partition: the given one, or that of the Region.
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

// regions returns the Regions to try a policy in that asks for AWS::Region or
// AWS::Partition when nothing tells them: those that the policy names, and one
// that stands for all that it does not name. One is enough for a policy that
// does not ask, or that names none. all is false when the policy names more
// than can be tried.
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
			list = append([]string{other}, list...) // first, for it is the rule
			break
		}
	}
	if len(list) > maxRegions {
		return list[:1], false
	}
	return list, true
}

// allText returns every text and member's name in n, each on a line.
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
