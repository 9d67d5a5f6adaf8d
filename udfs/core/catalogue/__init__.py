"""The activities: what they are made of, whom they may be shown to, and whom they reach.

Imports from `profiles`, `shown` and `users`.
"""
