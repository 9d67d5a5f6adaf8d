"""Feedback into exact sums, sums into published policy rows, and the watch over both.

May import `rewards`, `policies` and `catalogue`.
"""
