//go:build race

package x12_test

const raceDetector = true
