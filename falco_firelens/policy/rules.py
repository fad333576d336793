"""Every rule of the pack, without CrossGuard: a fleet that hands out levels need not load it."""

from falco_firelens.policy import encryption, identity, network, storage, tags, workloads
from falco_firelens.policy.rule import AnyRule

RULES: tuple[AnyRule, ...] = (
    *encryption.RULES,
    *storage.RULES,
    *identity.RULES,
    *network.RULES,
    *workloads.RULES,
    *tags.RULES,
)
