"""The metrics that the function writes. Their dimension is a cluster of the stack's own list, never an event's text."""

from typing import Final

SILENT: Final = "NodesSilent"
"""Nodes of a cluster without a heartbeat for `SILENT_MINUTES`."""

DIFFERING: Final = "NodesDiffering"
"""Nodes of a cluster whose Falco has loaded other files than those that were deployed."""

DROPPED: Final = "EventsDropped"
"""Events of a cluster that its Falcos dropped because their outputs' queue was full."""

CHANGED: Final = "SensorChanges"
"""Changes of a cluster's ECS service since the last run, and services that are gone."""

MISSED: Final = "ResponseMissed"
"""1 where events do not get to the response function, of the stack as a whole."""

WATCHED: Final = "ClustersWatched"
"""Clusters whose heartbeats and nodes a run has read to the end, of the stack as a whole."""

SILENT_MINUTES: Final = 40
"""Two heartbeats, since a Falco that starts again sends its first up to 15 minutes later, and ten minutes to arrive."""

EVERY_MINUTES: Final = 15
"""How often the function runs: as often as a heartbeat comes."""
