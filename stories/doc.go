// Package stories holds the stories of the mission as end-to-end tests: they run
// the built program, speak to it over its public interfaces only, on both
// databases, and read like what they tell.
//
// heed_test.go starts and stops the program; each story has a file of its own.
// Start reading at one_person_test.go.
package stories
