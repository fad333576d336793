"""docs/policy.md, generated from the rules."""

import re
from collections.abc import Iterator

from falco_firelens.policy.changes import POLICY
from falco_firelens.policy.keeping import KEEPS
from falco_firelens.policy.kinds import HOLDS_EVENTS, NOUNS
from falco_firelens.policy.rule import AnyRule, Rule
from falco_firelens.policy.rules import RULES

INTRODUCTION = """# Policies

<!-- Generated from falco_firelens/policy/ by `falco-firelens policy reference`; change the rules, not this page. -->

What a stack may look like and become. The policies are a [CrossGuard](https://www.pulumi.com/docs/insights/policy/)
pack, for every resource that the program registers, and a judge of what the engine is about to delete or replace.

```console
falco-firelens policy preview Pulumi.prod.yaml     # both, with the levels of the stack file
falco-firelens fleet preview                       # both, for many stacks: docs/fleet.md
pulumi preview --policy-pack falco_firelens/policy/run  # the pack alone, every policy mandatory
pulumi preview --json > preview.json; falco-firelens policy check-preview preview.json    # the changes alone
```

`--policy-pack policy` does the same where the whole of Pulumi is installed; on the local cloud, whose language host
is an older one, only the program `falco_firelens/policy/run` is started. The pack needs
`pip install 'falco-firelens[policy]'`, or a clone's `requirements-fleet.lock`.

A message names the resource, where the mistake is, what was found and what to write instead:

```
- [mandatory]  log-retention  (aws:cloudwatch:LogGroup: events)
  Log groups keep logs for a time.
  events: retentionInDays: found nothing, which is forever; write a number of days, such as 90
```

## Levels

A policy is mandatory, so that what breaks it fails the preview or the update, or advisory, so that it is only reported.
The stack file says which, below [`policy`](configuration.md#policy):

```yaml
config:
  falco-firelens:policy:
    advisory: [no-public-endpoint] # everything else is mandatory
    requiredTags: [owner] # beside those of `tags`
    imagesByDigest: true # a version alone will not do
```

CrossGuard's Python library shows a policy nothing of a stack's configuration. So the levels are handed to the engine:
`falco-firelens policy config Pulumi.prod.yaml > levels.json` writes what `--policy-pack-config` takes. A file of your
own works as well, and with a recent engine it can make
[exceptions](https://www.pulumi.com/docs/insights/policy/) for single resources.
"""

CHANGES = f"""
## Nothing that holds events is lost without permission: `{POLICY}`

CrossGuard passes a policy the desired resources, never what the engine deletes or replaces to get there. So this
policy reads the engine's planned steps, from its events or from `pulumi preview --json`. It is broken by a step that
deletes or replaces one of these:

{{kinds}}.

It is also broken by a step that makes events be kept for a shorter time than before:

| | what is shortened |
| --- | --- |
{{shortened}}

A setting that is only made is not judged, so that an update that was cut short can go on without a permission. A date
in a lifecycle rule, or the rules in a bucket's own deprecated properties, are not read.

Name what may be lost, or kept for a shorter time, in the stack file, by its exact logical name or URN; patterns mean
nothing. In this project's stacks a bucket's settings have the logical name of the bucket. Since it is a change of a
file, the reviewers of the pull request see it.

```yaml
config:
  falco-firelens:policy:
    mayLose: [events]
```

A resource that Pulumi only forgets, by `retainOnDelete`, may be deleted, but not replaced. `events.protect` in the
stack file is the harder guard: with it, the engine itself refuses, `pulumi destroy` included. A log group or a bucket
that is deleted by other means is found by a refresh and made again; no policy can stop that, IAM can.

## What the policies do not promise

`no-iam-wildcard` and `no-public-principal` read each document by itself: what a role can do by several policies
together, they do not see. `no-public-principal` knows accounts by the stack file: those that it names in any key are
the stack's own business; where it does not name its own `account`, only whole accounts that it does not name are found.
A workload is judged by Kubernetes' level "baseline", and roles and bindings by what is known to be as good as an
administrator. The sensor's DaemonSets and task definitions may have what Falco and Fluent Bit need, by name; what they
are is known by the component that makes them, not by a name. What a Helm release renders inside its provider, and what
comes into a cluster by other ways, no policy sees.

## What a preview cannot know

The ARN of a key that is still to be made counts as a key. A policy document with that ARN in it is not known at
all in a first preview; it is judged in the update, before the resource that it belongs to is made.
"""

MOST_IN_TABLE = 12


def reference() -> str:
    """Return the page, ending with a newline."""
    rows = [f"| `{rule.name}` | {rule.description} | {_types(rule)} |" for rule in RULES]
    table = [
        "",
        "## The policies",
        "",
        "| Policy | What it asks for | Of which resources |",
        "| --- | --- | --- |",
        *rows,
    ]
    kinds = ", ".join(dict.fromkeys(NOUNS[kind] for kind in HOLDS_EVENTS))
    changes = CHANGES.format(kinds=kinds, shortened="\n".join(_shortened()))
    return INTRODUCTION + "\n".join(table) + "\n" + changes + "".join(_long_lists())


def _shortened() -> Iterator[str]:
    """Yield a row for each kind of shortening; several types can share one."""
    rows: dict[str, dict[str, None]] = {}
    for kind, keeping in KEEPS.items():
        rows.setdefault(keeping.shortened, {})[NOUNS[kind]] = None
    yield from (f"| {', '.join(nouns)} | {shortened} |" for shortened, nouns in rows.items())


def _long_lists() -> Iterator[str]:
    """Yield a section for each rule whose types are too many for the table."""
    for rule in RULES:
        if len(types := _types_of(rule)) > MOST_IN_TABLE:
            yield f"\n## Types of `{rule.name}`\n\n{', '.join(types)}\n"


def _types(rule: AnyRule) -> str:
    types = _types_of(rule)
    if len(types) > MOST_IN_TABLE:
        return f"[{len(types)} types](#types-of-{rule.name})"
    return ", ".join(types)


def _types_of(rule: AnyRule) -> list[str]:
    types = tuple(rule.checks) if isinstance(rule, Rule) else rule.types
    return list(dict.fromkeys(f"`{_short(kind)}`" for kind in types))


def _short(kind: str) -> str:
    """`aws:sns/topic:Topic` as `sns.Topic`, and `kubernetes:apps/v1:DaemonSetPatch` as `DaemonSet`."""
    package, module, name = kind.split(":")
    return f"{module.partition('/')[0]}.{name}" if package == "aws" else re.sub("(Patch|List)$", "", name)
