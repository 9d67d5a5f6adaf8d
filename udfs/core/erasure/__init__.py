"""Erasing a user: who may order it, up to when it holds, what was learned of him taken back.

Imports from `lists`, `rewards` and `shown`.
"""
