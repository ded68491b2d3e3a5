"""Adding runs to a leaderboard that lies in a folder: all of it or nothing."""
