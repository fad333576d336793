"""What `falco-firelens init` does: finds clusters in an account, and writes a stack file that adopts them."""
