"""The configuration reference, docs/configuration.md, generated from the models."""

import json
from collections.abc import Iterator

from falco_firelens.settings.loader import NAMESPACE
from falco_firelens.settings.schema import Schema, definitions_of, settings_schema

INTRODUCTION = f"""# Configuration

<!-- Generated from falco_firelens/settings/ by `make generate`; change the models, not this page. -->

A stack is one AWS account in one region. Its settings are the keys under `{NAMESPACE}:` in `Pulumi.<stack>.yaml`.
This file is enough:

```yaml
config:
  aws:region: eu-west-1
  {NAMESPACE}:clusters:
    - name: apps
      platform: eks
      existing:
        name: apps-production
```

`examples/` has whole files, which you copy beside `Pulumi.yaml`:
[adopting existing clusters](../examples/Pulumi.existing.yaml),
[Kubernetes on EC2](../examples/Pulumi.kubernetes-on-ec2.yaml), one account in three regions
([Ireland](../examples/three-regions/Pulumi.ireland.yaml), [Ohio](../examples/three-regions/Pulumi.ohio.yaml),
[Sydney](../examples/three-regions/Pulumi.sydney.yaml)), and
[a hub with its spokes](../examples/hub-and-spokes/README.md).

**Checking.** `falco-firelens check Pulumi.<stack>.yaml` checks a file without credentials and without the engine. It
also prints the size of each cluster's ConfigMaps or task definition, and the limit. `pulumi preview` and `pulumi up`
begin with the same check. Every mistake is one line, with its path below `{NAMESPACE}:`, what was found and what was
expected:

```
Pulumi.dev.yaml: clusters[1].create.nodeGroups[0].minSize: found 5, expected at most maxSize (3)
Pulumi.dev.yaml: events.retentionDays: found the number 91, expected one of 1, 3, 5, …
```

The exit code is 0 if every file is valid, even with warnings; 1 if one is not; 2 if the command line is wrong.

**Writing.** With a YAML extension in your editor, this first line gives completion and the descriptions below. Without
a clone, `falco-firelens schema` prints the file.

```yaml
# yaml-language-server: $schema=falco_firelens/settings/schema.json
```

Put an account's number and versions in quotes, or YAML reads them as numbers: `1.30` becomes `1.3`, `0755` becomes
`493`. The engine turns `2026-01-02` into a text with a time in it. The check reads a file as the engine does, and both
refuse a key that occurs twice in one mapping. An empty section, `create:`, takes its defaults.

**Secrets.** Three settings may hold a key, and can be encrypted in the stack file: `kubeconfig` of an existing
cluster, `endpoint` of a notification of any protocol, and `url` of a webhook:

```
pulumi config set --secret --path 'falco-firelens:notifications[0].endpoint' https://events.pagerduty.com/…
```

Encrypted or not, they are secret in state, previews, outputs and a pull request's comment, and no message repeats
them. Nor does a message repeat a value beside, above or below them, a wrong `jdbcUrl` or `secretArn`, or any text
that looks like a credential: a URL with a path, a token, a random word. Only the program can read an encrypted value:
`check` skips it, and `pulumi preview` checks it. The state also has the first 32 bits of an endpoint's hash, in the
subscription's name: nobody can read a key from them, but anyone who guesses a telephone number can compare it.
`check` refuses an encrypted value anywhere else, including a whole encrypted section, since nothing there is kept
secret; `pulumi preview` warns of one that it can see.

**Provider settings.** `aws:region` is the region. Credentials come from the environment, as for the AWS CLI.

**The account.** `account` and `aws:allowedAccountIds` guard against the wrong credentials. Use both:

```yaml
config:
  {NAMESPACE}:account: "111122223333"
  aws:allowedAccountIds: ["111122223333"]
```

The program compares `account`, which is enough for `pulumi preview` and `pulumi up`. `pulumi destroy` and
`pulumi refresh` do not run the program. They use the AWS provider from the state of the last `pulumi up`, and with the
second key that provider refuses credentials of another account. So the key takes effect with the next `pulumi up`;
adding it replaces nothing. It covers every resource in AWS, including those of pulumi-eks, since the engine
configures all default providers the same way. The check warns if `account` is given without it, and refuses a list
that lacks the account. With `account: any`, nothing guards `pulumi destroy`. `falco-firelens fleet` asks which
account the credentials belong to before every operation, and sets the key by itself
([fleet.md](fleet.md#credentials)).
"""


def reference() -> str:
    """Return the page, ending with a newline."""
    schema = settings_schema()
    sections = [_section(title, mapping, schema["$defs"]) for title, mapping in _sections(schema)]
    return "\n".join([INTRODUCTION, *sections])


def _sections(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Each mapping with the heading of its section, depth first in the order of a file."""
    yield "Top level", schema
    yield from _below("", schema, schema["$defs"])


def _below(path: str, mapping: Schema, definitions: Schema, above: str = "") -> Iterator[tuple[str, Schema]]:
    """`above` is the platform of the cluster that the path leads through."""
    for key, value in mapping["properties"].items():
        below = f"{path}{key}{_step(value)}"
        for name in definitions_of(value):
            definition = definitions[name]
            platform = definition["properties"].get("platform", {}).get("const")
            where = f" of `{platform or above}`" if platform or above else ""
            if definition["properties"]:
                yield f"`{below}`{where}", definition
            yield from _below(f"{below}.", definition, definitions, platform or above)


def _step(value: Schema) -> str:
    """How a path goes on from a list, or from a mapping whose keys are names of the person's own."""
    return "[]" if value.get("type") == "array" else ".NAME" if "patternProperties" in value else ""


def _section(title: str, mapping: Schema, definitions: Schema) -> str:
    required = mapping.get("required", [])
    rows = [_row(key, value, key in required, definitions) for key, value in mapping["properties"].items()]
    table = ["| Key | Type | Default | Meaning |", "| --- | --- | --- | --- |", *sorted(rows, key=_optional)]
    return "\n".join([f"## {title}", "", mapping["description"], "", *table, ""])


def _optional(row: str) -> bool:
    return "| required |" not in row


def _row(key: str, value: Schema, required: bool, definitions: Schema) -> str:
    default = "required" if required else _default(value)
    cells = (f"`{key}`", _type(value, definitions), default, value["description"])
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _default(value: Schema) -> str:
    return f"`{json.dumps(value['default'])}`" if "default" in value else ""


def _type(value: Schema, definitions: Schema) -> str:
    """Return a property's type in a reader's words."""
    if any(definitions_of(value)):
        if not any(definitions[name]["properties"] for name in definitions_of(value)):
            return "`{}`"
        several = {"[]": "list of mappings", ".NAME": "mapping of names to mappings"}
        return several.get(_step(value), "mapping")
    if "enum" in value:
        return " ".join(f"`{word}`" for word in value["enum"])
    if value.get("type") == "array":
        inner = value["items"]
        return f"list of {_plural(inner)}"
    if value.get("type") == "integer":
        least, most = value.get("minimum"), value.get("maximum")
        return f"whole number, {least} to {most}" if most is not None else f"whole number, at least {least}"
    return {"boolean": "`true` `false`", "object": "mapping of texts"}.get(str(value.get("type")), "text")


def _plural(value: Schema) -> str:
    return "lists" if value.get("type") == "array" else "texts"
