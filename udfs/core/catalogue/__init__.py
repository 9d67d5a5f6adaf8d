"""The activities: what they are made of, whom they may be shown to, and whom they reach.

May import `shown` and `users`.
"""
