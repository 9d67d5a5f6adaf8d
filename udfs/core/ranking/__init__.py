"""Scores into lists: exploration, propensities, constraints on a whole list.

Imports from `policies`.
"""
