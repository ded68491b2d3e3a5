"""Tables and pages derived from runs."""
