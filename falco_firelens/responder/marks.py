"""The marks that playbooks leave on what they have changed, so that undoing never undoes what a person did.

The stack's program reads them too: the admission policy lets the function write these and nothing else.
"""

ISOLATED = "falco-firelens/isolated"
"""Label of an isolated pod. Its value is the pod's uid, so that a selector for it selects no other pod."""

ISOLATING = "falco-firelens-isolated-"
"""How the name of an isolated pod's NetworkPolicy begins; the pod's uid follows."""

CORDONED = "falco-firelens/cordoned"
"""Annotation of a node that a playbook cordoned."""

TAINT = {"key": "falco-firelens/contained", "value": "true", "effect": "NoSchedule"}
"""Taint of a node that a playbook tainted; a playbook may ask for another effect."""

TAGS = "falco-firelens:"
"""How the keys of all tags in AWS begin that the function sets."""

BEFORE = f"{TAGS}security-groups"
"""Tags of a moved interface: the security groups that it had, ten in each tag, since a tag holds 256 characters."""
