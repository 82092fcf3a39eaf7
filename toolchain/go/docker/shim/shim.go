// Package shim reaches the upstream provider's constructor, which Go's rule on
// internal packages hides from every module whose path does not lie below its own.
package shim

import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/terraform-providers/terraform-provider-docker/internal/provider"
)

// Provider returns the upstream Docker provider for the given version.
func Provider(version string) *schema.Provider {
	return provider.New(version)()
}
