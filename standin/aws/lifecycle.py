"""Check, diff, create, read, update and delete on plain dicts: what the protocol's server translates to and from."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from standin.aws import api, compare, wire
from standin.aws.check import Failure, normalise, object_failures
from standin.aws.cloud import Cloud, Region
from standin.aws.resource import Properties, Resource

logger = logging.getLogger(__name__)
INTERNAL = "__defaults"
TAGS = frozenset({"tags", "tagsAll"})


class IncompleteError(Exception):
    """The resource exists, but is not as desired; the engine keeps it and the next update finishes it."""

    def __init__(self, identity: str, inputs: Properties, outputs: Properties, reason: str) -> None:
        super().__init__(reason)
        self.identity, self.inputs, self.outputs, self.reason = identity, inputs, outputs, reason


@dataclass(frozen=True)
class Difference:
    """What an update would do: the changes, which of them replace, and whether the old one has to go first."""

    changes: tuple[compare.Change, ...]
    replaces: frozenset[str]
    delete_first: bool


@dataclass(frozen=True)
class Lifecycle:
    """The life of resources of one type under one configured provider."""

    cloud: Cloud
    resource: Resource

    def check(self, name: str, news: Properties, olds: Properties, seed: bytes) -> tuple[Properties, list[Failure]]:
        """Return the inputs with names and defaults filled in, and what is wrong with them."""
        fields = self.resource.type.inputs.fields
        inputs = {key: value for key, value in news.items() if key != INTERNAL}
        failures = list(object_failures(inputs, fields))
        if failures:
            return news, failures
        inputs = normalise(inputs, fields)
        filled = {**_applicable_defaults(self.resource.defaults, inputs), **inputs}
        if self.resource.autoname:
            filled = self.resource.autoname.fill(name, filled, olds, seed)
        failures = list(self.resource.check(filled))
        return {**filled, INTERNAL: sorted(filled.keys() - inputs.keys())}, failures

    def diff(
        self, old_inputs: Properties, state: Properties, news: Properties, ignored: Iterable[str] = ()
    ) -> Difference:
        """Return what changes between the inputs of last time and those of now, except for what it should ignore."""
        old, new = self._comparable(old_inputs, state, old=True), self._comparable(news, state, old=False)
        old |= {name: value for name, value in new.items() if name not in old and _is_so(value, state.get(name))}
        computed = self.resource.type.outputs.keys() - self.resource.type.optional_outputs
        changes = tuple(
            change
            for change in compare.changes(old, new)
            if not (change.kind == "delete" and change.path in computed and change.path != "tagsAll")
            and not any(_within(change.path, path) for path in ignored)
        )
        replaces = frozenset(change.path for change in changes if self._replaces(change.plain_path))
        autoname = self.resource.autoname
        fixed = autoname is not None and autoname.property not in news.get(INTERNAL, ())
        same_name = (
            autoname is not None and autoname.property in new and old.get(autoname.property) == new[autoname.property]
        )
        return Difference(changes, replaces, bool(replaces) and fixed and same_name)

    def preview(self, inputs: Properties, state: Properties | None = None) -> Properties:
        """Return the outputs to expect: what is given is known, what AWS decides is not (or stays, in an update)."""
        inputs = _public(inputs)
        kinds = self.resource.type
        computed = kinds.outputs.keys() - kinds.optional_outputs
        unknown = computed if state is None else set[str]()
        kept = {} if state is None else {name: state[name] for name in computed if name in state}
        outputs = {**dict.fromkeys(unknown, wire.UNKNOWN), **kept, **inputs}
        if state is not None and self._moves(inputs, state):
            outputs.update(dict.fromkeys(self.resource.changing, wire.UNKNOWN))
        for path in self.resource.nested_computed:
            _fill_nested(outputs, path, state)
        return {**outputs, **self._implied(inputs)}

    def create(self, inputs: Properties) -> tuple[str, Properties]:
        """Create the resource.

        Raises IncompleteError when it exists but a later step failed, and what boto3 raises when it does not exist.
        """
        desired = _public(inputs)
        region = self._region(desired)
        identity = self.resource.create(region, desired)
        return identity, self._configure(region, identity, inputs, None)

    def rehearse(self, name: str, news: Properties, identity: str, outputs: Properties) -> list[Failure]:
        """Send everything that creating a resource sends, as if it existed already under this id with these outputs.

        For a cloud that only records; what the type looks for first is taken to be there. Returns what is wrong with
        the inputs, and raises what the cloud refuses.
        """
        inputs, failures = self.check(name, news, {}, b"")
        if not failures:
            desired = _public(inputs)
            region = self._region(desired)
            self.resource.send(region, desired)
            state = {**outputs, **desired}
            self.resource.configure(region, identity, desired, None)
            self._write_tags(region, identity, desired, None, state)
        return failures

    def update(self, identity: str, state: Properties, inputs: Properties) -> Properties:
        """Brings the resource to the inputs.

        Raises IncompleteError when a step failed.
        """
        return self._configure(self._region(_public(inputs)), identity, inputs, state)

    def read(self, identity: str, old_inputs: Properties, state: Properties) -> tuple[Properties, Properties] | None:
        """Return the resource as it is: its outputs, and the inputs that would make it so; None when it is gone."""
        region = self._region(state)
        try:
            actual = self._actual(region, identity, state)
        except KeyError as error:
            if state:
                raise
            raise LookupError(f"the stand-in cannot import this type: its id does not contain {error}") from error
        if actual is None:
            return None
        if not state:
            return {**actual, "id": identity}, self._imported(actual)
        public = _public(old_inputs)
        outputs = {**state, **compare.settle(state, actual, whole=True), "id": identity}
        for gone in self.resource.type.optional_outputs & state.keys() - actual.keys() - public.keys():
            del outputs[gone]
        inputs = compare.settle(public, {**state, **actual})
        if "tags" in actual:
            inputs = {**inputs, "tags": actual["tags"]} if actual["tags"] or "tags" in public else inputs
            outputs["tags"], outputs["tagsAll"] = actual["tags"], actual["tagsAll"]
        return outputs, {**inputs, INTERNAL: old_inputs.get(INTERNAL, [])}

    def delete(self, identity: str, state: Properties) -> None:
        """Remove the resource; one that is gone already is no error."""
        region = self._region(state)
        try:
            self.resource.delete(region, identity, state)
        except Exception as error:
            if not api.is_gone(error) and self._actual(region, identity, state) is not None:
                raise

    def _configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> Properties:
        desired = _public(inputs)
        try:
            self.resource.configure(region, identity, desired, old)
            self._write_tags(region, identity, desired, old)
            return self._outputs(region, identity, desired, old)
        except Exception as error:
            logger.debug("%s %s is incomplete", self.resource.token, identity, exc_info=True)
            outputs = {**(old or {}), **({} if old else desired), "id": identity}
            raise IncompleteError(identity, inputs, outputs, api.describe(error)) from error

    def _write_tags(
        self, region: Region, identity: str, inputs: Properties, old: Properties | None, known: Properties | None = None
    ) -> None:
        if self.resource.tagging:
            tags = region.all_tags(inputs.get("tags", {}))
            if tags or (old or {}).get("tagsAll"):
                subject = self.resource.tag_subject(region, identity, {**(old or known or {}), **inputs})
                self.resource.tagging.write(self.resource.client(region), subject, tags)

    def _outputs(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> Properties:
        carried = {name: value for name, value in (old or {}).items() if name in self.resource.write_only}
        base = {**carried, **inputs}
        actual = self._actual(region, identity, base)
        if actual is None:
            raise LookupError(f"{identity} is not there after it was made")
        return {**base, **compare.settle(inputs, actual, whole=True), "id": identity}

    def _actual(self, region: Region, identity: str, state: Properties) -> Properties | None:
        try:
            actual = self.resource.read(region, identity, _public(state))
            if actual is None:
                return None
            tags = self._read_tags(region, identity, {**state, **actual}, inputs=state)
        except Exception as error:
            if api.is_gone(error):
                return None
            raise
        return {**actual, **tags, **({"region": region.name} if self.resource.has_region else {})}

    def _read_tags(self, region: Region, identity: str, state: Properties, inputs: Properties) -> Properties:
        if not self.resource.tagging or (self.resource.recorded):
            return self._implied(inputs)
        tags = self.resource.tagging.read(
            self.resource.client(region), self.resource.tag_subject(region, identity, state)
        )
        own: Mapping[str, str] = inputs.get("tags") or {}
        defaults = region.cloud.default_tags
        return {
            "tags": {key: value for key, value in tags.items() if key in own or defaults.get(key) != value},
            "tagsAll": tags,
        }

    def _implied(self, inputs: Properties) -> Properties:
        """Return outputs that follow from inputs and configuration alone."""
        implied: Properties = {}
        if "tagsAll" in self.resource.type.outputs:
            tags = inputs.get("tags", {})
            implied["tagsAll"] = wire.UNKNOWN if tags == wire.UNKNOWN else {**self.cloud.default_tags, **tags}
        if self.resource.has_region:
            implied["region"] = inputs.get("region") or self.cloud.region().name
        return implied

    def _comparable(self, inputs: Properties, state: Properties, *, old: bool) -> Properties:
        """Return inputs with what follows from the configuration, so that a changed default tag or region shows."""
        public = _public(inputs)
        implied = self._implied(public)
        if old:
            implied = {name: state.get(name, value) for name, value in implied.items()}
        return {**public, **implied}

    def _imported(self, actual: Properties) -> Properties:
        """Return the inputs of an imported resource: what can be set, and is neither empty nor filled in by AWS."""
        kinds = self.resource.type
        required = {name for name, field in kinds.inputs.fields.items() if field.required}
        named = {self.resource.autoname.property} if self.resource.autoname else set[str]()
        desired = required | named | kinds.optional_outputs | self.resource.defaults.keys()
        inputs = {
            name: actual[name]
            for name in kinds.inputs.fields.keys() & desired
            if name in actual and (actual[name] not in ("", [], {}, False, 0) or name in required)
        }
        return {**self.resource.defaults, **inputs, INTERNAL: []}

    def _moves(self, inputs: Properties, state: Properties) -> bool:
        """Whether an update changes more than tags."""
        kinds = self.resource.type
        gone = kinds.optional_outputs & kinds.inputs.fields.keys() & state.keys() - inputs.keys()
        differing = {name for name, value in inputs.items() if not _is_so(value, state.get(name))}
        return bool((gone | differing) - TAGS)

    def _replaces(self, path: str) -> bool:
        create_only = self.resource.create_only | ({"region"} if self.resource.has_region else set[str]())
        return any(_within(path, one) for one in create_only)

    def _region(self, values: Properties) -> Region:
        return self.cloud.region(values.get("region"))


def _within(path: str, ancestor: str) -> bool:
    return path == ancestor or path.startswith((f"{ancestor}.", f"{ancestor}["))


def _public(values: Properties) -> Properties:
    return {name: value for name, value in values.items() if name != INTERNAL and name != "id"}


def _applicable_defaults(defaults: Mapping[str, Any], inputs: Properties) -> Properties:
    return {name: value for name, value in defaults.items() if name not in inputs}


def _is_so(desired: Any, actual: Any) -> bool:
    """Whether a desired value that is new in the inputs exists already, as after an import."""
    return actual is not None and compare.settle(desired, actual) == desired


def _fill_nested(outputs: Properties, path: str, state: Properties | None) -> None:
    """Set `parent.child` to its earlier value, or to unknown, where the inputs leave it out."""
    parent, child = path.split(".")
    if isinstance(outputs.get(parent), dict):
        known = (state or {}).get(parent, {}).get(child, wire.UNKNOWN)
        outputs[parent] = {child: known, **outputs[parent]}
