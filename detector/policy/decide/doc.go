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
// A request gets in if some Allow applies to it and no Deny does. Decide (classes.go)
// looks for an outsider's request that gets in, for each action that works across
// accounts. An action together with the class in which it counts is an ask
// (kmsapi.Ask); asks that the policy does not distinguish share one outcome (alike in
// decide.go).
//
//   - Compiling. The policy is compiled once (package compile). Each condition key
//     that it names gets a slot, and each condition becomes a clause: a literal, which
//     is a constraint on the values in one slot (compile/literal.go). Where AWS leaves
//     the meaning of a condition open, its clause has two literals: a sure one, which
//     holds only if every reading does, and a possible one, which holds if any does.
//   - Request kinds. A request kind (search/kinds.go) is a kind of caller and its
//     credentials, a path to KMS, an ask, and the kinds of KMS keys that support it.
//     Within a kind each condition key has one domain, the values that it can have,
//     from its row in condkey (search/domains.go). All kinds together are the space of
//     the policy (search/space.go).
//   - Searching. A search (search/search.go) looks for a request of one kind that gets
//     in. It keeps a list of literals, and a model: values for the slots that satisfy
//     them. It begins with the literals of one Allow: those of its conditions, and of
//     one way to be its principal. While a Deny applies to the model, the search adds
//     the negation of one of that Deny's literals and goes on; when that leads
//     nowhere, it tries the next.
//   - Assigning. When a literal does not hold in the model, its key gets new values
//     (search/assign.go). Depending on the key, these are picked (pick.go), spelled
//     out in the form of an ARN or another shape (layouts.go and fill.go, with package
//     textsolve), chosen together with the keys that they depend on (groups.go,
//     context.go), or made equal to those of another key, as a policy variable asks
//     (equate.go).
//   - Over-approximating. A search guesses where trying everything would take too
//     long. If a guess fails, the search is incomplete: that it finds nothing then
//     proves nothing. So it is run again with policy variables that can have any value
//     (Disproven in search/search.go). This second search may find requests that do
//     not exist, which are discarded; but if it finds none, there is none.
//   - Confirming. A model that was found becomes a request (search/request.go). It
//     proves that outsiders certainly get in only if evaluate allows it too (confirms
//     in trial.go).
//   - Verdicts. An outcome tries the levels from public down (finish in decide.go).
//     What outsiders can certainly do is searched for with sure Allows and possible
//     Denies; what is not ruled out, with possible Allows and sure Denies. If the two
//     differ, the outcome is undecided.
//   - The budget. Every step is charged to a budget (stages.go, textsolve.Budget). The
//     plain proofs of public come first, for all outcomes; then each outcome has its
//     own share. An outcome whose share runs out is undecided, "too intricate".
//
// The other files describe the answer: whom a grant names (audience.go), which
// statements are responsible (blame.go, openers.go, explain.go), whether a later
// instant is worse (future.go), which services get in (services.go), which unknown
// parts matter (unknown.go), and whether the owner keeps the key (owner.go).
// File partition.go says in which partitions a key with an unknown ARN is decided.
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
