"""Orders to the running job.

May import `policies`, whose names orders hold.
"""
