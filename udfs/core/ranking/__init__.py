"""Scores into lists: exploration, propensities, constraints on a whole list.

May import `policies`.
"""
