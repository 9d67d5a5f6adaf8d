"""What a shop says of a user: labels, time zone, consent and opt-outs, and how a user's state keeps it.

Imports from no room.
"""
