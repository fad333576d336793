"""Serves the components to Pulumi programs in other languages, as a provider plugin."""
