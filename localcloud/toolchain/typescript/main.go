// pulumi-language-nodejs, as far as `pulumi package gen-sdk --language nodejs` needs it: a stand-in for Pulumi's own
// language host, which no Go registry serves. The code generator behind it is Pulumi's. It runs no program, and the
// engine is told so by gRPC's own answer for what a server does not implement.

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

const name = "pulumi-language-nodejs"

type generator struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
}

func (generator) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return new(pulumirpc.PluginInfo), nil
}

func (generator) GeneratePackage(
	_ context.Context, request *pulumirpc.GeneratePackageRequest,
) (*pulumirpc.GeneratePackageResponse, error) {
	client, err := schema.NewLoaderClient(request.LoaderTarget)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	loader := schema.NewCachedLoader(client)

	var described schema.PackageSpec
	if err := json.Unmarshal([]byte(request.Schema), &described); err != nil {
		return nil, err
	}
	bound, found, err := schema.BindSpec(described, loader, schema.ValidationOptions{})
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GeneratePackageResponse{Diagnostics: plugin.HclDiagnosticsToRPCDiagnostics(found)}
	if found.HasErrors() {
		return response, nil
	}
	files, err := nodejs.GeneratePackage(
		name, bound, request.ExtraFiles, request.LocalDependencies, request.Local, loader)
	if err != nil {
		return nil, err
	}
	return response, write(request.Directory, files)
}

func write(folder string, files map[string][]byte) error {
	for name, content := range files {
		target := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func main() {
	server, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, generator{})
			return nil
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(server.Port) // where the engine finds the server
	if err := <-server.Done; err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
