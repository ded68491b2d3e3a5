"""Leaderboards: tables that follow from runs, their publication, verification and pages."""
