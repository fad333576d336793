"""One module an AWS service: its resource types in `RESOURCES`, its functions in `FUNCTIONS`."""
