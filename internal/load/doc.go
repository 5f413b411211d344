// Package load finds AWS KMS key policies in files.
//
// In go the bytes of one file: a key policy, the answer of aws kms
// get-key-policy, a CloudFormation or SAM template, or what terraform show
// -json prints. Out comes one Document for each key, with the text of its
// policy. The content decides the format; file names play no part.
//
// Templates and plans hold values that nobody knows before deployment. The
// package never guesses them: a Document then carries several Readings of the
// policy, or one with marks in place of the values.
//
// The package does not judge policies, opens no files and calls nobody.
package load
