package awsid

import "testing"

func TestPartitionOf(t *testing.T) {
	for region, want := range map[string]string{
		"us-east-1": "aws", "ap-southeast-7": "aws", "cn-northwest-1": "aws-cn", "us-gov-east-1": "aws-us-gov",
		"us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b", "us-isof-south-1": "aws-iso-f", "eu-isoe-west-1": "aws-iso-e",
		"eusc-de-east-1": "aws-eusc", "": "", "<b>": "", "nowhere": "",
	} {
		if got := PartitionOf(region); got != want {
			t.Errorf("PartitionOf(%q) = %q, want %q", region, got, want)
		}
	}
	for _, p := range Partitions() {
		if got := PartitionOf(p.Region); got != p.Name {
			t.Errorf("PartitionOf(%q) = %q, want %q", p.Region, got, p.Name)
		}
	}
}

func TestIsPartition(t *testing.T) {
	for text, want := range map[string]bool{
		"aws": true, "aws-cn": true, "aws-us-gov": true, "aws-iso-b": true, "aws-eusc": true, "aws-9": true, "aws--x": true,
		"": false, "a": false, "aws-": false, "aws-cn-": false, "awsx": false, "AWS": false, "aws-CN": false, "aws cn": false, "aws-*": false, "aws\n": false,
	} {
		if got := IsPartition(text); got != want {
			t.Errorf("IsPartition(%q) = %v, want %v", text, got, want)
		}
	}
	for _, p := range Partitions() {
		if !IsPartition(p.Name) {
			t.Errorf("IsPartition(%q) = false", p.Name)
		}
	}
}
