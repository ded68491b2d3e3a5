"""The benchmark file: its lines, its schema, its names resolved and its grids expanded."""
