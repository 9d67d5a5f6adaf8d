"""Variants of one activity that compete: which of them a user sees, their shares, and which of them is better.

Imports from `catalogue`.
"""
