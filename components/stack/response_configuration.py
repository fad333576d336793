"""Turns a stack file's playbooks into the response function's configuration, as rendering.py does for the sensors.

It imports nothing of Pulumi, so that `falco-firelens explain` starts quickly.
"""

from dataclasses import replace

from falco_firelens.responder.configuration import Cluster, Configuration, Match, Playbook, Protect
from falco_firelens.settings import Cluster as ClusterSettings
from falco_firelens.settings import EcsCluster, EksCluster, Response, Settings
from falco_firelens.settings import Playbook as PlaybookSettings


def response_configuration(settings: Settings, response: Response, secret_prefix: str = "") -> Configuration:
    """Return the configuration; `secret_prefix` begins the names of the secrets with the access to clusters."""
    return Configuration(
        playbooks=tuple(_playbook(playbook) for playbook in response.playbooks),
        clusters={cluster.name: _cluster(cluster, secret_prefix) for cluster in settings.clusters},
        protect=Protect(response.protect.namespaces, response.protect.workloads),
    )


def _playbook(playbook: PlaybookSettings) -> Playbook:
    return Playbook(
        name=playbook.name,
        match=Match(**playbook.match.model_dump()),
        actions=playbook.actions.model_dump(mode="json", by_alias=True, exclude_none=True),
        dry_run=playbook.dry_run,
        most_targets=playbook.most_targets,
        most_targets_minutes=playbook.most_targets_minutes,
        quiet_minutes=playbook.quiet_minutes,
    )


def _cluster(cluster: ClusterSettings, secret_prefix: str) -> Cluster:
    """Return a cluster by its name in AWS; one that is not EKS with the secret that holds the access to it."""
    named = cluster_in_aws(cluster)
    secret = f"{secret_prefix}{cluster.name}" if named.platform == "kubernetes" else ""
    return replace(named, secret=secret)


def cluster_in_aws(cluster: ClusterSettings) -> Cluster:
    """Return a cluster by its name in AWS.

    A cluster that AWS does not know has the name by which its instances are tagged.
    """
    if isinstance(cluster, EksCluster):
        return Cluster("eks", cluster.existing.name if cluster.existing else cluster.name)
    if isinstance(cluster, EcsCluster):
        return Cluster("ecs", cluster.existing.cluster.rpartition("/")[2] if cluster.existing else cluster.name)
    return Cluster("kubernetes", cluster.existing.cluster_tag or cluster.name)
