"""What CloudWatch does and moto does not: metrics out of log events, and the states of alarms."""
