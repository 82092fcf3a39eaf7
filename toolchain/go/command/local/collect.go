package local

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// collect reads the files that `assetPaths` and `archivePaths` name, once the command is done.
func collect(dir string, state *State) error {
	if state.AssetPaths != nil {
		files, err := matching(dir, *state.AssetPaths)
		if err != nil {
			return err
		}
		assets := make(map[string]*types.AssetOrArchive, len(files))
		for name, asset := range files {
			assets[name] = &types.AssetOrArchive{Asset: asset}
		}
		state.Assets = &assets
	}
	if state.ArchivePaths != nil {
		files, err := matching(dir, *state.ArchivePaths)
		if err != nil {
			return err
		}
		members := make(map[string]any, len(files))
		for name, asset := range files {
			members[name] = asset
		}
		archive, err := resource.NewAssetArchive(members)
		if err != nil {
			return err
		}
		state.Archive = archive
	}
	return nil
}

type rule struct {
	glob.Glob
	exclude bool
}

// matching walks dir; of the rules that match a file the last decides, `!` takes it out again.
func matching(dir string, patterns []string) (map[string]*resource.Asset, error) {
	rules := make([]rule, 0, len(patterns))
	for _, pattern := range patterns {
		compiled, err := glob.Compile(strings.TrimPrefix(pattern, "!"), '/')
		if err != nil {
			return nil, fmt.Errorf("%q: %w", pattern, err)
		}
		rules = append(rules, rule{compiled, strings.HasPrefix(pattern, "!")})
	}
	files := map[string]*resource.Asset{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !included(rules, name) {
			return err
		}
		asset, err := resource.NewPathAsset(path.Join(dir, name))
		files[name] = asset
		return err
	})
	return files, err
}

func included(rules []rule, name string) bool {
	in := false
	for _, r := range rules {
		if r.Match(name) {
			in = !r.exclude
		}
	}
	return in
}
