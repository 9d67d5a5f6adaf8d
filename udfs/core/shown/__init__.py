"""What a user was shown and what became of it: lists seen, claims to a reward, uses and dismissals, and their bytes.

May import the modules beside the rooms, no room.
"""
