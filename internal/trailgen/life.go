package trailgen

import (
	"fmt"
	"time"
)

// life plants what happens to one key: it is opened, perhaps used by an
// outsider, and closed in one of several ways or not at all. Beside it lives a
// key that is written to and never opened.
func (g *generator) life(number int) {
	region := g.regions()[number%len(g.regions())]
	key := "arn:aws:kms:" + region + ":" + owner + ":key/" + g.uuid()
	shut := "arn:aws:kms:" + region + ":" + owner + ":key/" + g.uuid()
	span := g.length()
	opened := g.o.Start.Add(span/10 + time.Duration(g.random.Int64N(int64(span/2)))).Truncate(time.Second)
	closed := opened.Add(span/20 + time.Duration(g.random.Int64N(int64(span/4)))).Truncate(time.Second)
	user := g.pick("mallory", "trent", "ci-release", "walter")

	g.put(opened.Add(-time.Hour), region, key, "PutKeyPolicy", user, private(), "")
	o := Opening{Key: key, EventID: g.put(opened, region, key, "PutKeyPolicy", user, public(number), ""), By: user, From: opened, To: &closed}
	switch o.How = []string{"PutKeyPolicy", "DisableKey", "ScheduleKeyDeletion", "open", "PutKeyPolicy"}[number%5]; o.How {
	case "open":
		o.To = nil
	case "PutKeyPolicy":
		g.put(closed, region, key, o.How, "oncall", private(), "")
	default:
		g.put(closed, region, key, o.How, "oncall", "", "")
	}
	if g.o.Uses {
		for i := range number % 3 {
			at := opened.Add(closed.Sub(opened) * time.Duration(i+1) / 5).Truncate(time.Second)
			g.plant(at, region, call{
				name: "GenerateDataKey", source: "kms.amazonaws.com", account: outsider, user: "eve", at: at, id: g.uuid(), agent: "aws-cli/2.31.9",
				parameters: fmt.Sprintf(`{"keyId":%q,"keySpec":"AES_256"}`, key), resources: resources(key),
			})
			o.Uses++
		}
	}
	g.truth.Openings = append(g.truth.Openings, o)

	g.put(opened, region, shut, "PutKeyPolicy", user, private(), "")
	g.put(closed, region, shut, "PutKeyPolicy", user, public(number), "AccessDenied")
}

// put plants a call about a key and returns its event id.
func (g *generator) put(at time.Time, region, key, name, user, policyText, errorCode string) string {
	parameters := fmt.Sprintf(`{"keyId":%q`, key)
	if policyText != "" {
		parameters += `,"policyName":"default","policy":` + quoted(policyText) + `,"bypassPolicyLockoutSafetyCheck":false`
	}
	c := call{
		name: name, source: "kms.amazonaws.com", account: owner, user: user, at: at, id: g.uuid(), agent: "aws-cli/2.31.9",
		parameters: parameters + "}", resources: resources(key), errorCode: errorCode,
	}
	g.plant(at, region, c)
	return c.id
}

func (g *generator) plant(at time.Time, region string, c call) {
	g.plants[region] = append(g.plants[region], plant{at, g.record(c, region)})
}

func resources(key string) string {
	return `"resources":[{"accountId":"` + owner + `","type":"AWS::KMS::Key","ARN":"` + key + `"}],`
}

const ownerStatement = `{
      "Sid": "Enable IAM User Permissions",
      "Effect": "Allow",
      "Principal": {"AWS": "arn:aws:iam::` + owner + `:root"},
      "Action": "kms:*",
      "Resource": "*"
    }`

func private() string {
	return "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [" + ownerStatement + "]\n}"
}

// public opens a key to anyone, in one of several ways.
func public(number int) string {
	open := []string{
		`{"Sid": "AllowUse", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["kms:Encrypt", "kms:GenerateDataKey*"], "Resource": "*"}`,
		`{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}`,
		`{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "kms:Enc*", "Resource": "*", "Condition": {"StringNotEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}}`,
	}[number%3]
	return "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [" + ownerStatement + ",\n    " + open + "]\n}"
}
