"""The same program on one machine: AWS is moto, Kubernetes is real API servers with fake nodes.

`python -m localcloud up|down|env|status|check`, or the Makefile's targets. docs/localcloud.md says what it can do.
"""
