package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/kmsentry/kmsentry/internal/version"
)

// start makes the handler from the environment. Errors are *settingError.
func start(getenv func(string) string, readFile func(string) ([]byte, error), stdout io.Writer) (*handler, error) {
	s, err := readSettings(getenv, readFile, taskRoot(getenv), time.Now())
	if err != nil {
		return nil, err
	}
	s.options.Version = version.String()
	return &handler{
		settings: s,
		sns:      newSNS(s),
		log:      newLog(stdout, s.logLevel),
		now:      time.Now,
		function: getenv("AWS_LAMBDA_FUNCTION_NAME"),
		storm:    newStorm(s),
		pause:    pause,
	}, nil
}

// taskRoot is the folder in which the function's files lie.
func taskRoot(getenv func(string) string) string {
	if root := getenv("LAMBDA_TASK_ROOT"); root != "" {
		return root
	}
	exe, err := os.Executable()
	if err != nil {
		return "."
	}
	return filepath.Dir(exe)
}

// reportStart logs why the function cannot start and tells Lambda, which would
// otherwise only know that the process exited. It returns the exit status.
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
