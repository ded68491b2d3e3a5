"""The steps from a clip to predictions, and the store where they leave artifacts."""
