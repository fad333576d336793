"""Which programs are built, and from what.

Go modules of our own pin everything: their go.mod says why a version is what it is. Their number is as small as
it can be, since what is in one module is compiled once: the CLI does not compile with the Kubernetes provider's
dependencies, nor does the language host with the CLI's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent

PULUMI = "3.274.1"
KUBERNETES = "1.34.4"

_SDK = "github.com/pulumi/pulumi/sdk/v3"
_COMPONENT_BASE = "k8s.io/component-base/version"


@dataclass(frozen=True)
class ModuleFile:
    """A file inside a Go module that is needed as it is. `pinned_by`: the folder whose go.mod says which version."""

    pinned_by: str
    module: str
    path: str


@dataclass(frozen=True)
class GoModule:
    """A folder here with a go.mod, and the programs built from it."""

    folder: str
    title: str
    packages: Mapping[str, str]
    """Program name to Go package."""
    ldflags: str = "-s -w"
    sources: Mapping[str, ModuleFile] = field(default_factory=dict[str, ModuleFile])
    """Files that the folder's own Go code embeds, or is compiled with."""
    extras: Mapping[str, ModuleFile] = field(default_factory=dict[str, ModuleFile])
    """Files put beside the programs."""
    extras_of: str = field(default="", repr=False)
    """The program that needs the extras. Not in the representation, which decides what is built again."""

    @property
    def path(self) -> Path:
        """The folder with the go.mod."""
        return FOLDER / self.folder


def _stage(path: str) -> ModuleFile:
    return ModuleFile("kubernetes", "sigs.k8s.io/kwok", f"kustomize/stage/{path}")


KWOK_STAGES = {
    "kwok-node-initialize.yaml": _stage("node/fast/node-initialize.yaml"),
    "kwok-node-heartbeat.yaml": _stage("node/heartbeat-with-lease/node-heartbeat-with-lease.yaml"),
    "kwok-pod-ready.yaml": _stage("pod/fast/pod-ready.yaml"),
    "kwok-pod-complete.yaml": _stage("pod/fast/pod-complete.yaml"),
    "kwok-pod-delete.yaml": _stage("pod/fast/pod-delete.yaml"),
}
"""What kwok does to nodes and pods: without these it does nothing."""

MODULES = (
    GoModule(
        "language_host",
        "Pulumi's Python language host",
        {"pulumi-language-python": "."},
        sources={"main.go": ModuleFile("language_host", _SDK, "python/cmd/pulumi-language-python/main.go")},
        extras={
            "pulumi-language-python-exec": ModuleFile("pulumi", _SDK, "python/cmd/pulumi-language-python-exec"),
        },
        extras_of="pulumi-language-python",
    ),
    GoModule(
        "kubernetes",
        "Kubernetes, etcd, kwok and Pulumi's Kubernetes provider",
        {
            "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
            "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
            "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
            "kubectl": "k8s.io/kubernetes/cmd/kubectl",
            "etcd": "go.etcd.io/etcd/server/v3",
            "kwok": "sigs.k8s.io/kwok/cmd/kwok",
            "pulumi-resource-kubernetes": ".",
        },
        # Kubernetes' own release build sets these; charts ask the API server for its version.
        ldflags=f"-s -w -X {_COMPONENT_BASE}.gitVersion=v{KUBERNETES} -X {_COMPONENT_BASE}.gitMajor=1"
        f" -X {_COMPONENT_BASE}.gitMinor={KUBERNETES.split('.')[1]}",
        sources={
            "schema.json": ModuleFile(
                "kubernetes",
                "github.com/pulumi/pulumi-kubernetes/provider/v4",
                "cmd/pulumi-resource-kubernetes/schema.json",
            )
        },
        extras=KWOK_STAGES,
        extras_of="kwok",
    ),
    GoModule(
        "pulumi",
        "the Pulumi CLI",
        {"pulumi": "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
        # Without a version the Automation API refuses the CLI.
        ldflags=f"-s -w -X {_SDK}/go/common/version.Version=v{PULUMI}",
    ),
)

LANGUAGES = (
    GoModule(
        "yaml",
        "Pulumi's YAML language host",
        {"pulumi-language-yaml": "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml"},
    ),
    GoModule("typescript", "the generator of TypeScript SDKs", {"pulumi-language-nodejs": "."}),
)
"""What only the slow tests of plugin/ need: programs in other languages."""
