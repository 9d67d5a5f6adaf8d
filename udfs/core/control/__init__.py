"""Commands to the running job.

Imports from `policies`.
"""
