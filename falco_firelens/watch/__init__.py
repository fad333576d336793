"""The function that watches the sensors: heartbeats by log stream, held against the nodes that there are.

It runs in AWS Lambda by a schedule. Besides `falco_firelens.contract` it imports the standard library and boto3 alone,
which Lambda's runtime has: its package needs no library, so it is built without a package registry.
"""
