"""Recomputing what runs and leaderboards say, from their predictions."""
