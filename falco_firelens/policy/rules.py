"""Every rule of the pack, without CrossGuard: a fleet that hands out levels need not load it."""

from falco_firelens.policy import encryption, identity, instances, network, retention, storage, tags, workloads
from falco_firelens.policy.rule import AnyRule

RULES: tuple[AnyRule, ...] = (
    *encryption.RULES,
    *storage.RULES,
    *retention.RULES,
    *identity.RULES,
    *network.RULES,
    *workloads.RULES,
    *instances.RULES,
    *tags.RULES,
)
