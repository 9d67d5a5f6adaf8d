"""Feedback into exact sums, sums into published policy rows, and the watch over both.

Imports from `budgets`, `catalogue`, `pairs`, `policies`, `rewards` and `rule_costs`.
"""
