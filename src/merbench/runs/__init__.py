"""Executing a plan, and the record that leaves: a manifest, folds and predictions."""
