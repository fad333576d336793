"""What EC2 instances of created clusters have in common: encrypted disks, IMDSv2 only, tags, a role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi_aws import ec2

from ..aws.policy_document import Statement, policy_document

ROOT_DEVICE = "/dev/xvda"
"""The root disk of Amazon Linux 2023."""


class ClusterNetwork(TypedDict):
    """Where a cluster's instances are."""

    vpc_id: pulumi.Input[str]
    private_subnet_ids: Sequence[pulumi.Input[str]]


def metadata_options() -> ec2.LaunchTemplateMetadataOptionsArgs:
    """IMDSv2 only, and one hop: the instance's own credentials end at its host network, out of reach of containers.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
    """
    return ec2.LaunchTemplateMetadataOptionsArgs(
        http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=1
    )


def root_disk(size_gib: int, key_arn: pulumi.Input[str]) -> Sequence[ec2.LaunchTemplateBlockDeviceMappingArgs]:
    """Return the one disk, encrypted with the cluster's key."""
    return [
        ec2.LaunchTemplateBlockDeviceMappingArgs(
            device_name=ROOT_DEVICE,
            ebs=ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                volume_size=size_gib,
                volume_type="gp3",
                encrypted="true",
                kms_key_id=key_arn,
                delete_on_termination="true",
            ),
        )
    ]


def tag_specifications(name: str, tags: Mapping[str, str]) -> Sequence[ec2.LaunchTemplateTagSpecificationArgs]:
    """Tags of the instances and their disks, which no resource of the stack stands for."""
    return [
        ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags={**tags, "Name": name})
        for kind in ("instance", "volume")
    ]


def instance_trust() -> pulumi.Output[str]:
    """Return the trust policy of a role for EC2 instances."""
    statement: Statement = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return policy_document(statement)
