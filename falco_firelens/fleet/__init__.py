"""Many stacks at once, by Pulumi's Automation API: a library, and `falco-firelens fleet`."""

from falco_firelens.fleet.cancellation import Cancellation
from falco_firelens.fleet.credentials import AssumedRole, Credentials, FromEnvironment, Profile
from falco_firelens.fleet.errors import (
    Cancelled,
    EngineFailed,
    EngineKilled,
    EngineMissing,
    FleetError,
    InvalidSettings,
    NoCredentials,
    PolicyViolated,
    SensorSilent,
    Skipped,
    StackLocked,
    StackMissing,
    WrongAccount,
)
from falco_firelens.fleet.events import Diagnostic, Ended, Event, Started, Step, Violation
from falco_firelens.fleet.fleet import Fleet
from falco_firelens.fleet.results import Change, Result, Status
from falco_firelens.fleet.stacks import Selection, Stack
from falco_firelens.fleet.waves import Waves
from falco_firelens.policy.finding import PolicyFinding

__all__ = [
    "AssumedRole",
    "Cancellation",
    "Cancelled",
    "Change",
    "Credentials",
    "Diagnostic",
    "Ended",
    "EngineFailed",
    "EngineKilled",
    "EngineMissing",
    "Event",
    "Fleet",
    "FleetError",
    "FromEnvironment",
    "InvalidSettings",
    "NoCredentials",
    "PolicyFinding",
    "PolicyViolated",
    "Profile",
    "Result",
    "Selection",
    "SensorSilent",
    "Skipped",
    "Stack",
    "StackLocked",
    "StackMissing",
    "Started",
    "Status",
    "Step",
    "Violation",
    "Waves",
    "WrongAccount",
]
