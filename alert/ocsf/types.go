package ocsf

// A detectionFinding has the parts of OCSF 1.6's Detection Finding (class 2004) that
// kmsentry writes. Every attribute exists in 1.6.0 and in later versions, so that the
// same bytes are valid in all of them. Times are Unix milliseconds. What kmsentry
// writes under evidences[0].data is described in alert/schema/finding.schema.json.
// Source: schema.ocsf.io/1.6.0/classes/detection_finding.

type detectionFinding struct {
	ActivityID     int                 `json:"activity_id"`
	ActivityName   string              `json:"activity_name"`
	CategoryUID    int                 `json:"category_uid"`
	CategoryName   string              `json:"category_name"`
	ClassUID       int                 `json:"class_uid"`
	ClassName      string              `json:"class_name"`
	TypeUID        int                 `json:"type_uid"`
	TypeName       string              `json:"type_name"`
	Time           int64               `json:"time"`
	StartTime      int64               `json:"start_time,omitempty"`
	EndTime        int64               `json:"end_time,omitempty"`
	TimezoneOffset int                 `json:"timezone_offset"`
	SeverityID     int                 `json:"severity_id"`
	Severity       string              `json:"severity"`
	StatusID       int                 `json:"status_id"`
	Status         string              `json:"status"`
	StatusCode     string              `json:"status_code"`
	StatusDetail   string              `json:"status_detail"`
	ConfidenceID   int                 `json:"confidence_id"`
	Confidence     string              `json:"confidence"`
	ImpactID       int                 `json:"impact_id"`
	Impact         string              `json:"impact"`
	RiskLevelID    int                 `json:"risk_level_id"`
	RiskLevel      string              `json:"risk_level"`
	RiskScore      int                 `json:"risk_score"`
	IsAlert        bool                `json:"is_alert"`
	ActionID       int                 `json:"action_id"`
	Action         string              `json:"action"`
	DispositionID  int                 `json:"disposition_id"`
	Disposition    string              `json:"disposition"`
	Message        string              `json:"message"`
	Metadata       metadata            `json:"metadata"`
	Cloud          cloud               `json:"cloud"`
	FindingInfo    findingInfo         `json:"finding_info"`
	Resources      []resource          `json:"resources,omitempty"`
	Evidences      []evidenceArtifacts `json:"evidences"`
	Observables    []observable        `json:"observables,omitempty"`
	Remediation    remediation         `json:"remediation"`
	Unmapped       unmapped            `json:"unmapped"`
}

type metadata struct {
	Version        string   `json:"version"`
	UID            string   `json:"uid"`
	CorrelationUID string   `json:"correlation_uid"`
	Product        product  `json:"product"`
	Profiles       []string `json:"profiles"`
	LogName        string   `json:"log_name"`
	LogProvider    string   `json:"log_provider"`
	OriginalTime   string   `json:"original_time,omitempty"`
	Labels         []string `json:"labels,omitempty"`
	IsTruncated    bool     `json:"is_truncated,omitempty"`
}

type product struct {
	Name       string `json:"name"`
	VendorName string `json:"vendor_name"`
	Version    string `json:"version,omitempty"`
}

type cloud struct {
	Provider       string   `json:"provider"`
	CloudPartition string   `json:"cloud_partition,omitempty"`
	Region         string   `json:"region,omitempty"`
	Account        *account `json:"account,omitempty"`
}

type account struct {
	UID    string `json:"uid"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
}

type findingInfo struct {
	UID              string         `json:"uid"`
	Title            string         `json:"title"`
	Desc             string         `json:"desc"`
	Types            []string       `json:"types"`
	Analytic         analytic       `json:"analytic"`
	RelatedAnalytics []analytic     `json:"related_analytics"`
	Attacks          []attack       `json:"attacks"`
	CreatedTime      int64          `json:"created_time"`
	FirstSeenTime    int64          `json:"first_seen_time,omitempty"`
	LastSeenTime     int64          `json:"last_seen_time,omitempty"`
	DataSources      []string       `json:"data_sources"`
	RelatedEvents    []relatedEvent `json:"related_events,omitempty"`
	SrcURL           string         `json:"src_url,omitempty"`
}

type analytic struct {
	UID     string `json:"uid"`
	Name    string `json:"name"`
	TypeID  int    `json:"type_id"`
	Type    string `json:"type"`
	Version string `json:"version"`
}

type attack struct {
	Version   string    `json:"version"`
	Technique mitreName `json:"technique"`
	Tactic    mitreName `json:"tactic"`
}

type mitreName struct {
	UID  string `json:"uid"`
	Name string `json:"name"`
}

type relatedEvent struct {
	UID     string  `json:"uid"`
	Type    string  `json:"type"`
	Product product `json:"product"`
}

type resource struct {
	UID            string `json:"uid,omitempty"`
	Name           string `json:"name"`
	Type           string `json:"type"`
	Region         string `json:"region,omitempty"`
	CloudPartition string `json:"cloud_partition,omitempty"`
	Owner          *owner `json:"owner,omitempty"`
}

type owner struct {
	Account account `json:"account"`
}

type evidenceArtifacts struct {
	Actor       actor        `json:"actor"`
	API         api          `json:"api"`
	SrcEndpoint *endpoint    `json:"src_endpoint,omitempty"`
	HTTPRequest *httpRequest `json:"http_request,omitempty"`
	Data        evidenceData `json:"data"`
}

type actor struct {
	AppName string   `json:"app_name,omitempty"` // the AWS service that made the call
	AppUID  string   `json:"app_uid,omitempty"`  // ARN of the resource that the credentials were made for
	User    user     `json:"user"`
	Session *session `json:"session,omitempty"`
	IDP     *idp     `json:"idp,omitempty"`
}

type idp struct {
	Name string `json:"name"`
	UID  string `json:"uid,omitempty"`
}

type user struct {
	UID         string       `json:"uid,omitempty"`
	UIDAlt      string       `json:"uid_alt,omitempty"`
	Name        string       `json:"name"`
	Type        string       `json:"type"`
	TypeID      int          `json:"type_id"`
	Account     *account     `json:"account,omitempty"`
	Credentials []credential `json:"programmatic_credentials,omitempty"`
}

type credential struct {
	UID  string `json:"uid"`
	Type string `json:"type"`
}

type session struct {
	UID           string `json:"uid,omitempty"`     // ARN of the session
	UIDAlt        string `json:"uid_alt,omitempty"` // its source identity
	IsMFA         *bool  `json:"is_mfa,omitempty"`
	Issuer        string `json:"issuer,omitempty"`
	CreatedTime   int64  `json:"created_time,omitempty"`
	CredentialUID string `json:"credential_uid,omitempty"`
}

type api struct {
	Operation string    `json:"operation"`
	Service   service   `json:"service"`
	Version   string    `json:"version,omitempty"`
	Request   *request  `json:"request,omitempty"`
	Response  *response `json:"response,omitempty"`
}

type service struct {
	Name string `json:"name"`
}

type request struct {
	UID string `json:"uid"`
}

type response struct {
	Error        string `json:"error"`
	ErrorMessage string `json:"error_message,omitempty"`
}

type endpoint struct {
	IP           string `json:"ip,omitempty"`
	SvcName      string `json:"svc_name,omitempty"`
	InterfaceUID string `json:"interface_uid,omitempty"`
}

type httpRequest struct {
	UserAgent string `json:"user_agent"`
}

type observable struct {
	Name   string `json:"name"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
	Value  string `json:"value"`
}

type remediation struct {
	Desc       string   `json:"desc"`
	References []string `json:"references"`
}

type unmapped struct {
	Splunk splunkColumns `json:"splunk"`
}

// splunkColumns has the columns of the seed rule, under the rule's names.
type splunkColumns struct {
	Signature     string          `json:"signature"`
	Dest          string          `json:"dest"`
	User          string          `json:"user"`
	UserAgent     string          `json:"user_agent"`
	Src           string          `json:"src"`
	VendorAccount string          `json:"vendor_account"`
	VendorRegion  string          `json:"vendor_region"`
	VendorProduct string          `json:"vendor_product"`
	splunkRow                     // the first of Rows
	FirstTime     string          `json:"firstTime"`
	LastTime      string          `json:"lastTime"`
	RiskScore     int             `json:"risk_score"`
	Severity      string          `json:"severity"`
	WouldAlert    splunkWouldHave `json:"splunk_would_alert"`
	Rows          []splunkRow     `json:"rows"`
	MoreRows      int             `json:"more_rows,omitempty"` // the number of rows that Rows leaves out
}

// A splunkRow has the columns in which the rows of one event differ.
type splunkRow struct {
	KeyPolicyAction    string `json:"key_policy_action"`
	KeyPolicyPrincipal string `json:"key_policy_principal"`
	Count              int    `json:"count"`
}

// splunkWouldHave says whether the seed rule would have fired, under each reading of
// the asterisk in its search.
type splunkWouldHave struct {
	Literal  bool `json:"literal"`
	Wildcard bool `json:"wildcard"`
}
