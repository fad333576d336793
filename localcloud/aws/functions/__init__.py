"""A stand-in for Lambda's runtime: functions that moto knows run in processes of this machine's Python.

moto keeps functions, permissions and mappings, and would run them in Docker. What calls them, asynchronously or from a
queue, and what happens to a call that fails, is here as AWS documents it. docs/localcloud.md lists what is missing.
"""

from localcloud.aws.functions.install import install

__all__ = ["install"]
