// Package x12 turns X12 interchanges into positioned segments and back, and
// reads benefit enrollment (834, guide 005010X220A1) member by member, and
// claim payment (835, guide 005010X221A1) and claim status (277, guide
// 005010X212) claim by claim.
//
// It promises:
//
//   - Delimiters are taken from the interchange header by position, never
//     guessed.
//   - Memory does not grow with the input. A segment, its number of elements
//     and the segments of one member are limited; over a limit the input is
//     refused.
//   - Every segment and every complaint carries its place: the ordinal of the
//     segment in the file, the line, the element. No complaint repeats a value
//     that stood in the file, so it may be logged and shown. Only the two or
//     three capitals in the place of a segment identifier are given.
//   - Envelopes are checked as they close: control numbers, counts, order,
//     versions. Input that ends early is refused.
//   - What the writer prints, the reader reads. The writer refuses data it
//     could not print faithfully.
//   - The few mistakes of senders that are put right are all in repair.go, and
//     every repair is reported.
//
// The package performs no I/O of its own and imports the standard library
// only. It carries no code lists: values such as relationship or maintenance
// type are handed on as they were sent.
package x12
