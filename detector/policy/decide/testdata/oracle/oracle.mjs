// Answers requests with iam-simulate: one JSON object a line in, one a line out,
// in the same order.
//
// In:  {"policy": {...}, "principal": "arn:...", "action": "kms:Encrypt", "resource": "arn:...", "account": "...", "context": {...}}
// Out: {"allowed": true, "ignored": ["context keys that it dropped"]} or {"error": "..."}
import { createInterface } from 'node:readline'
import { runSimulation } from '@cloud-copilot/iam-simulate'

// The caller's own account has said yes: that is the question.
const ownAccountSaysYes = [
  { name: 'all', policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] } }
]

async function answer({ policy, principal, action, resource, account, context }) {
  const result = await runSimulation(
    {
      request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
      identityPolicies: ownAccountSaysYes,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: policy
    },
    {}
  )
  if (result.resultType === 'error') {
    return { error: JSON.stringify(result.errors) }
  }
  return { allowed: result.overallResult === 'Allowed', ignored: result.result?.ignoredContextKeys ?? [] }
}

for await (const line of createInterface({ input: process.stdin })) {
  let out
  try {
    out = await answer(JSON.parse(line))
  } catch (e) {
    out = { error: String(e) }
  }
  process.stdout.write(JSON.stringify(out) + '\n')
}
