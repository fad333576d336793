"""What a stack file may say: frozen models, one loader, the JSON schema. Every error names its path in the file."""

from falco_firelens.errors import Mistake
from falco_firelens.settings.alarms import Alarms, ClusterAlarms, Notification
from falco_firelens.settings.capacity import NodeGroup
from falco_firelens.settings.clusters import (
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
from falco_firelens.settings.destinations import (
    Destinations,
    OpenSearchDestination,
    RedshiftCreate,
    RedshiftDestination,
    S3Destination,
    has_flat_objects,
)
from falco_firelens.settings.elsewhere import elsewhere
from falco_firelens.settings.events import Events
from falco_firelens.settings.exceptions import RuleException
from falco_firelens.settings.falco import Falco
from falco_firelens.settings.fluent_bit import FluentBit
from falco_firelens.settings.hub import Hub, HubSpoke, Spoke, SpokeDelivery
from falco_firelens.settings.loader import NAMESPACE, load, load_config, namespaced, read_stack_file
from falco_firelens.settings.network import ExistingNetwork, Network
from falco_firelens.settings.response import Playbook, Response
from falco_firelens.settings.stack import Settings
from falco_firelens.settings.validation.errors import SettingsError
from falco_firelens.settings.validation.locations import plain_keys
from falco_firelens.settings.validation.messages import path_of
from falco_firelens.settings.validation.raw import ENCRYPTED

__all__ = [
    "ENCRYPTED",
    "NAMESPACE",
    "Alarms",
    "Cluster",
    "ClusterAlarms",
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
    "FluentBit",
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
    "SpokeDelivery",
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
