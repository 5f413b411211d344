package function

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
)

// Main runs a function with the handler that start returns for the environment. If start
// fails, Main reports the error to Lambda and ends the process.
func Main[H lambda.Handler](start func(getenv func(string) string, readFile func(string) ([]byte, error), stdout io.Writer) (H, error)) {
	h, err := start(os.Getenv, os.ReadFile, os.Stdout)
	if err != nil {
		os.Exit(reportStart(os.Getenv("AWS_LAMBDA_RUNTIME_API"), err, os.Stdout))
	}
	log.SetFlags(0) // the runtime logs a failed invocation as JSON, before which there must be no date
	lambda.Start(h)
}

// TaskRoot returns the folder of the function's files.
func TaskRoot(getenv func(string) string) string {
	if root := getenv("LAMBDA_TASK_ROOT"); root != "" {
		return root
	}
	exe, err := os.Executable()
	if err != nil {
		return "."
	}
	return filepath.Dir(exe)
}

// reportStart logs why the function cannot start and reports it to Lambda, which would
// otherwise see only that the process exited. It returns the exit status.
func reportStart(runtimeAPI string, fault error, stdout io.Writer) int {
	fmt.Fprintln(stdout, startLine(fault))
	if runtimeAPI == "" {
		return 1
	}
	body, err := json.Marshal(map[string]any{"errorType": "settingError", "errorMessage": fault.Error(), "stackTrace": []string{}})
	if err != nil {
		return 1
	}
	req, err := http.NewRequest("POST", "http://"+runtimeAPI+"/2018-06-01/runtime/init/error", bytes.NewReader(body)) // #nosec G704 -- Lambda sets the address
	if err != nil {
		return 1
	}
	req.Header.Set("Content-Type", "application/vnd.aws.lambda.error+json")
	req.Header.Set("Lambda-Runtime-Function-Error-Type", "settingError")
	client := http.Client{Timeout: 2 * time.Second}
	if resp, err := client.Do(req); err == nil { // #nosec G704 -- as above
		resp.Body.Close()
	}
	return 1
}
