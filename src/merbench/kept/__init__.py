"""Fitted systems: kept in a folder without pickle, and used on new music."""
