"""Variants of one activity that compete: their shares of the users, which of them is better, and depths of a discount.

The arithmetic alone: activities have no variants yet.
Imports from no room.
"""
