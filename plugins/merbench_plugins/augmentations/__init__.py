"""First-party augmentations, on the same hook as anyone's."""
