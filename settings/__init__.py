"""What a stack file may say: frozen models, one loader, the JSON schema. Every error names its path in the file."""

from settings.alarms import Alarms, ClusterAlarms, Notification
from settings.capacity import NodeGroup
from settings.clusters import (
    Cluster,
    EcsCluster,
    EcsCreate,
    EcsExisting,
    EksCluster,
    EksCreate,
    EksExisting,
    KubernetesCluster,
    KubernetesExisting,
    everyone,
)
from settings.destinations import (
    Destinations,
    OpenSearchDestination,
    RedshiftCreate,
    RedshiftDestination,
    S3Destination,
    has_flat_objects,
)
from settings.elsewhere import elsewhere
from settings.errors import Mistake, SettingsError
from settings.events import Events
from settings.exceptions import RuleException
from settings.falco import Falco
from settings.hub import Delivery, Hub, HubSpoke, Spoke
from settings.loader import NAMESPACE, load, load_config, namespaced, read_stack_file
from settings.messages import path_of
from settings.network import ExistingNetwork, Network
from settings.places import plain_keys
from settings.response import LEAST_CONCURRENCY, Playbook, Response
from settings.stack import Settings
from settings.tree import ENCRYPTED

__all__ = [
    "ENCRYPTED",
    "LEAST_CONCURRENCY",
    "NAMESPACE",
    "Alarms",
    "Cluster",
    "ClusterAlarms",
    "Delivery",
    "Destinations",
    "EcsCluster",
    "EcsCreate",
    "EcsExisting",
    "EksCluster",
    "EksCreate",
    "EksExisting",
    "Events",
    "ExistingNetwork",
    "Falco",
    "Hub",
    "HubSpoke",
    "KubernetesCluster",
    "KubernetesExisting",
    "Mistake",
    "Network",
    "NodeGroup",
    "Notification",
    "OpenSearchDestination",
    "Playbook",
    "RedshiftCreate",
    "RedshiftDestination",
    "Response",
    "RuleException",
    "S3Destination",
    "Settings",
    "SettingsError",
    "Spoke",
    "elsewhere",
    "everyone",
    "has_flat_objects",
    "load",
    "load_config",
    "namespaced",
    "path_of",
    "plain_keys",
    "read_stack_file",
]
