"""Measurements, each beside what a user would otherwise have; never a test."""
