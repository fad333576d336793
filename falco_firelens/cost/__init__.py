"""What a stack's events cost at AWS: list prices of us-east-1, and a calculator over a stack file."""
