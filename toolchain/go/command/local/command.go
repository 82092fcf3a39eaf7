// Package local holds the resource that runs commands on this machine; the package's
// name is the middle of its token, `command:local:Command`.
package local

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Command runs `create`, `update` and `delete` as its life cycle asks for them.
type Command struct{}

// Inputs are the program's words. A change of any of them updates, of `triggers` replaces.
type Inputs struct {
	Triggers *[]any  `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Create   *string `pulumi:"create,optional"`
	Update   *string `pulumi:"update,optional"`
	Delete   *string `pulumi:"delete,optional"`

	Stdin                  *string            `pulumi:"stdin,optional"`
	Logging                *Logging           `pulumi:"logging,optional"`
	Interpreter            *[]string          `pulumi:"interpreter,optional"`
	Dir                    *string            `pulumi:"dir,optional"`
	Environment            *map[string]string `pulumi:"environment,optional"`
	AssetPaths             *[]string          `pulumi:"assetPaths,optional"`
	ArchivePaths           *[]string          `pulumi:"archivePaths,optional"`
	AddPreviousOutputInEnv *bool              `pulumi:"addPreviousOutputInEnv,optional"`
}

// Results are what the last command that ran left behind.
type Results struct {
	Stdout  string                            `pulumi:"stdout"`
	Stderr  string                            `pulumi:"stderr"`
	Assets  *map[string]*types.AssetOrArchive `pulumi:"assets,optional"`
	Archive *resource.Archive                 `pulumi:"archive,optional"`
}

// State is kept between updates: the inputs of the last one, and its results.
type State struct {
	Inputs
	Results
}

// Logging says which streams are shown while a command runs; both are captured always.
type Logging string

// Values lists the modes; without one, both streams are shown.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: "stdout", Value: "stdout"},
		{Name: "stderr", Value: "stderr"},
		{Name: "stdoutAndStderr", Value: "stdoutAndStderr"},
		{Name: "none", Value: "none"},
	}
}

// shows tells whether a stream of the given name is shown.
func (mode *Logging) shows(stream string) bool {
	return mode == nil || *mode == "stdoutAndStderr" || string(*mode) == stream
}

// Create runs `create`; a resource without one is made all the same.
func (*Command) Create(
	ctx context.Context, request infer.CreateRequest[Inputs],
) (infer.CreateResponse[State], error) {
	response := infer.CreateResponse[State]{Output: State{Inputs: request.Inputs}}
	id, err := resource.NewUniqueHex(request.Name, 8, 0)
	if err != nil {
		return response, err
	}
	response.ID = id
	if request.DryRun || request.Inputs.Create == nil {
		return response, nil
	}
	return response, run(ctx, *request.Inputs.Create, &response.Output)
}

// Update runs `update`, or else `create` again, with the earlier output at hand.
func (*Command) Update(
	ctx context.Context, request infer.UpdateRequest[Inputs, State],
) (infer.UpdateResponse[State], error) {
	response := infer.UpdateResponse[State]{
		Output: State{Inputs: request.Inputs, Results: request.State.Results},
	}
	command := request.Inputs.Update
	if command == nil {
		command = request.Inputs.Create
	}
	if request.DryRun || command == nil {
		return response, nil
	}
	return response, run(ctx, *command, &response.Output)
}

// Delete runs `delete` as it was given when the resource was last changed.
func (*Command) Delete(
	ctx context.Context, request infer.DeleteRequest[State],
) (infer.DeleteResponse, error) {
	if request.State.Inputs.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	return infer.DeleteResponse{}, run(ctx, *request.State.Inputs.Delete, &request.State)
}
