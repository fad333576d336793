"""What several rooms and the response function agree on. Imports the standard library alone, as the function does."""

import os
from pathlib import Path
from typing import Final, Literal, get_args

Priority = Literal["Emergency", "Alert", "Critical", "Error", "Warning", "Notice", "Informational", "Debug"]
PRIORITIES: Final[tuple[Priority, ...]] = get_args(Priority)
"""Falco's, the highest first: https://falco.org/docs/concepts/rules/basic-elements/#priority"""

Platform = Literal["eks", "ecs", "kubernetes"]
PLATFORMS: Final[tuple[Platform, ...]] = get_args(Platform)
"""Where a cluster runs: `kubernetes` is any cluster that EKS does not manage."""

SENSOR_NAMESPACE: Final = "falco"
"""The Kubernetes namespace of the sensor."""

SENSOR_SERVICE: Final = "falco"
"""The name of the sensor's ECS service."""

METRICS_NAMESPACE: Final = "FalcoFirelens"
"""Where the metrics are that this project makes of events."""

METRICS_DIMENSION: Final = "cluster"
"""The one dimension that these metrics have: a cluster by its name in the stack."""

CLUSTER_TAG: Final = "kubernetes.io/cluster/"
"""How the tag of a cluster's instances begins; the cluster's name follows.

On EKS set by managed node groups, Karpenter and eksctl, and asked of self-managed nodes:
https://docs.aws.amazon.com/eks/latest/userguide/worker.html. Elsewhere by kOps and Cluster API; the AWS cloud provider
asks for it: https://cloud-provider-aws.sigs.k8s.io/prerequisites/"""

LEAST_CONCURRENCY: Final = 2
"""The least maximum concurrency of a queue as an event source, and so of the response function. With less, Lambda
returns messages, which counts as a try, until a retry is a dead letter that was never tried.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""


def cache() -> Path:
    """Return the folder of what is built once on a machine: the function's packages, the local cloud's programs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "falco-firelens"
