"""What a person at a shell runs, with their own credentials. The deployed function has none of it."""
