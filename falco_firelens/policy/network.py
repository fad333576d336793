"""Network: nothing answers the whole internet."""

from collections.abc import Iterator
from ipaddress import ip_network

from falco_firelens.policy.rule import Check, Finding, Resource, Rule, items_of, keys_of, show

NARROWEST_WORLD = 8
"""Prefix length below which a range counts as the world: 0.0.0.0/0 can be written as two halves."""

OWN_RANGE = "the ranges that need it"


def is_world(cidr: object) -> bool:
    """Whether a range is (nearly) all of the internet."""
    try:
        return isinstance(cidr, str) and ip_network(cidr, strict=False).prefixlen < NARROWEST_WORLD
    except ValueError:
        return False


def _world(path: str, cidrs: object) -> Iterator[Finding]:
    for cidr in [cidrs] if isinstance(cidrs, str) else items_of(cidrs):
        if is_world(cidr):
            yield Finding(path, show(cidr), OWN_RANGE)


def _kubernetes_api(resource: Resource) -> Iterator[Finding]:
    """To EKS, a cluster that does not say is public, to everybody."""
    vpc = keys_of(resource.props.get("vpcConfig"))
    public = vpc.get("endpointPublicAccess")
    if public is False:
        return
    cidrs = vpc.get("publicAccessCidrs")
    if not cidrs:
        yield Finding("vpcConfig", "a public endpoint for everybody", f"endpointPublicAccess: false, or {OWN_RANGE}")
    yield from _world("vpcConfig.publicAccessCidrs", cidrs)


def _group(resource: Resource) -> Iterator[Finding]:
    for index, rule in enumerate(map(keys_of, items_of(resource.props.get("ingress")))):
        for name in ("cidrBlocks", "ipv6CidrBlocks"):
            yield from _world(f"ingress[{index}].{name}", rule.get(name))


def _group_rule(resource: Resource) -> Iterator[Finding]:
    if resource.props.get("type") != "egress":
        for name in ("cidrBlocks", "ipv6CidrBlocks"):
            yield from _world(name, resource.props.get(name))


def _ingress_rule(resource: Resource) -> Iterator[Finding]:
    for name in ("cidrIpv4", "cidrIpv6"):
        yield from _world(name, resource.props.get(name))


def _domain(resource: Resource) -> Iterator[Finding]:
    """Outside a VPC, a domain's access policy is all that stands before it."""
    if not resource.props.get("vpcOptions") and not resource.props.get("accessPolicies"):
        yield Finding("vpcOptions", "nothing, and no accessPolicies", "subnets of a VPC, or who may reach the domain")


def _warehouse(groups: str) -> Check:
    """Firehose comes to Redshift by the internet only, so a public one is right if its own groups say who else may.

    https://docs.aws.amazon.com/firehose/latest/dev/controlling-access.html#using-iam-rs-vpc
    """

    def check(resource: Resource) -> Iterator[Finding]:
        if resource.props.get("publiclyAccessible") is True and not resource.props.get(groups):
            yield Finding(
                "publiclyAccessible", f"true, and no {groups}", f"false, or {groups} that let in who needs it"
            )

    return check


def _function(resource: Resource) -> Iterator[Finding]:
    if resource.props.get("authorizationType") == "NONE":
        yield Finding("authorizationType", '"NONE"', '"AWS_IAM"')


RULES = (
    Rule(
        "no-public-endpoint",
        "Nothing answers the whole internet.",
        {
            "aws:eks/cluster:Cluster": _kubernetes_api,
            "aws:ec2/securityGroup:SecurityGroup": _group,
            "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _group,
            "aws:ec2/securityGroupRule:SecurityGroupRule": _group_rule,
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ingress_rule,
            "aws:opensearch/domain:Domain": _domain,
            "aws:redshift/cluster:Cluster": _warehouse("vpcSecurityGroupIds"),
            "aws:redshiftserverless/workgroup:Workgroup": _warehouse("securityGroupIds"),
            "aws:lambda/functionUrl:FunctionUrl": _function,
        },
    ),
)
