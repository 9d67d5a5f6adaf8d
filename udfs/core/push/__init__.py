"""Whom to push, and whether it was worth it: what sending adds over withholding, as functions of exact sums.

Imports from `budgets`, `learning` and `variants`.
"""
