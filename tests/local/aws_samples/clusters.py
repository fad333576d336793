"""Samples of roles and keys, of clusters and what runs in them."""

import json

from tests.local.aws_samples.sample import (
    CAPACITY,
    ECS,
    EKS,
    KEY,
    LOG_GROUP,
    POLICY,
    ROLE,
    SCALING,
    SUBNET,
    TAGS,
    TASK,
    TRUST,
    Sample,
    of,
    policy,
    sample,
)

ENTRY = "aws:eks/accessEntry:AccessEntry"

IDENTITY: dict[str, Sample] = {
    ROLE: sample({"description": "new"}, assumeRolePolicy=TRUST, description="old", tags={"team": "blue"}),
    "aws:iam/rolePolicy:RolePolicy": sample(
        {"policy": policy("logs:PutRetentionPolicy")}, role=of(ROLE, "name"), policy=policy("logs:CreateLogStream")
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": sample(role=of(ROLE, "name"), policyArn=of(POLICY, "arn")),
    POLICY: sample({"policy": policy("logs:PutRetentionPolicy")}, policy=policy("logs:CreateLogStream")),
    "aws:iam/instanceProfile:InstanceProfile": sample(TAGS, role=of(ROLE, "name")),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": sample(
        {"thumbprintLists": ["1" * 40]},
        url="https://oidc.example.com/id/1",
        clientIdLists=["sts.amazonaws.com"],
    ),
    KEY: sample({"enableKeyRotation": True}, description="events", deletionWindowInDays=7),
    "aws:kms/alias:Alias": sample(targetKeyId=of(KEY)),
}
CLUSTERS: dict[str, Sample] = {
    LOG_GROUP: sample({"retentionInDays": 30}, retentionInDays=7, kmsKeyId=of(KEY, "arn")),
    EKS: sample(
        {"enabledClusterLogTypes": ["audit"], "tags": {"team": "red"}},
        roleArn=of(ROLE, "arn"),
        vpcConfig=lambda world: {"subnetIds": [world(SUBNET)["id"]], "endpointPrivateAccess": True},
        accessConfig={"authenticationMode": "API"},
        encryptionConfig=lambda world: {"provider": {"keyArn": world(KEY)["arn"]}, "resources": ["secrets"]},
    ),
    "aws:eks/nodeGroup:NodeGroup": sample(
        {"scalingConfig": {"minSize": 1, "desiredSize": 1, "maxSize": 5}, "labels": {"b": "2"}},
        clusterName=of(EKS, "name"),
        nodeRoleArn=of(ROLE, "arn"),
        subnetIds=lambda world: [world(SUBNET)["id"]],
        scalingConfig={"minSize": 1, "desiredSize": 1, "maxSize": 2},
        labels={"a": "1"},
        tags={"team": "blue"},
    ),
    "aws:eks/addon:Addon": sample(
        {"configurationValues": "{}", **TAGS},
        clusterName=of(EKS, "name"),
        addonName="kube-proxy",
        tags={"team": "blue"},
    ),
    ENTRY: sample(
        {"kubernetesGroups": ["readers", "writers"], "userName": "shop:{{SessionName}}", **TAGS},
        clusterName=of(EKS, "name"),
        principalArn=of(ROLE, "arn"),
        kubernetesGroups=["readers"],
        tags={"team": "blue"},
    ),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": sample(
        clusterName=of(ENTRY, "clusterName"),
        principalArn=of(ENTRY, "principalArn"),
        policyArn="arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        accessScope={"type": "namespace", "namespaces": ["shop"]},
    ),
    ECS: sample(
        {"settings": [{"name": "containerInsights", "value": "disabled"}]},
        settings=[{"name": "containerInsights", "value": "enabled"}],
        tags={"team": "blue"},
    ),
    CAPACITY: sample(
        {**TAGS},
        autoScalingGroupProvider=lambda world: {
            "autoScalingGroupArn": world(SCALING)["arn"],
            "managedScaling": {"status": "ENABLED", "targetCapacity": 100},
        },
    ),
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": sample(
        {"defaultCapacityProviderStrategies": []},
        clusterName=of(ECS, "name"),
        capacityProviders=lambda world: [world(CAPACITY)["name"]],
        defaultCapacityProviderStrategies=lambda world: [{"capacityProvider": world(CAPACITY)["name"], "weight": 1}],
    ),
    TASK: sample(
        TAGS,
        family="falco",
        containerDefinitions=json.dumps([{"name": "falco", "image": "falco", "memory": 64, "essential": True}]),
        networkMode="host",
        volumes=[{"name": "proc", "hostPath": "/proc"}, {"name": "shared"}],
        taskRoleArn=of(ROLE, "arn"),
    ),
    "aws:ecs/service:Service": sample(
        {"desiredCount": 2},
        cluster=of(ECS, "arn"),
        taskDefinition=of(TASK, "arn"),
        desiredCount=1,
        launchType="EC2",
        deploymentMinimumHealthyPercent=50,
    ),
}
