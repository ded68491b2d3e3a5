"""What a new user or author starts from: studies and plugins written out, to be changed."""
