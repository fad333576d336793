"""Which EKS cluster of moto's the local control plane stands for, and where DescribeCluster says that it is."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.eks.models import EKSBackend

from localcloud.accounts import ACCOUNT
from localcloud.stacks import LOCAL


@dataclass(frozen=True)
class LocalCluster:
    """The cluster of this name in the account and region of the stack `local`; every other one stays made up."""

    url: str
    certificate: Path
    name: str = "eks"
    account: str = ACCOUNT
    region: str = LOCAL.region

    def install(self) -> None:
        """Make moto describe clusters with the local control plane's address, in this process."""
        backends: Any = EKSBackend
        create = backends.create_cluster
        local = self

        def created(backend: Any, name: str, **rest: Any) -> Any:
            cluster: Any = create(backend, name=name, **rest)
            if (backend.account_id, backend.region_name, name) == (local.account, local.region, local.name):
                cluster.endpoint = local.url
                cluster.certificate_authority = {"data": base64.b64encode(local.certificate.read_bytes()).decode()}
            return cluster

        backends.create_cluster = created
