"""Scoring predictions that were made anywhere: files in, the evaluator's numbers out."""
