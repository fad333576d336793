"""Proves that a deployed stack works: makes Falco fire on each cluster, and waits for the event."""

from falco_firelens.fleet.verify.verification import VerifyTask

__all__ = ["VerifyTask"]
