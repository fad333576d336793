"""Gives moto's Athena what this project needs of the real one: workgroups change, and are not deleted with contents.

A workgroup's contents are its named queries and what has been asked in it, which AWS remembers for 45 days.
https://docs.aws.amazon.com/athena/latest/APIReference/API_DeleteWorkGroup.html
"""

from typing import Any

from moto.athena.models import AthenaBackend
from moto.athena.responses import AthenaResponse


def install() -> None:
    """Make moto do so, in this process."""
    AthenaResponse.delete_work_group = _delete_work_group
    AthenaResponse.update_work_group = _update_work_group  # pyright: ignore[reportAttributeAccessIssue]
    get_named_query = AthenaResponse.get_named_query

    def found(self: Any) -> Any:
        """Where there is no such query, moto fails."""
        identity = self._get_param("NamedQueryId")
        if identity not in self.athena_backend.named_queries:
            return self.error(f"NamedQuery {identity} does not exist", 400)
        return get_named_query(self)

    AthenaResponse.get_named_query = found
    AthenaResponse.delete_named_query = _delete_named_query  # pyright: ignore[reportAttributeAccessIssue]


def _delete_work_group(self: Any) -> Any:
    name, athena = self._get_param("WorkGroup"), self.athena_backend
    if not self._get_param("RecursiveDeleteOption") and any(_contents(athena, name)):
        return self.error(f"WorkGroup {name} is not empty", 400)
    queries, executions = _contents(athena, name)
    for identity in queries:
        del athena.named_queries[identity]
    for identity in executions:
        del athena.executions[identity]
    athena.delete_work_group(name)
    return "{}"


def _update_work_group(self: Any) -> Any:
    group = self.athena_backend.work_groups.get(self._get_param("WorkGroup"))
    if group is None:
        return self.error(f"WorkGroup {self._get_param('WorkGroup')} is not found.", 400)
    group.configuration = {**group.configuration, **(self._get_param("ConfigurationUpdates") or {})}
    group.description = self._get_param("Description") or group.description
    group.state = self._get_param("State") or group.state
    return "{}"


def _delete_named_query(self: Any) -> str:
    self.athena_backend.named_queries.pop(self._get_param("NamedQueryId"), None)
    return "{}"


def _contents(athena: AthenaBackend, name: str) -> tuple[list[str], list[str]]:
    """Return the ids of a workgroup's named queries, and of what has been asked in it."""
    queries = [identity for identity, query in athena.named_queries.items() if query.workgroup.name == name]
    executions = [
        identity for identity, one in athena.executions.items() if one.workgroup and one.workgroup.name == name
    ]
    return queries, executions
