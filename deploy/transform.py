#!/usr/bin/env python3
"""Translates template.yaml, which has the transform AWS::Serverless, to plain
CloudFormation with the SAM translator: pip install aws-sam-translator==1.110.0

    transform.py --package kmsentry/v0.2.0 < template.yaml > kmsentry.json

writes the template for stack sets. The functions' code is in the bucket
CodeBucketPrefix-REGION, under the key CODE_KEY_PREFIX/LOGICAL_ID-ARCHITECTURE.zip.

    transform.py < templates.json

reads a JSON array of templates, as texts, and writes an array with {"template": ...}
or {"error": ...} for each. The tests use it to translate many templates at once.
"""
import json
import os
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")  # the translator asks boto3 for a partition

try:
    from samtranslator.translator.transform import transform
    from samtranslator.yaml_helper import yaml_parse
except ImportError:
    sys.exit("transform.py needs the SAM translator: pip install aws-sam-translator==1.110.0")


class NoManagedPolicies:
    def load(self):
        return {}


def translated(text):
    """Returns the plain template, with a placeholder for the code's location in S3,
    which sam package would set."""
    template = yaml_parse(text)
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    return transform(template, {}, NoManagedPolicies())


def packaged(text, prefix):
    """Returns the plain template, with parameters for the code's location in S3."""
    template = translated(text)
    template["Parameters"]["CodeBucketPrefix"] = {
        "Type": "String",
        "AllowedPattern": "^[a-z0-9][a-z0-9-]{1,45}$",
        "Description": "The functions' zips are in one bucket per Region, named with this prefix, a hyphen and the Region.",
    }
    template["Parameters"]["CodeKeyPrefix"] = {
        "Type": "String",
        "Default": prefix,
        "AllowedPattern": "^[A-Za-z0-9._/-]{1,200}$",
        "Description": "Key prefix of the zips in the bucket. It contains the version and a hash of the zips, so that every change is deployed.",
    }
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Code"] = {
                "S3Bucket": {"Fn::Sub": "${CodeBucketPrefix}-${AWS::Region}"},
                "S3Key": {"Fn::Sub": "${CodeKeyPrefix}/%s-${Architecture}.zip" % name},
            }
    return template


def lines(template):
    """Returns the template as JSON with one line for each parameter, resource and so
    on: compact, but still readable in a diff."""
    parts = []
    for section, value in template.items():
        if isinstance(value, dict):
            members = ",\n".join("  %s: %s" % (json.dumps(k), json.dumps(v, separators=(",", ":"))) for k, v in value.items())
            parts.append("%s: {\n%s\n}" % (json.dumps(section), members))
        else:
            parts.append("%s: %s" % (json.dumps(section), json.dumps(value)))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--package":
        sys.stdout.write(lines(packaged(sys.stdin.read(), arguments[1])))
        return
    if arguments:
        sys.exit("transform.py: expected --package CODE_KEY_PREFIX or nothing, found %r" % arguments)
    answers = []
    for text in json.load(sys.stdin):
        try:
            answers.append({"template": translated(text)})
        except Exception as e:  # the translator's own, or any other that a planted fault causes
            answers.append({"error": repr(e)})
    json.dump(answers, sys.stdout)


main(sys.argv[1:])
