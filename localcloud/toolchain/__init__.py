"""Finds the programs that the local cloud runs, and builds from Go modules those that this machine lacks."""

from localcloud.toolchain.programs import Programs, provide

__all__ = ["Programs", "provide"]
