// Package awsconfig loads the AWS configuration for the commands that call AWS.
package awsconfig

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"
)

// patience is how long to wait for the configuration, which may come from the
// metadata service of an instance.
const patience = 10 * time.Second

// Load loads the AWS configuration as the AWS CLI does, from the environment, the
// configuration files and the role of the machine, with the given changes. profile
// is "" for that of AWS_PROFILE, or the default one. The SDK logs nothing: the
// commands report what fails.
//
// The configuration's Region is "" if none is set. An error is one line. Credentials
// are not looked for until they are needed.
func Load(ctx context.Context, profile string, changes ...func(*config.LoadOptions) error) (aws.Config, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	changes = append([]func(*config.LoadOptions) error{config.WithSharedConfigProfile(profile), config.WithLogger(logging.Nop{})}, changes...)
	cfg, err := config.LoadDefaultConfig(ctx, changes...)
	var missing config.SharedConfigProfileNotExistError
	switch {
	case errors.As(err, &missing):
		return aws.Config{}, fmt.Errorf("expected profile %q in the AWS configuration files, found none of that name", missing.Profile)
	case err != nil:
		return aws.Config{}, fmt.Errorf("the AWS configuration: %w", err)
	}
	return cfg, nil
}
