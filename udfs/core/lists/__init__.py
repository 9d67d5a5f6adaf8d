"""What is published for a user: the decision token, the list's text, its version, a block of many lists.

Imports from `catalogue`, `pairs` and `variants`.
"""
