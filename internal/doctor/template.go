package doctor

import (
	"fmt"
	"sync"

	"go.yaml.in/yaml/v3"

	"github.com/kmsentry/kmsentry"
)

// expected is what template.yaml says about what is deployed. It is read from the
// template itself, which is embedded in this command, so that it is in one place.
type expected struct {
	pattern       map[string]any // of the rule
	ruleRetry     retry          // EventBridge's, for the delivery of an event
	functionRetry retry          // Lambda's, after the function failed
	canary        struct{ period, periods int32 }
}

// A retry says how often and for how long an event is retried.
type retry struct{ attempts, seconds int32 }

// samTemplate is the part of template.yaml that is compared.
type samTemplate struct {
	Resources struct {
		DetectorFunction struct {
			Properties struct {
				EventInvokeConfig samRetry `yaml:"EventInvokeConfig"`
				Events            struct {
					KeyPolicyChange struct {
						Properties struct {
							Pattern     map[string]any `yaml:"Pattern"`
							RetryPolicy samRetry       `yaml:"RetryPolicy"`
						} `yaml:"Properties"`
					} `yaml:"KeyPolicyChange"`
				} `yaml:"Events"`
			} `yaml:"Properties"`
		} `yaml:"DetectorFunction"`
		CanaryAlarm struct {
			Properties struct {
				Period            int32 `yaml:"Period"`
				EvaluationPeriods int32 `yaml:"EvaluationPeriods"`
			} `yaml:"Properties"`
		} `yaml:"CanaryAlarm"`
	} `yaml:"Resources"`
}

type samRetry struct {
	MaximumEventAgeInSeconds int32 `yaml:"MaximumEventAgeInSeconds"`
	MaximumRetryAttempts     int32 `yaml:"MaximumRetryAttempts"`
}

// template returns what template.yaml says. An error means a fault in the build, not in
// the stack.
var template = sync.OnceValues(func() (expected, error) {
	var t samTemplate
	if err := yaml.Unmarshal([]byte(kmsentry.Template), &t); err != nil {
		return expected{}, fmt.Errorf("template.yaml: %w", err)
	}
	f := t.Resources.DetectorFunction.Properties
	rule := f.Events.KeyPolicyChange.Properties
	e := expected{
		pattern:       rule.Pattern,
		ruleRetry:     retry{rule.RetryPolicy.MaximumRetryAttempts, rule.RetryPolicy.MaximumEventAgeInSeconds},
		functionRetry: retry{f.EventInvokeConfig.MaximumRetryAttempts, f.EventInvokeConfig.MaximumEventAgeInSeconds},
	}
	e.canary.period, e.canary.periods = t.Resources.CanaryAlarm.Properties.Period, t.Resources.CanaryAlarm.Properties.EvaluationPeriods
	if len(e.pattern) == 0 || e.ruleRetry.seconds == 0 || e.functionRetry.seconds == 0 || e.canary.period*e.canary.periods == 0 {
		return expected{}, fmt.Errorf("template.yaml: the rule's pattern, the retries or the canary's alarm are not where they were")
	}
	return e, nil
})
