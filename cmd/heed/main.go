// Command heed is the whole platform in one binary: it serves, imports, answers
// for people's data and runs the demo. See heed help and docs/guide.
//
// Start reading at internal/app/command.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // quiet hours need zones on machines that have none

	"github.com/heed-platform/heed/internal/app/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		<-ctx.Done()
		stop() // a second signal ends the program at once
	}()
	os.Exit(command.Main(ctx, command.Process{
		Args: os.Args[1:], In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Env: os.LookupEnv,
	}))
}
