"""Whom to push and when, and whether it was worth it: what sending adds over withholding, as functions of exact sums.

Imports from `budgets`, `catalogue`, `learning`, `policies`, `profiles` and `variants`.
"""
