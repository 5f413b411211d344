// Package decide says who a key policy lets in.
//
// Decide answers one Question about one policy: which requests of an outsider
// does it allow, is there a stranger among them, and can the owner still get at
// the key? Each answer worse than private carries a witness, a request that
// package evaluate, which knows nothing of this one, allows as well. The same
// policy and question always get the same Decision.
//
// # How it works
//
// An action is asked about in its class (kmsapi.Ask); actions that the same statements
// match in the same way share an outcome (alike).
//
//   - The policy is compiled once (package compile): its statements to clauses,
//     with the values of a condition as sets, and the keys that it mentions to
//     slots. What AWS leaves open is read twice: as what surely holds and as what
//     possibly does.
//   - A request kind (search/kinds.go) is who calls, by which path, with which
//     credentials, for which kind of key. In it each condition key has one
//     domain, which its row in condkey gives (search/domains.go). The kinds that
//     a policy can tell apart are its space (search/space.go).
//   - A search (search/search.go) looks for one request of a kind that gets in.
//     It holds a list of literals, each a constraint on one slot, and a model,
//     the values that meet them (compile/literal.go). It begins with the literals
//     of one Allow; while a Deny applies to the model, it breaks one of that
//     Deny's literals after the other.
//   - A literal that the model breaks is met by new values (search/assign.go): by picking
//     a value (pick.go), by filling texts of one shape (layouts.go, fill.go, with
//     textsolve), by setting keys together that depend on each other (groups.go,
//     context.go), or by making two keys equal where the policy compares them
//     (equate.go).
//   - A guess that fails makes a search incomplete: then that it finds nothing
//     proves nothing. Another search over-approximates: variables hold anything,
//     so it finds more than there is, and may still prove that there is no
//     request (Disproven in search/search.go).
//   - What is found becomes a request (search/request.go), and evaluate must
//     allow it (confirms in trial.go). An outcome tries the levels from public
//     down (finish in decide.go): with sure readings for a verdict, with possible
//     ones for what is not ruled out.
//   - Each step is charged to a budget (stages.go, textsolve.Budget). Each
//     action has a share of its own, and the plain proofs of public come first for
//     all. What the budget is not enough for is undecided, "too intricate".
//
// The rest is said of the outcome: who it names (audience.go), by which
// statements (blame.go, openers.go, explain.go), from when (future.go), for which services
// (services.go), what unknown parts do to it (unknown.go), and whether the owner
// keeps the key (owner.go).
//
// # Where something new goes
//
//   - A condition key: a row in condkey.
//   - A condition operator: its name and what its values look like in policy's
//     parse_operator.go, what they mean in compile/operator.go, and once more in
//     evaluate's value.go.
//   - A form of principal: policy's parse_principal.go, Entries (compile/principals.go),
//     and evaluate's principal.
//   - An action, or a class of actions: a row in kmsapi's actions.go. Decision.Classes
//     and its JSON follow the table of classes.
package decide
