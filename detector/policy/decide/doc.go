// Package decide says who a key policy lets in.
//
// Decide answers one Question about one policy: which requests of outsiders does
// it allow, can a stranger make one of them, and can the owner still use the key?
// Each grant carries a witness, a request that package evaluate, which is
// independent of this one, allows as well. The same policy and question always
// give the same Decision.
//
// # How it works
//
// The question is about an action in its class (kmsapi.Ask). Asks that the policy
// does not distinguish share an outcome (alike in decide.go).
//
//   - The policy is compiled once (package compile): conditions become clauses,
//     their values become sets, and the condition keys become slots. What AWS
//     leaves open is read twice: as what certainly holds and as what possibly
//     does.
//   - A request kind (search/kinds.go) is a kind of caller, a path, a kind of
//     credentials and a kind of key. In it each condition key has one domain,
//     which comes from its row in condkey (search/domains.go). The requests that
//     a policy can distinguish are its space (search/space.go).
//   - A search (search/search.go) looks for one request of a kind that gets in.
//     It holds a list of literals, each a constraint on one slot, and a model,
//     the values that meet them (compile/literal.go). It begins with the literals
//     of one Allow. If a Deny applies to the model, it tries to break one of that
//     Deny's literals after another.
//   - If a literal does not hold in the model, its key gets new values
//     (search/assign.go): by picking a value (pick.go), by filling in the text of
//     a shape (layouts.go and fill.go, with textsolve), by assigning keys together
//     that depend on each other (groups.go, context.go), or by making two keys
//     equal that the policy compares (equate.go).
//   - A guess that fails makes a search incomplete: if it finds nothing, that
//     proves nothing. A second search over-approximates: variables can have any
//     value, so it may find too much, but if it finds nothing there is no request
//     (Disproven in search/search.go).
//   - A model that was found becomes a request (search/request.go), which evaluate
//     must allow (confirms in trial.go). An outcome tries the levels from public
//     down (finish in decide.go): with sure readings for what is certain, with
//     possible ones for what is not ruled out.
//   - Each step is charged to a budget (stages.go, textsolve.Budget). Each action
//     has its own share, and the plain proofs of public come first for all
//     actions. If the budget runs out, the answer is undecided, "too intricate".
//
// The other files describe the outcomes: whom they name (audience.go), which
// statements are responsible (blame.go, openers.go, explain.go), whether a later
// instant is worse (future.go), which services get in (services.go), which unknown
// parts matter (unknown.go), and whether the owner keeps the key (owner.go).
//
// # Where something new goes
//
//   - A condition key: a row in condkey.
//   - A condition operator: its name and the form of its values in policy's
//     parse_operator.go, their meaning in compile/operator.go and again in
//     evaluate's value.go.
//   - A form of principal: policy's parse_principal.go, Entries (compile/principals.go),
//     and evaluate's principal.
//   - An action: a row in kmsapi's actions.go. If grants carry it, it is also a value
//     of condkey's kms:GrantOperations.
//   - A class of actions: a row in kmsapi's actions.go. Decision.Classes and its JSON
//     follow the table of classes.
package decide
