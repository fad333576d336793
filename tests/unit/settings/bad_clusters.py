"""What can be wrong with clusters: YAML, and the lines that it causes."""

FARGATE = "EC2 instances: Falco watches the kernel of its host, and Fargate gives no access to the host"
CLUSTER_NAME = "2 to 40 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen"
NOBODY_REACHES = (
    "found nothing, which means private, in a VPC that the stack makes, expected publicAndPrivate, with your own "
    "address in publicAccessCidrs; or private, where pulumi runs in that VPC or reaches it by a VPN"
)
NO_FILE = "the path of a file, relative to the project's folder"


def eks(create: str) -> str:
    return f"clusters: [{{name: apps, platform: eks, create: {{endpointAccess: private, {create}}}}}]"


def nodes(group: str) -> str:
    return eks(f"nodeGroups: [{{{group}}}]")


def ecs(rest: str) -> str:
    return f"clusters: [{{name: jobs, platform: ecs, {rest}}}]"


def kubernetes(existing: str, rest: str = "nodeRole: nodes") -> str:
    return f"clusters: [{{name: kops, platform: kubernetes, existing: {{{existing}}}, {rest}}}]"


CLUSTERS = {
    "no name": (
        "clusters: [{platform: ecs}]",
        "clusters[0].name: found nothing, expected the cluster's name in events, log streams and resource "
        "names; unique in the stack",
    ),
    "bad name": (
        "clusters: [{name: My_Apps, platform: ecs}]",
        f'clusters[0].name: found "My_Apps", expected {CLUSTER_NAME}',
    ),
    "no platform": (
        "clusters: [{name: apps}]",
        "clusters[0].platform: found nothing, expected one of eks, ecs, kubernetes",
    ),
    "unknown platform": (
        "clusters: [{name: apps, platform: kubernets}]",
        'clusters[0].platform: found "kubernets", expected one of eks, ecs, kubernetes; did you mean kubernetes?',
    ),
    "platform that is no text": (
        "clusters: [{name: apps, platform: {eks: true}, existing: {name: apps}}]",
        "clusters[0].platform: found a mapping, expected one of eks, ecs, kubernetes",
    ),
    "duplicate name": (
        "clusters: [{name: apps, platform: ecs}, {name: jobs, platform: ecs}, {name: apps, platform: ecs}]",
        'clusters[2].name: found "apps", expected another name: [0] has this one',
    ),
    "created and existing": (
        "clusters: [{name: apps, platform: eks, create: {}, existing: {name: apps}}]",
        "clusters[0]: found both, expected either create or existing",
    ),
    "existing without anything": (
        "clusters: [{name: apps, platform: eks, existing: }]",
        "clusters[0].existing.name: found nothing, expected the cluster's name in EKS",
    ),
    "private by default, in a network that is made": (
        "clusters: [{name: apps, platform: eks}, {name: jobs, platform: eks, create: {version: '1.34'}}]",
        *(f"clusters[{index}].create.endpointAccess: {NOBODY_REACHES}" for index in (0, 1)),
    ),
    "public for some only": (
        "clusters: [{name: apps, platform: eks, create: "
        "{endpointAccess: public, publicAccessCidrs: [52.94.76.10/32, 8.8.8.0/24]}}]",
        "clusters[0].create.publicAccessCidrs: found only 52.94.76.10/32, 8.8.8.0/24 with endpointAccess public, "
        'expected endpointAccess publicAndPrivate, or ["0.0.0.0/0"]: without a private endpoint the cluster\'s own '
        "nodes, and the response's function, come by the internet as well",
    ),
    "addon of no such name": (
        eks("addons: {vpc_cni: v1.20.3-eksbuild.1}"),
        'clusters[0].create.addons.vpc_cni: found "vpc_cni", expected one of coredns, eks-pod-identity-agent, '
        "kube-proxy, vpc-cni; did you mean vpc-cni?",
    ),
    "addon without its build": (
        eks("addons: {coredns: 1.12.4}"),
        'clusters[0].create.addons.coredns: found "1.12.4", expected a version as `aws eks describe-addon-versions` '
        "lists it, such as v1.20.3-eksbuild.1",
    ),
    "create for kubernetes": (
        kubernetes("kubeconfigFile: kops.kubeconfig", "nodeRole: nodes, create: {}"),
        "clusters[0].create: found an unknown key, expected one of name, platform, existing, permission, nodeRole",
    ),
    "same eks cluster": (
        "clusters: [{name: one, platform: eks, existing: {name: shop}}, "
        "{name: two, platform: eks, existing: {name: shop}}]",
        "clusters[1].existing: found the cluster of [0], expected a cluster that is not in the stack already",
    ),
    "same ecs cluster by name and arn": (
        "clusters: [{name: one, platform: ecs, existing: {cluster: shop}}, {name: two, platform: ecs, "
        "existing: {cluster: 'arn:aws:ecs:eu-west-1:111122223333:cluster/shop'}}]",
        "clusters[1].existing: found the cluster of [0], expected a cluster that is not in the stack already",
    ),
    "same kubernetes cluster": (
        "clusters: [{name: one, platform: kubernetes, existing: {kubeconfigFile: kops.kubeconfig}, nodeRole: n}, "
        "{name: two, platform: kubernetes, existing: {kubeconfigFile: kops.kubeconfig}, nodeRole: n}]",
        "clusters[1].existing: found the cluster of [0], expected a cluster that is not in the stack already",
    ),
    "cluster of another account": (
        'account: "444455556666"\n' + ecs("existing: {cluster: 'arn:aws:ecs:eu-west-1:111122223333:cluster/shop'}"),
        'clusters[0].existing.cluster: found "arn:aws:ecs:eu-west-1:111122223333:cluster/shop", '
        "expected a cluster of this stack's account, 444455556666",
    ),
    "ecs name of the same beginning as EC2's ids": (
        "clusters: [{name: sg-jobs, platform: ecs}]",
        'clusters[0].name: found "sg-jobs", expected a name that does not begin with sg-, as EC2\'s ids do',
    ),
    "ecs arn of something else": (
        ecs("existing: {cluster: 'arn:aws:ecs:eu-west-1:111122223333:service/shop'}"),
        'clusters[0].existing.cluster: found "arn:aws:ecs:eu-west-1:111122223333:service/shop", '
        "expected the name or the ARN of an ECS cluster",
    ),
    "fargate as launch type": (
        ecs("launchType: FARGATE"),
        f"clusters[0].launchType: found a request for Fargate, expected {FARGATE}",
    ),
    "fargate as capacity provider": (
        ecs("create: {capacityProviders: [FARGATE, FARGATE_SPOT]}"),
        f"clusters[0].create.capacityProviders: found a request for Fargate, expected {FARGATE}",
    ),
    "fargate profiles": (
        eks("fargateProfiles: [{namespace: default}]"),
        f"clusters[0].create.fargateProfiles: found a request for Fargate, expected {FARGATE}",
    ),
    "fargate as platform": (
        "clusters: [{name: jobs, platform: ecs-fargate}]",
        f'clusters[0].platform: found "ecs-fargate", expected one of eks, ecs, kubernetes on {FARGATE}',
    ),
    "unknown permission": (
        "clusters: [{name: apps, platform: eks, create: {endpointAccess: private}, permission: IRSA}]",
        'clusters[0].permission: found "IRSA", expected one of podIdentity, irsa, nodeRole; did you mean irsa?',
    ),
    "node role missing": (
        "clusters: [{name: apps, platform: eks, existing: {name: shop}, permission: nodeRole}]",
        "clusters[0].nodeRole: found nothing, expected the name of the nodes' IAM role, because permission is nodeRole",
    ),
    "node role of a created cluster": (
        "clusters: [{name: apps, platform: eks, create: {endpointAccess: private}, permission: nodeRole, "
        "nodeRole: nodes}]",
        'clusters[0].nodeRole: found "nodes", expected this key only with permission nodeRole on an existing cluster',
    ),
    "node role with pod identity": (
        "clusters: [{name: apps, platform: eks, existing: {name: shop}, nodeRole: nodes}]",
        'clusters[0].nodeRole: found "nodes", expected this key only with permission nodeRole on an existing cluster',
    ),
    "node role as arn": (
        kubernetes("kubeconfigFile: kops.kubeconfig", "nodeRole: 'arn:aws:iam::111122223333:role/nodes'"),
        'clusters[0].nodeRole: found "arn:aws:iam::111122223333:role/nodes", '
        "expected an IAM role's name, without its path and ARN",
    ),
    "kubernetes without node role": (
        kubernetes("kubeconfigFile: kops.kubeconfig", "permission: nodeRole"),
        "clusters[0].nodeRole: found nothing, expected name of the nodes' IAM role, which gets the policy",
    ),
    "pod identity outside eks": (
        kubernetes("kubeconfigFile: kops.kubeconfig", "permission: podIdentity, nodeRole: n"),
        'clusters[0].permission: found "podIdentity", expected nodeRole',
    ),
}

CREATED = {
    "min above max": (
        nodes("minSize: 5, maxSize: 3"),
        "clusters[0].create.nodeGroups[0].minSize: found 5, expected at most maxSize (3)",
    ),
    "min above the default max": (
        ecs("create: {minSize: 4}"),
        "clusters[0].create.minSize: found 4, expected at most maxSize (3)",
    ),
    "desired outside": (
        nodes("minSize: 2, desiredSize: 7"),
        "clusters[0].create.nodeGroups[0].desiredSize: found 7, expected between minSize (2) and maxSize (3)",
    ),
    "negative": (
        nodes("minSize: -1"),
        "clusters[0].create.nodeGroups[0].minSize: found the number -1, expected at least 0",
    ),
    "integer in quotes": (
        nodes('maxSize: "3"'),
        'clusters[0].create.nodeGroups[0].maxSize: found "3", expected a whole number, without quotes',
    ),
    "integer with a fraction": (
        nodes("maxSize: 2.5"),
        "clusters[0].create.nodeGroups[0].maxSize: found the number 2.5, expected a whole number, without quotes",
    ),
    "disk too small": (
        ecs("create: {diskGib: 8}"),
        "clusters[0].create.diskGib: found the number 8, expected at least 30",
    ),
    "disk too large": (
        ecs("create: {diskGib: 20000}"),
        "clusters[0].create.diskGib: found the number 20000, expected at most 16384",
    ),
    "arm type on x86": (
        nodes("instanceTypes: [m6i.large, m7g.large, c7gn.xlarge]"),
        "clusters[0].create.nodeGroups[0].instanceTypes: found m7g.large, c7gn.xlarge, of arm64, "
        "expected instance types of x86_64",
    ),
    "x86 type on arm": (
        ecs("create: {architecture: arm64, instanceTypes: [g4dn.xlarge]}"),
        "clusters[0].create.instanceTypes: found g4dn.xlarge, of x86_64, expected instance types of arm64",
    ),
    "unknown architecture": (
        nodes("architecture: amd64"),
        'clusters[0].create.nodeGroups[0].architecture: found "amd64", expected one of x86_64, arm64; '
        "did you mean arm64?",
    ),
    "no instance type": (
        nodes("instanceTypes: []"),
        "clusters[0].create.nodeGroups[0].instanceTypes: found a list of 0, expected at least 1",
    ),
    "malformed instance type": (
        nodes("instanceTypes: [large]"),
        'clusters[0].create.nodeGroups[0].instanceTypes[0]: found "large", expected an instance type such as m6i.large',
    ),
    "node groups of one name": (
        eks("nodeGroups: [{name: a}, {name: a}]"),
        'clusters[0].create.nodeGroups[1].name: found "a", expected another name: [0] has this one',
    ),
    "two unnamed node groups": (
        eks("nodeGroups: [{minSize: 1}, {minSize: 2}]"),
        'clusters[0].create.nodeGroups[1].name: found "default", expected another name: [0] has this one',
    ),
    "no node groups": (eks("nodeGroups: []"), "clusters[0].create.nodeGroups: found a list of 0, expected at least 1"),
    "version as number": (
        eks("version: 1.35"),
        "clusters[0].create.version: found the number 1.35, "
        "expected a text: put it in quotes, or YAML reads it as a number",
    ),
    "version with patch": (
        eks("version: '1.35.2'"),
        'clusters[0].create.version: found "1.35.2", expected a Kubernetes version in quotes, such as "1.35"',
    ),
    "public without ranges": (
        eks("endpointAccess: public"),
        "clusters[0].create.publicAccessCidrs: found nothing, expected the ranges that may reach the endpoint, "
        '["0.0.0.0/0"] for everyone',
    ),
    "ranges without public": (
        eks("publicAccessCidrs: [9.9.9.9/32]"),
        "clusters[0].create.publicAccessCidrs: found a list of 1, "
        "expected this key only with endpointAccess public or publicAndPrivate",
    ),
    "private range": (
        eks("endpointAccess: public, publicAccessCidrs: [10.0.0.0/8]"),
        'clusters[0].create.publicAccessCidrs[0]: found "10.0.0.0/8", '
        "expected a range of the internet: EKS refuses private and reserved ones at a public endpoint",
    ),
    "overlapping ranges": (
        eks("endpointAccess: public, publicAccessCidrs: [9.9.0.0/16, 9.9.9.0/24]"),
        "clusters[0].create.publicAccessCidrs: found 9.9.0.0/16 and 9.9.9.0/24, expected ranges that do not overlap",
    ),
    "everyone and someone": (
        eks("endpointAccess: public, publicAccessCidrs: [0.0.0.0/0, 9.9.9.0/24]"),
        "clusters[0].create.publicAccessCidrs: found 0.0.0.0/0 and 9.9.9.0/24, expected ranges that do not overlap",
    ),
    "address without prefix": (
        eks("endpointAccess: public, publicAccessCidrs: [9.9.9.9]"),
        'clusters[0].create.publicAccessCidrs[0]: found "9.9.9.9", '
        "expected a range with its prefix length, such as 9.9.9.9/32",
    ),
}

KUBECONFIGS = {
    "neither": (
        kubernetes(""),
        "clusters[0].existing.kubeconfig: found neither, expected either kubeconfigFile or kubeconfig",
    ),
    "both": (
        kubernetes("kubeconfigFile: kops.kubeconfig, kubeconfig: abc"),
        "clusters[0].existing.kubeconfig: found both, expected either kubeconfigFile or kubeconfig",
    ),
    "missing": (
        kubernetes("kubeconfigFile: ~/nowhere/config"),
        f'clusters[0].existing.kubeconfigFile: found no file "~/nowhere/config", expected {NO_FILE}',
    ),
    "not one": (
        kubernetes("kubeconfigFile: text.yaml"),
        'clusters[0].existing.kubeconfigFile: found "text.yaml", which has no list of clusters, contexts, users, '
        "expected a kubeconfig",
    ),
    "not YAML": (
        kubernetes("kubeconfigFile: broken.yaml"),
        'clusters[0].existing.kubeconfigFile: found "broken.yaml", which is not YAML, expected a kubeconfig',
    ),
    "files beside it": (
        kubernetes("kubeconfigFile: relative.kubeconfig"),
        'clusters[0].existing.kubeconfigFile: found "relative.kubeconfig", with paths relative to it, '
        "expected absolute ones, or none: kubectl config view --flatten",
    ),
    "context not in it": (
        kubernetes("kubeconfigFile: kops.kubeconfig, context: kop"),
        "clusters[0].existing.context: found a text (not shown, it may be a secret), "
        'expected a context of the kubeconfig: "kops", "reader"',
    ),
    "no context": (
        kubernetes("kubeconfigFile: contextless.kubeconfig"),
        "clusters[0].existing.context: found a kubeconfig without a current context, "
        'expected a context of the kubeconfig: "kops", "reader"',
    ),
    "no context for eks": (
        "clusters: [{name: apps, platform: eks, existing: {name: a, kubeconfigFile: contextless.kubeconfig}}]",
        "clusters[0].existing.kubeconfig: found a kubeconfig without a current context, "
        'expected a context of the kubeconfig: "kops", "reader"',
    ),
}
