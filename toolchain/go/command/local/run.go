package local

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"

	provider "github.com/pulumi/pulumi-go-provider"
)

// run executes one command and replaces the results in state when it succeeds.
func run(ctx context.Context, command string, state *State) error {
	argv := []string{"/bin/sh", "-c"}
	if state.Interpreter != nil && len(*state.Interpreter) > 0 {
		argv = *state.Interpreter
	}
	process := exec.CommandContext(ctx, argv[0], append(argv[1:len(argv):len(argv)], command)...)
	dir, err := workingDirectory(state.Inputs)
	if err != nil {
		return err
	}
	process.Dir = dir
	process.Env = environment(*state)
	if state.Stdin != nil && *state.Stdin != "" {
		process.Stdin = strings.NewReader(*state.Stdin)
	}

	var stdout, stderr bytes.Buffer
	both := &lockedBuffer{}
	process.Stdout = sink(ctx, &stdout, both, state.Logging.shows("stdout"))
	process.Stderr = sink(ctx, &stderr, both, state.Logging.shows("stderr"))
	err = process.Run()
	flush(process.Stdout)
	flush(process.Stderr)
	if err != nil {
		return fmt.Errorf("%w: running %q:\n%s", err, command, both.String())
	}
	if err := collect(dir, state); err != nil {
		return err
	}
	state.Stdout = strings.TrimSuffix(stdout.String(), "\n")
	state.Stderr = strings.TrimSuffix(stderr.String(), "\n")
	return nil
}

func workingDirectory(in Inputs) (string, error) {
	if in.Dir != nil {
		return *in.Dir, nil
	}
	return os.Getwd()
}

func environment(state State) []string {
	env := os.Environ()
	if state.Environment != nil {
		for name, value := range *state.Environment {
			env = append(env, name+"="+value)
		}
	}
	if state.AddPreviousOutputInEnv != nil && !*state.AddPreviousOutputInEnv {
		return env
	}
	if state.Stdout != "" {
		env = append(env, "PULUMI_COMMAND_STDOUT="+state.Stdout)
	}
	if state.Stderr != "" {
		env = append(env, "PULUMI_COMMAND_STDERR="+state.Stderr)
	}
	return env
}

// sink captures a stream, keeps it for the error message, and shows it where asked to.
func sink(ctx context.Context, capture, both io.Writer, show bool) io.Writer {
	if !show {
		return io.MultiWriter(capture, both)
	}
	return &lines{
		Writer: io.MultiWriter(capture, both),
		show:   func(line string) { provider.GetLogger(ctx).InfoStatus(line) },
	}
}

// lines shows a stream line by line as it passes; a line may be of any length.
type lines struct {
	io.Writer
	show func(string)
	rest []byte
}

func (l *lines) Write(data []byte) (int, error) {
	l.rest = append(l.rest, data...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 {
			break
		}
		l.show(strings.TrimSuffix(string(l.rest[:end]), "\r"))
		l.rest = l.rest[end+1:]
	}
	return l.Writer.Write(data)
}

func flush(writer io.Writer) {
	if l, ok := writer.(*lines); ok && len(l.rest) > 0 {
		l.show(string(l.rest))
		l.rest = nil
	}
}

// lockedBuffer takes both streams, each written by a goroutine of its own.
type lockedBuffer struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(data)
}

func (b *lockedBuffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}
