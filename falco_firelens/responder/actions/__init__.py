"""What can be done about an event. Each action takes a `Context`, is safe to repeat, and says how it is undone."""
