// Package safe makes text of others harmless: for a terminal, a mail, a chat
// program, a shell. Text goes in; out comes text that can be shown, or whether
// a value has just the shape of what it claims to be.
//
// It knows nothing of findings, nor of the markup of one channel.
package safe
