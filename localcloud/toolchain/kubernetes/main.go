// Command pulumi-resource-kubernetes is the vendor's Kubernetes provider.
//
// Its own main package needs two files that are generated at release time and that no Go module
// carries, so this one starts the same provider with the schema that the module does carry.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

//go:embed schema.json
var schema []byte

// version is the release that the pinned module revision leads up to.
const version = "4.25.0"

func main() {
	provider.Serve("kubernetes", version, schema, []byte("{}"))
}
