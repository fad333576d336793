// Runs provider plugins that are a folder of Python, such as plugin/, for an engine that is newer than this host.
//
// The last language host that a Go registry serves reads the folder from `program`. Today's engines leave that field
// empty and send the folder in `info`, which this host does not know:
// https://github.com/pulumi/pulumi/blob/v3.259.0/proto/pulumi/language.proto
// Nor does it know `virtualenv`, and would make a virtual environment of the plugin's folder itself. Here a plugin runs
// with the Python and the provider plugins on PATH, where the local cloud has what it needs, and nothing is installed.
// This file is compiled together with that host's own main.go.

package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// The numbers of the newer fields.
const (
	runInfo              protowire.Number = 5 // RunPluginRequest.info
	runKind              protowire.Number = 6 // RunPluginRequest.kind
	infoProgramDirectory protowire.Number = 2 // ProgramInfo.program_directory
	installIsPlugin      protowire.Number = 5 // InstallDependenciesRequest.is_plugin
)

func init() {
	// Options of a plugin that others than the engine, such as the YAML language host, pass as flags.
	flag.String("toolchain", "", "Ignored")

	methods := pulumirpc.LanguageRuntime_ServiceDesc.Methods
	for index := range methods {
		if methods[index].MethodName == "GetRequiredPlugins" {
			methods[index].Handler = requiredPlugins(methods[index].Handler)
		}
	}
	streams := pulumirpc.LanguageRuntime_ServiceDesc.Streams
	for index := range streams {
		handle := streams[index].Handler
		switch streams[index].StreamName {
		case "RunPlugin":
			streams[index].Handler = func(host any, stream grpc.ServerStream) error {
				request := new(pulumirpc.RunPluginRequest)
				if err := stream.RecvMsg(request); err != nil {
					return err
				}
				newer := request.ProtoReflect().GetUnknown()
				if request.Program == "" && string(text(newer, runKind)) == "resource" {
					request.Program = string(text(text(newer, runInfo), infoProgramDirectory))
				}
				ambient := *host.(*pythonLanguageHost)
				ambient.virtualenv, ambient.virtualenvPath = "", ""
				return handle(&ambient, received{stream, request})
			}
		case "InstallDependencies":
			streams[index].Handler = func(host any, stream grpc.ServerStream) error {
				request := new(pulumirpc.InstallDependenciesRequest)
				if err := stream.RecvMsg(request); err != nil {
					return err
				}
				if field(request.ProtoReflect().GetUnknown(), installIsPlugin) != nil {
					return nil
				}
				return handle(host, received{stream, request})
			}
		}
	}
}

type method = func(any, context.Context, func(any) error, grpc.UnaryServerInterceptor) (any, error)

// requiredPlugins answers that a plugin's folder needs none, which the engine would download although they are on PATH.
func requiredPlugins(handle method) method {
	return func(
		host any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor,
	) (any, error) {
		request := new(pulumirpc.GetRequiredPluginsRequest)
		if err := decode(request); err != nil {
			return nil, err
		}
		if _, err := os.Stat(filepath.Join(request.Pwd, "PulumiPlugin.yaml")); err == nil {
			return new(pulumirpc.GetRequiredPluginsResponse), nil
		}
		decoded := func(message any) error {
			proto.Merge(message.(proto.Message), request)
			return nil
		}
		return handle(host, ctx, decoded, interceptor)
	}
}

// received is a stream whose one request has been read already.
type received struct {
	grpc.ServerStream
	request proto.Message
}

func (stream received) RecvMsg(message any) error {
	proto.Merge(message.(proto.Message), stream.request)
	return nil
}

// text returns the content of a field that holds a text or a message.
func text(encoded []byte, number protowire.Number) []byte {
	content, _ := protowire.ConsumeBytes(field(encoded, number))
	return content
}

// field finds what comes after a field's tag among encoded fields; nil where there is none.
func field(encoded []byte, number protowire.Number) []byte {
	for len(encoded) > 0 {
		found, kind, size := protowire.ConsumeTag(encoded)
		if size < 0 {
			return nil
		}
		if found == number {
			return encoded[size:]
		}
		length := protowire.ConsumeFieldValue(found, kind, encoded[size:])
		if length < 0 {
			return nil
		}
		encoded = encoded[size+length:]
	}
	return nil
}
