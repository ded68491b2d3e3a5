"""Scoring separators by true stems: a tool beside the benchmark."""
