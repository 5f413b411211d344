package detect

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/kmsentry/kmsentry/internal/function"
)

const (
	canaryRole   = "arn:aws:iam::111122223333:role/kmsentry-CanaryRole-AbC"
	canaryKey    = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	canaryPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}`
	openPolicy   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::111122223333:root","*"]},"Action":"kms:*","Resource":"*"}]}`
)

// canaryEvent returns the event of the canary, with a record as CloudTrail writes it
// for a call that EventBridge Scheduler makes with a role.
func canaryEvent(role, key, policy, more string) []byte {
	return fmt.Appendf(nil, `{"source":"aws.kms","detail-type":"AWS API Call via CloudTrail","detail":{"eventSource":"kms.amazonaws.com","eventName":"PutKeyPolicy",
		"eventTime":"2026-11-20T08:59:00Z","eventID":"c0ffee00-0000-4000-8000-000000000001","awsRegion":"us-east-1","recipientAccountId":"111122223333",
		"userIdentity":{"type":"AssumedRole","accountId":"111122223333","arn":"arn:aws:sts::111122223333:assumed-role/r/s",
			"sessionContext":{"sessionIssuer":{"type":"Role","arn":%q}}},
		"requestParameters":{"keyId":%q,"policyName":"default","policy":%s,"bypassPolicyLockoutSafetyCheck":false},
		"resources":[{"ARN":%q,"type":"AWS::KMS::Key","accountId":"111122223333"}]%s}}`, role, key, strconv.Quote(policy), key, more)
}

// The canary is counted and not published. Any other call by its role, on its key or
// with its policy is judged as usual.
func TestCanary(t *testing.T) {
	other := strings.Replace(canaryKey, "1234abcd", "2234abcd", 1)
	tests := []struct {
		name    string
		event   []byte
		outcome string
	}{
		{"itself", canaryEvent(canaryRole, canaryKey, canaryPolicy, ""), outcomeCanary},
		{"another policy", canaryEvent(canaryRole, canaryKey, openPolicy, ""), outcomePublished},
		{"another private policy", canaryEvent(canaryRole, canaryKey, canaryPolicy+" ", ""), outcomeQuiet},
		{"another key", canaryEvent(canaryRole, other, canaryPolicy, ""), outcomeQuiet},
		{"another key, opened", canaryEvent(canaryRole, other, openPolicy, ""), outcomePublished},
		{"another role", canaryEvent(canaryRole+"x", canaryKey, canaryPolicy, ""), outcomeQuiet},
		{"refused", canaryEvent(canaryRole, canaryKey, canaryPolicy, `,"errorCode":"AccessDenied"`), outcomeQuiet},
	}
	server := newSNSServer(t, nil)
	f, log := newFunction(t, server.URL(), "CANARY_ROLE_ARN="+canaryRole, "CANARY_KEY_ARN="+canaryKey, "CANARY_POLICY="+canaryPolicy)
	published := 0
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := invoke(t, f, test.event)
			if s.Outcome != test.outcome || s.Published != (test.outcome == outcomePublished) {
				t.Errorf("summary = %+v, want outcome %s", s, test.outcome)
			}
		})
		if test.outcome == outcomePublished {
			published++
		}
	}
	if n := server.Requests(); n != published {
		t.Errorf("%d requests to SNS, want %d", n, published)
	}
	f.Close() // the log is whole once the process has ended
	if n := strings.Count(log.String(), `"Canary":1`); n != 1 || strings.Count(log.String(), `"FunctionName":"kmsentry"`) != published+1 {
		t.Errorf("the log counts %d canaries, want 1, and each metric by the function's name:\n%s", n, log)
	}
	unset, _ := newFunction(t, server.URL())
	if s := invoke(t, unset, canaryEvent(canaryRole, canaryKey, canaryPolicy, "")); s.Outcome != outcomeQuiet {
		t.Errorf("without the settings: %+v, want quiet", s)
	}
}

func TestCanarySettings(t *testing.T) {
	for _, env := range []string{"CANARY_ROLE_ARN=", "CANARY_KEY_ARN=", "CANARY_POLICY=", "CANARY_ROLE_ARN=r", "CANARY_KEY_ARN=arn:aws:kms:us-east-1:111122223333:alias/a", "CANARY_POLICY={"} {
		t.Run(env, func(t *testing.T) {
			values := map[string]string{"CANARY_ROLE_ARN": canaryRole, "CANARY_KEY_ARN": canaryKey, "CANARY_POLICY": canaryPolicy}
			name, value, _ := strings.Cut(env, "=")
			values[name] = value
			r := reader{function.Reader{Getenv: func(name string) string { return values[name] }}}
			r.canary("CANARY_ROLE_ARN", "CANARY_KEY_ARN", "CANARY_POLICY")
			if r.Err == nil || !strings.HasPrefix(r.Err.Error(), "setting "+name+": expected ") {
				t.Errorf("canary: %v, want an error about %s", r.Err, name)
			}
		})
	}
}
