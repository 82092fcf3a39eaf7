// Command pulumi-resource-docker serves Pulumi's Docker provider where the official
// plugin cannot be downloaded: the same bridge over the same upstream provider.
package main

import (
	"context"
	"os"
	"strings"
	"unicode"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/terraform-providers/terraform-provider-docker/shim"
)

// version is the official plugin's, whose place this one takes.
const version = "5.2.0"

// schema is all the engine asks of a plugin at run time; SDKs are published apart.
const schema = `{"name":"docker","version":"` + version + `"}`

func main() {
	tfbridge.Main("docker", version, providerInfo(), []byte(schema))
}

func providerInfo() tfbridge.ProviderInfo {
	info := tfbridge.ProviderInfo{
		P:            shimv2.NewProvider(shim.Provider(version)),
		Name:         "docker",
		Version:      version,
		MetadataInfo: tfbridge.NewProviderMetadata([]byte("{}")),
		Config: map[string]*tfbridge.SchemaInfo{
			"host":          {Default: &tfbridge.DefaultInfo{EnvVars: []string{"DOCKER_HOST"}, ComputeDefault: defaultHost}},
			"registry_auth": {Name: "registryAuth", MaxItemsOne: tfbridge.False()},
		},
		Resources: map[string]*tfbridge.ResourceInfo{
			"docker_config": {Tok: resourceToken("ServiceConfig")},
			"docker_container": {
				Tok:                 resourceToken("Container"),
				DeleteBeforeReplace: true,
				// The bridge would make plurals of these two lists.
				Fields: map[string]*tfbridge.SchemaInfo{
					"command":           {Name: "command"},
					"networks_advanced": {Name: "networksAdvanced"},
				},
			},
			"docker_image": {
				Tok: resourceToken("RemoteImage"),
				// The name is the image's own reference: no random suffix.
				Fields: map[string]*tfbridge.SchemaInfo{"name": {Name: "name"}},
			},
			"docker_registry_image": {Tok: resourceToken("RegistryImage")},
			"docker_buildx_builder": {Tok: resourceToken("BuildxBuilder")},
		},
		DataSources: map[string]*tfbridge.DataSourceInfo{
			"docker_image":                    {Tok: functionToken("getRemoteImage")},
			"docker_registry_image":           {Tok: functionToken("getRegistryImage")},
			"docker_registry_image_manifests": {Tok: functionToken("getRegistryImageManifests")},
			"docker_logs":                     {Tok: functionToken("getLogs")},
			"docker_network":                  {Tok: functionToken("getNetwork")},
			"docker_plugin":                   {Tok: functionToken("getPlugin")},
		},
	}
	for _, name := range []string{"network", "plugin", "secret", "service", "tag", "volume"} {
		info.Resources["docker_"+name] = &tfbridge.ResourceInfo{
			Tok: resourceToken(strings.ToUpper(name[:1]) + name[1:]),
		}
	}
	info.SetAutonaming(255, "-")
	return info
}

func defaultHost(context.Context, tfbridge.ComputeDefaultOptions) (any, error) {
	if host := os.Getenv("DOCKER_HOST"); host != "" {
		return host, nil
	}
	return "unix:///var/run/docker.sock", nil
}

// resourceToken spells Pulumi's token: docker:index/remoteImage:RemoteImage.
func resourceToken(name string) tokens.Type {
	return tokens.Type("docker:index/" + lowerFirst(name) + ":" + name)
}

func functionToken(name string) tokens.ModuleMember {
	return tokens.ModuleMember("docker:index/" + name + ":" + name)
}

func lowerFirst(name string) string {
	return string(unicode.ToLower(rune(name[0]))) + name[1:]
}
