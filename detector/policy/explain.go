package policy

func (d *decider) explain(o *outcome) []string { return nil }
func (d *decider) notes() []StatementNote      { return nil }
