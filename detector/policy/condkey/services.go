package condkey

import "strings"

// viaServices returns the values of kms:ViaService that AWS documents.
// Source: KMS keys, "kms:ViaService"; for logs, qbusiness, q, supportauthz and
// bedrock-agentcore, the pages of those services.
func viaServices() []string {
	names := strings.Fields(`ssm s3 ec2 lambda rds sqs sns dynamodb secretsmanager
		aiops airflow aoss appfabric appflow apprunner apptest ards athena auditmanager backup backup-gateway
		bedrock cassandra chimevoiceconnector cleanrooms-ml codeartifact codeguru-reviewer comprehend connect
		custom-packages dax deepracer directoryservice dms docdb-elastic ecr elasticache elasticfilesystem
		entityresolution es events finspace firehose forecast fsx geo glue groundstation healthlake importexport
		iotsitewise kafka kendra kinesis kinesisvideo lex license-manager lookoutequipment lookoutmetrics
		lookoutvision m2 macie malware-protection managedblockchain mediatailor memorydb mgn monitron mq nimble
		omics profile proton qldb redshift redshift-serverless rekognition s3tables sagemaker securitylake ses
		sqlworkbench ssm-contacts ssm-incidents states storagegateway thinclient timestream translate
		verified-access wisdom workmail workspaces workspaces-web xray eks logs qbusiness q supportauthz bedrock-agentcore`)
	for i, n := range names {
		names[i] = n + ".{keyregion}.amazonaws.com"
	}
	return names
}

// calledServices returns the values of aws:CalledVia that AWS documents.
// Source: IAM global, "aws:CalledVia", as of 2023; today's page lists none.
func calledServices() []string {
	names := strings.Fields(`cloudformation athena cloud9 databrew dataexchange dynamodb kms
		servicecatalog-appregistry sqlworkbench aoss backup imagebuilder mgn nimble omics ram robomaker ssm-guiconnect`)
	for i, n := range names {
		names[i] = n + ".amazonaws.com"
	}
	return names
}
