// Package fakekms answers the calls of a sweep over HTTP, for tests: KMS in several
// accounts and Regions, STS, and EC2's DescribeRegions. Unlike moto it paginates,
// throttles and denies.
package fakekms

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/kmsentry/kmsentry/internal/awsid"
)

// A Key is one key. The zero Key is an ordinary key without a policy.
type Key struct {
	Policy  string
	State   string // "" means Enabled
	Manager string // "" means CUSTOMER
	Multi   bool   // a multi-Region key, whose id begins with mrk-
	Alias   string
	// Replicas has the Regions of all keys with the same material, the primary's first.
	Replicas []string
	Grants   []map[string]any
	Tags     []map[string]string
	Fails    map[string]string // error codes by call
}

// A Region is KMS of one account in one Region.
type Region struct {
	N     int               // the number of keys
	Key   func(i int) Key   // returns the i-th key
	Fails map[string]string // error codes by call, for every key
}

// A Server is AWS as a sweep sees it. Set the fields before Start.
type Server struct {
	Own      string                        // the account of credentials that are not a role's
	Accounts map[string]map[string]*Region // by account and Region; a Region that is missing is not enabled
	Page     int                           // the number of items per page of a list; 0 for AWS's
	Throttle float64                       // the share of requests to KMS that are throttled, 0 to 1
	// Denied lists accounts whose roles cannot be assumed.
	Denied []string
	// Fails holds error codes by call of EC2 or STS.
	Fails map[string]string
	// Before, if not nil, is called before each request to KMS.
	Before func(call string)

	mu    sync.Mutex
	rand  *rand.Rand
	calls map[string]int
}

// Start starts the server and returns its URL.
func (s *Server) Start(t testing.TB) string {
	t.Helper()
	s.rand, s.calls = rand.New(rand.NewPCG(1, 2)), map[string]int{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL
}

// Calls returns the number of requests by call, such as kms:ListKeys, including those
// that were refused.
func (s *Server) Calls() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]int{}
	for name, n := range s.calls {
		all[name] = n
	}
	return all
}

// ID returns the id of a Region's i-th key.
func (k Key) ID(i int) string {
	if k.Multi {
		return fmt.Sprintf("mrk-%032d", i)
	}
	return fmt.Sprintf("00000000-0000-0000-0000-%012d", i)
}

// ARN returns the ARN of the i-th key of an account in a Region.
func (k Key) ARN(account, region string, i int) string {
	return "arn:aws:kms:" + region + ":" + account + ":key/" + k.ID(i)
}

// A request is a request whose signature could be read.
type request struct {
	account, region, service string
	body                     []byte
}

// ServeHTTP answers a request, whose account, Region and service are in its signature.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	_, signed, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	signed, _, _ = strings.Cut(signed, ",")
	scope := strings.Split(signed, "/")
	if err != nil || len(scope) != 5 {
		http.Error(w, "want a signed request", http.StatusForbidden)
		return
	}
	q := request{account: s.Own, region: scope[2], service: scope[3], body: body}
	if id, role := strings.CutPrefix(scope[0], "ASIA"); role {
		q.account = id
	}
	if q.service == "kms" {
		_, call, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		s.kms(w, call, q)
		return
	}
	s.query(w, q)
}

// query answers STS and EC2.
func (s *Server) query(w http.ResponseWriter, q request) {
	form, err := url.ParseQuery(string(q.body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	call := form.Get("Action")
	s.count(q.service + ":" + call)
	w.Header().Set("Content-Type", "text/xml")
	role := form.Get("RoleArn")
	named, _ := awsid.SplitARN(role)
	account := named.Account
	code := s.Fails[call]
	if call == "AssumeRole" && slices.Contains(s.Denied, account) {
		code = "AccessDenied"
	}
	switch {
	case code != "" && q.service == "ec2":
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "<Response><Errors><Error><Code>%s</Code><Message>as planned</Message></Error></Errors></Response>", code)
	case code != "":
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>as planned</Message></Error></ErrorResponse>", code)
	case call == "GetCallerIdentity":
		fmt.Fprintf(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>", q.account)
	case call == "AssumeRole":
		fmt.Fprintf(w, "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA%s</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>"+
			"<SessionToken>token</SessionToken><Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>", account)
	default:
		fmt.Fprint(w, "<DescribeRegionsResponse><regionInfo>")
		for region := range s.Accounts[q.account] {
			fmt.Fprintf(w, "<item><regionName>%s</regionName></item>", region)
		}
		fmt.Fprint(w, "</regionInfo></DescribeRegionsResponse>")
	}
}

func (s *Server) count(call string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[call]++
}

// An input has the parameters of the KMS calls.
type input struct {
	KeyId, Marker, PolicyName string
	Limit                     int
}

// kms answers KMS.
func (s *Server) kms(w http.ResponseWriter, call string, q request) {
	s.count("kms:" + call)
	if s.Before != nil {
		s.Before(call)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	var in input
	out, code := any(nil), s.refusal(call, q)
	if err := json.Unmarshal(q.body, &in); err != nil {
		code = "SerializationException"
	}
	if code == "" {
		out, code = s.answer(call, q, in)
	}
	if code != "" {
		w.WriteHeader(http.StatusBadRequest)
		out = map[string]string{"__type": code, "message": "as planned"}
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		return // the client has gone away
	}
}

// refusal returns the error code with which a call is refused; "" when it is not.
func (s *Server) refusal(call string, q request) string {
	s.mu.Lock()
	throttle := s.rand.Float64() < s.Throttle
	s.mu.Unlock()
	switch region := s.Accounts[q.account][q.region]; {
	case throttle:
		return "ThrottlingException"
	case region == nil:
		return "UnrecognizedClientException"
	default:
		return region.Fails[call]
	}
}

// answer returns what a call returns, or the error code with which it is refused.
func (s *Server) answer(call string, q request, in input) (out any, code string) {
	region := s.Accounts[q.account][q.region]
	switch call {
	case "ListKeys":
		return s.list("Keys", region.N, in, func(i int) any {
			k := region.Key(i)
			return map[string]string{"KeyId": k.ID(i), "KeyArn": k.ARN(q.account, q.region, i)}
		}), ""
	case "ListAliases":
		var with []any
		for i := range region.N {
			if k := region.Key(i); k.Alias != "" {
				with = append(with, map[string]string{"AliasName": k.Alias, "TargetKeyId": k.ID(i)})
			}
		}
		return s.list("Aliases", len(with), in, func(i int) any { return with[i] }), ""
	}
	i, err := strconv.Atoi(in.KeyId[len(in.KeyId)-12:])
	if err != nil || i >= region.N {
		return nil, "NotFoundException"
	}
	k := region.Key(i)
	if code := k.Fails[call]; code != "" {
		return nil, code
	}
	switch call {
	case "DescribeKey":
		return map[string]any{"KeyMetadata": k.metadata(q, i)}, ""
	case "GetKeyPolicy":
		return map[string]string{"Policy": k.Policy, "PolicyName": in.PolicyName}, ""
	case "ListGrants":
		return s.list("Grants", len(k.Grants), in, func(i int) any { return k.Grants[i] }), ""
	case "ListResourceTags":
		return s.list("Tags", len(k.Tags), in, func(i int) any { return k.Tags[i] }), ""
	default:
		return nil, "UnknownOperationException"
	}
}

// metadata returns the KeyMetadata of DescribeKey.
func (k Key) metadata(q request, i int) map[string]any {
	m := map[string]any{
		"KeyId": k.ID(i), "Arn": k.ARN(q.account, q.region, i), "KeyState": cmp.Or(k.State, "Enabled"), "KeyManager": cmp.Or(k.Manager, "CUSTOMER"),
		"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "Origin": "AWS_KMS", "MultiRegion": k.Multi,
	}
	if len(k.Replicas) > 0 {
		replicas := []any{}
		for _, region := range k.Replicas[1:] {
			replicas = append(replicas, map[string]string{"Arn": k.ARN(q.account, region, i), "Region": region})
		}
		m["MultiRegionConfiguration"] = map[string]any{
			"MultiRegionKeyType": "PRIMARY", "PrimaryKey": map[string]string{"Arn": k.ARN(q.account, k.Replicas[0], i), "Region": k.Replicas[0]}, "ReplicaKeys": replicas,
		}
	}
	return m
}

// list returns one page of n items, which starts at in.Marker.
func (s *Server) list(member string, n int, in input, item func(int) any) map[string]any {
	from, _ := strconv.Atoi(in.Marker)
	size := cmp.Or(s.Page, in.Limit, 50)
	if in.Limit > 0 {
		size = min(size, in.Limit)
	}
	items := []any{}
	to := min(from+size, n)
	for i := from; i < to; i++ {
		items = append(items, item(i))
	}
	out := map[string]any{member: items, "Truncated": to < n}
	if to < n {
		out["NextMarker"] = strconv.Itoa(to)
	}
	return out
}
