package code

// ReadTableWithin is ReadTable with smaller limits, so that a test needs no
// file of 256 MB.
var ReadTableWithin = readTable
