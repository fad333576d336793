"""The same program on one machine: AWS is moto, Kubernetes is real API servers with fake nodes.

The Makefile's targets `up`, `cloud`, `down`, `env`, `status` and `ship` run it. docs/localcloud.md says what it can do.
"""
