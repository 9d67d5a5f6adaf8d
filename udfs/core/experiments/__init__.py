"""Which users are ranked by which policy, and what the difference came to.

May import `control` and `policies`.
"""
