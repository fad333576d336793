"""Many stacks at once, by Pulumi's Automation API: a library, and `python -m fleet`."""

from fleet.cancellation import Cancellation
from fleet.credentials import AssumedRole, Credentials, FromEnvironment, Profile
from fleet.errors import (
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
from fleet.events import Diagnostic, Ended, Event, Started, Step, Violation
from fleet.fleet import Fleet
from fleet.results import Change, PolicyFinding, Result, Status
from fleet.stacks import Selection, Stack
from fleet.waves import Waves

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
