"""What a run will do: datasets loaded, cells and steps listed, time estimated."""
