"""What a stack is made of: one Pulumi component a file, put together by `components.stack.deployment`."""
