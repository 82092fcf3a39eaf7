// Command pulumi-resource-command serves Pulumi's Command provider where the official
// plugin cannot be downloaded. It covers `command:local:Command`, with its semantics.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/pulumi/pulumi-go-provider/infer"

	"phillbot/toolchain/command/local"
)

// version is the official plugin's, whose place this one takes.
const version = "1.2.1"

func main() {
	provider, err := infer.NewProviderBuilder().
		WithDisplayName("Command").
		WithResources(infer.Resource(&local.Command{})).
		Build()
	if err == nil {
		err = provider.Run(context.Background(), "command", version)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
