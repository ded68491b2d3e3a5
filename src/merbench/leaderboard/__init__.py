"""Leaderboards: tables that follow from runs, their publication, and their verification."""
