"""Finds the programs that the local cloud runs; takes from their vendors, or builds, those that this machine lacks."""

from localcloud.toolchain.programs import Programs, provide, provide_languages

__all__ = ["Programs", "provide", "provide_languages"]
