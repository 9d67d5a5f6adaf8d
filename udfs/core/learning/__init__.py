"""Feedback into exact sums, sums into published policy rows, and the watch over both.

Imports from `catalogue`, `pairs` and `policies`.
"""
