"""Hook specifications, the registry of plugins, and their contract checks."""
