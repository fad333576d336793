"""Checks the table of images offline, and renews its digests from the registries."""
