"""What a user was shown and what became of it: lists seen, claims to a reward, uses and dismissals, and their bytes.

Imports from no room.
"""
