"""Stand-ins for the provider plugins that no package registry serves."""
