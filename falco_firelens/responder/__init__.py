"""The function that answers events: it reads them, finds the playbook, guards, acts, and says what it did.

Runs in AWS Lambda, and from a shell as `falco-firelens`. It knows nothing of Pulumi and of stack files: what a
stack's playbooks say comes as `response.json`, which `components/` writes beside it.
"""
