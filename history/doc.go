// Package history reads CloudTrail archives and says which keys were open, from
// when to when.
//
// Bytes of any of the formats in which people hold CloudTrail records go in:
// log files, exports of other tools, concatenated, compressed, damaged. Records
// of the wanted calls come out, each with its place, and a line for everything
// that could not be read. It knows neither AWS nor files nor the clock; package
// detector judges the records.
package history
