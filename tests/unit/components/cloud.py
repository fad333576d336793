"""A stack deployed into mocks: what it registers, with what inputs, in which tree. No engine and no AWS."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks, resource, rpc
from pulumi.runtime.proto import source_pb2
from pulumi.runtime.stack import run_pulumi_func
from pulumi.runtime.sync_await import _sync_await

from components.hub.centralization import SERVICES
from components.stack.deployment import Deployment
from falco_firelens.settings import load

ACCOUNT = "111122223333"
FILE = "Pulumi.unit.yaml"
ZONES = ["a", "b", "c"]
VPC = "vpc-0123456789abcdef0"
KUBECONFIG = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "k", "cluster": {"server": "https://k.example"}}],
        "contexts": [{"name": "k", "context": {"cluster": "k", "user": "k"}}],
        "users": [{"name": "k", "user": {"token": "hunter2"}}],
        "current-context": "k",
    }
)


@dataclass(frozen=True)
class Registered:
    """One resource as the engine is told of it."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: Mapping[str, Any]
    dependencies: frozenset[str]
    providers: Mapping[str, str]
    provider: str
    protect: bool
    ignored: tuple[str, ...]
    replacement_trigger: object
    """What replaces it when it changes."""
    aliases: frozenset[str]
    """Where it may stand in an older state: its type and those above it, and its name, as a URN ends."""
    before_create: tuple[str, ...]
    after_create: tuple[str, ...]
    """Names of the hooks that run before it is made, and when it has been."""
    secrets: frozenset[str]
    """Names of the inputs that are secret."""
    origins: Mapping[str, frozenset[str]]
    """URNs of the resources that an input comes from."""
    sent: Any = field(repr=False)
    """The inputs as they travel to the provider: the protocol's struct."""
    id: str
    state: Any = field(repr=False)
    """The outputs that the mock made up, in the protocol's form."""


class NotFoundError(grpc.RpcError):
    """How the engine tells that a lookup failed in the provider."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return str(self)


@dataclass
class Account(mocks.Mocks):
    """What an account holds before the stack. What it does not hold fails, as AWS does."""

    partition: str = "aws"
    region: str = "eu-west-1"
    number: str = ACCOUNT
    stacks: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """The outputs of other stacks by their full names."""
    eks: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    ecs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    subnets: list[str] = field(default_factory=list[str])
    oidc_providers: dict[str, str] = field(default_factory=dict[str, str])
    addons: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Clusters with the names of their add-ons."""
    denied: frozenset[str] = frozenset()
    """Functions that the credentials may not call, by their tokens."""
    node_groups: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict[str, dict[str, dict[str, Any]]])
    """Node groups by the names that AWS knows them by, of clusters that the stack has created."""
    domains: Mapping[str, str] = field(default_factory=lambda: {"logs": "OpenSearch_2.19"})
    """OpenSearch domains, with the version of each."""
    service_linked: tuple[str, ...] = SERVICES
    """Services that have their service-linked roles."""
    groups: dict[str, str] = field(default_factory=dict[str, str])
    """Security groups, with the VPC of each."""

    def with_eks(
        self,
        name: str,
        *,
        oidc_provider: bool = False,
        mode: str = "API",
        public: bool = True,
        vpc: str = VPC,
        version: str = "1.35",
    ) -> "Account":
        issuer = f"https://oidc.example/id/{name}"
        self.eks[name] = {
            "name": name,
            "arn": f"arn:{self.partition}:eks:{self.region}:{ACCOUNT}:cluster/{name}",
            "version": version,
            "endpoint": f"https://{name}.eks.example",
            "certificateAuthorities": [{"data": "Y2E="}],
            "identities": [{"oidcs": [{"issuer": issuer}]}],
            "accessConfigs": [{"authenticationMode": mode}] if mode else [],
            "vpcConfig": {
                "vpcId": vpc,
                "endpointPublicAccess": public,
                "publicAccessCidrs": ["0.0.0.0/0"] if public else [],
            },
        }
        if oidc_provider:
            self.oidc_providers[issuer] = f"arn:{self.partition}:iam::{ACCOUNT}:oidc-provider/oidc.example/id/{name}"
        return self

    def with_node_group(
        self, cluster: str, name: str, sizes: tuple[int, int, int], *, instance_type: str = "m6i.large"
    ) -> "Account":
        """`sizes` are the fewest nodes there may be, how many there are, and the most."""
        least, now, most = sizes
        self.node_groups.setdefault(cluster, {})[name] = {
            "amiType": "AL2023_x86_64_STANDARD",
            "instanceTypes": [instance_type],
            "scalingConfigs": [{"minSize": least, "desiredSize": now, "maxSize": most}],
        }
        return self

    def with_ecs(self, name: str, instances: int) -> "Account":
        self.ecs[name] = {
            "clusterName": name,
            "arn": f"arn:{self.partition}:ecs:{self.region}:{ACCOUNT}:cluster/{name}",
            "registeredContainerInstancesCount": instances,
        }
        return self

    def _addon(self, cluster: str, name: str) -> dict[str, Any]:
        if (cluster, name) not in self.addons:
            raise KeyError(name)
        return {"addonName": name, "addonVersion": "v1.3.8-eksbuild.2"}

    def call(self, args: mocks.MockCallArgs) -> Any:
        answers: dict[str, Callable[[Any], dict[str, Any]]] = {
            "aws:index/getPartition:getPartition": lambda _: {
                "partition": self.partition,
                "dnsSuffix": "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com",
            },
            "aws:index/getCallerIdentity:getCallerIdentity": lambda _: {"accountId": self.number},
            "aws:index/getRegion:getRegion": lambda _: {"region": self.region},
            "aws:index/getAvailabilityZones:getAvailabilityZones": lambda _: {
                "names": [self.region + zone for zone in ZONES]
            },
            "aws:eks/getCluster:getCluster": lambda given: self.eks[given["name"]],
            "aws:eks/getAddon:getAddon": lambda given: self._addon(given["clusterName"], given["addonName"]),
            "aws:eks/getNodeGroups:getNodeGroups": lambda given: {
                "names": list(self.node_groups[given["clusterName"]])
            },
            "aws:eks/getNodeGroup:getNodeGroup": lambda given: self.node_groups[given["clusterName"]][
                given["nodeGroupName"]
            ],
            "aws:ecs/getCluster:getCluster": lambda given: self.ecs[given["clusterName"]],
            "aws:opensearch/getDomain:getDomain": lambda given: {"engineVersion": self.domains[given["domainName"]]},
            "aws:ec2/getSecurityGroup:getSecurityGroup": lambda given: {"vpcId": self.groups[given["id"]]},
            "aws:ec2/getSubnets:getSubnets": lambda _: {"ids": self.subnets},
            "pulumi:pulumi:readStackOutputs": lambda given: {"outputs": self.stacks[given["name"]]},
            "aws:iam/getRoles:getRoles": lambda given: {
                "names": [service for service in self.service_linked if service in given["pathPrefix"].split("/")]
            },
            "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": lambda given: {
                "arn": self.oidc_providers[given["url"]]
            },
        }
        if args.token in self.denied:
            raise NotFoundError(f"AccessDeniedException: not authorized for {args.token}")
        try:
            return answers[args.token](args.args)
        except KeyError as missing:
            raise NotFoundError(f"ResourceNotFoundException: no {missing}") from None

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        state = {"name": args.name, **args.inputs}
        state["arn"] = f"arn:{self.partition}:mock:{self.region}:{self.number}:{args.name}"
        if args.typ == "aws:cloudwatch/logGroup:LogGroup":
            state["arn"] = f"arn:{self.partition}:logs:{self.region}:{self.number}:log-group:{state['name']}"
        if args.typ == "aws:s3/bucket:Bucket":
            state["arn"] = f"arn:{self.partition}:s3:::{state['bucket']}"
        if args.typ == "aws:opensearch/domain:Domain":
            state["arn"] = f"arn:{self.partition}:es:{self.region}:{self.number}:domain/{state['domainName']}"
        if args.typ == "aws:kms/key:Key":
            state["arn"] = f"arn:{self.partition}:kms:{self.region}:{self.number}:key/{args.name}"
        if args.typ == "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream":
            state["arn"] = f"arn:{self.partition}:firehose:{self.region}:{self.number}:deliverystream/{state['name']}"
        if args.typ == "aws:oam/sink:Sink":
            state["arn"] = f"arn:{self.partition}:oam:{state['region']}:{self.number}:sink/{args.name}"
        if args.typ == "aws:cloudwatch/logDestination:LogDestination":
            state["arn"] = f"arn:{self.partition}:logs:{state['region']}:{self.number}:destination:{state['name']}"
        if args.typ == "aws:redshiftserverless/namespace:Namespace":
            secret = f"{self.region}:{self.number}:secret:redshift!admin"
            state["adminPasswordSecretArn"] = f"arn:{self.partition}:secretsmanager:{secret}"
        if args.typ == "aws:redshiftserverless/workgroup:Workgroup":
            state["endpoints"] = [{"address": f"{state['workgroupName']}.example.com", "port": state["port"]}]
        forms = {
            "aws:dynamodb/table:Table": "dynamodb:{0}:{1}:table/{2}",
            "aws:sqs/queue:Queue": "sqs:{0}:{1}:{2}",
            "aws:sns/topic:Topic": "sns:{0}:{1}:{2}",
            "aws:secretsmanager/secret:Secret": "secretsmanager:{0}:{1}:secret:{2}-abcdef",
            "aws:lambda/function:Function": "lambda:{0}:{1}:function:{2}",
            "aws:cloudwatch/eventRule:EventRule": "events:{0}:{1}:rule/{2}",
        }
        if args.typ in forms:
            state["arn"] = f"arn:{self.partition}:" + forms[args.typ].format(self.region, self.number, state["name"])
        if args.typ == "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
            host = state["url"].removeprefix("https://")
            state["arn"] = f"arn:{self.partition}:iam::{self.number}:oidc-provider/{host}"
        if args.typ == "aws:ec2/launchTemplate:LaunchTemplate":
            state["latestVersion"] = 1
        if args.typ == "eks:index:Cluster":
            host = f"oidc.example/id/{state['name']}"
            state["kubeconfigJson"] = KUBECONFIG
            state["oidcProviderArn"] = ""
            state["oidcIssuer"] = host
            state["oidcProviderUrl"] = f"https://{host}"
        return f"{args.name}-id", state


class Monitor(mocks.MockMonitor):
    """Keeps what mocks do not hand on: parents, dependencies, options, secrets and the components' outputs."""

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self.registered: list[Registered] = []
        self.outputs: dict[str, Mapping[str, Any]] = {}
        self.secret_outputs: dict[str, set[str]] = {}

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        inputs = rpc.deserialize_properties(request.object, keep_unknowns=True)
        secrets = frozenset(name for name, value in inputs.items() if rpc.is_rpc_secret(value))
        plain = {name: rpc.unwrap_rpc_secret(value) for name, value in inputs.items()}
        response = super().RegisterResource(request)
        self.registered.append(
            Registered(
                type=request.type,
                name=request.name,
                urn=response.urn,
                parent=request.parent,
                inputs=plain,
                dependencies=frozenset(request.dependencies),
                providers=dict(request.providers),
                provider=request.provider,
                protect=request.protect,
                ignored=tuple(request.ignoreChanges),
                replacement_trigger=json_format.MessageToDict(request.replacement_trigger),
                aliases=frozenset(_alias(request, alias.spec) for alias in request.aliases),
                before_create=tuple(request.hooks.before_create),
                after_create=tuple(request.hooks.after_create),
                secrets=secrets,
                origins={name: frozenset(found.urns) for name, found in request.propertyDependencies.items()},
                sent=request.object,
                id=response.id,
                state=response.object,
            )
        )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        outputs = rpc.deserialize_properties(request.outputs, keep_unknowns=True)
        self.outputs[request.urn] = {name: rpc.unwrap_rpc_secret(value) for name, value in outputs.items()}
        self.secret_outputs[request.urn] = {name for name, value in outputs.items() if rpc.is_rpc_secret(value)}
        return super().RegisterResourceOutputs(request)


def _alias(request: Any, spec: Any) -> str:
    """How the URN ends that the engine makes of an alias."""
    parent = (spec.parentUrn or request.parent).split("::")[2]
    return f"{parent}${spec.type or request.type}::{spec.name or request.name}"


class Deployed:
    """Everything a deployment registered."""

    def __init__(self, monitor: Monitor) -> None:
        self.resources = tuple(item for item in monitor.registered if item.type != "pulumi:pulumi:Stack")
        self.known = dict(monitor.resources)
        """What a reference to a resource is looked up in, by URN."""
        self._outputs = monitor.outputs
        self._secret_outputs = monitor.secret_outputs

    def of(self, kind: str) -> list[Registered]:
        """The resources whose type ends with this name, such as `Role` or `iam/role:Role`."""
        return [
            item for item in self.resources if item.type.endswith((f":{kind}", f":{kind.partition(':')[2] or kind}"))
        ]

    def one(self, kind: str, name: str) -> Registered:
        """The resource of this type and logical name."""
        found = [item for item in self.of(kind) if item.name == name]
        assert len(found) == 1, f"{kind} {name}: found {[(item.type, item.name) for item in self.of(kind)]}"
        return found[0]

    def under(self, ancestor: Registered) -> list[Registered]:
        """A component's descendants."""
        children = [item for item in self.resources if item.parent == ancestor.urn]
        return [*children, *(below for child in children for below in self.under(child))]

    def before(self, resource: Registered) -> set[str]:
        """The URNs of what has to be there first: a resource's dependencies and those of the components it is in."""
        parents = [item for item in self.resources if item.urn == resource.parent]
        return set(resource.dependencies).union(*(self.before(parent) for parent in parents))

    @property
    def outputs(self) -> Mapping[str, Any]:
        """What the Deployment registered as its outputs, which the program exports."""
        (deployment,) = self.of("Deployment")
        return self._outputs[deployment.urn]

    @property
    def secret_outputs(self) -> set[str]:
        """Which of the Deployment's outputs are secret."""
        (deployment,) = self.of("Deployment")
        return self._secret_outputs[deployment.urn]

    def documents(self) -> list[tuple[Registered, str, str]]:
        """Every IAM document: the resource, the input that holds it, and its text."""
        return [
            (item, name, item.inputs[name])
            for item in self.resources
            for name in ("policy", "assumeRolePolicy", "accessPolicies", "accessPolicy")
            if item.type.startswith("aws:") and isinstance(item.inputs.get(name), str)
        ]


_deployed: dict[str, Deployed] = {}


def deploy(values: Mapping[str, object], account: Account | None = None, *, stack: str = "unit") -> Deployed:
    """Deploy a stack file's values, once for the same values and account, since nobody changes what was registered.

    Raises what the Deployment raises, after looking that it has registered nothing by then.
    """
    account = account or Account()
    key = json.dumps(values, sort_keys=True) + repr(account) + stack
    if key not in _deployed:
        _deployed[key] = _deploy(values, account, stack)
    return _deployed[key]


def _deploy(values: Mapping[str, object], account: Account, stack: str) -> Deployed:
    settings = load(values, file=FILE, root=Path())
    return run(lambda: Deployment("deployment", {"settings": settings, "file": FILE}), Monitor(account), stack)


def give_loop() -> None:
    """Give this thread the event loop that Pulumi's mocks take: an earlier `asyncio.run` leaves it without."""
    try:
        asyncio.get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())


# Pulumi tells the engine from which lines of a program each resource comes. Nothing here looks at that, and under
# pytest's deep stacks it takes a sixth of a deployment's time.
resource._get_stack_trace = source_pb2.StackTrace  # pyright: ignore[reportPrivateUsage]


def run(program: Callable[[], object], monitor: Monitor, stack: str = "unit") -> Deployed:
    """Run a program into mocks.

    Raises what the program raises, after looking that it has registered nothing by then.
    """
    give_loop()
    pulumi.runtime.set_mocks(monitor.mocks, project="falco-firelens", stack=stack, preview=False, monitor=monitor)
    errors: list[Exception] = []

    async def body() -> None:
        try:
            program()
        except Exception as error:
            errors.append(error)

    _sync_await(run_pulumi_func(body))
    deployed = Deployed(monitor)
    if errors:
        assert not deployed.resources
        raise errors[0]
    return deployed
