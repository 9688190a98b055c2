"""Learning from fewer votes: choosing whom to ask about what, from file to file, and whether it pays."""
