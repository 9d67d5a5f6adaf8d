"""Scores into lists: rules of a whole list, exploration inside them, propensities.

Imports from `catalogue` and `policies`.
"""
