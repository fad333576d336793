"""Every rule of the pack, without CrossGuard: a fleet that hands out levels need not load it."""

from falco_firelens.policy import (
    cluster_access,
    encryption,
    host,
    identity,
    network,
    principals,
    storage,
    tags,
    workloads,
)
from falco_firelens.policy.rule import AnyRule

RULES: tuple[AnyRule, ...] = (
    *encryption.RULES,
    *storage.RULES,
    *identity.RULES,
    *principals.RULES,
    *network.RULES,
    *workloads.RULES,
    *host.RULES,
    *cluster_access.RULES,
    *tags.RULES,
)
