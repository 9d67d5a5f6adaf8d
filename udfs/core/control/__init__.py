"""Orders to the running job.

Imports from `policies`.
"""
