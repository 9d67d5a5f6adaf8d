"""What a user and an activity have to do with each other, as a few whole numbers, and what is learned from them.

Imports from `catalogue`, `learning`, `policies` and `users`.
"""
