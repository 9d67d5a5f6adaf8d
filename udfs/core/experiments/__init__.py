"""Which users are ranked by which policy, and what the difference came to.

Imports from `control` and `policies`.
"""
