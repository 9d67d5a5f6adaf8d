"""Pushes in the job: how a deployment has them, what decision points tell the learner, and what it publishes of them.

Imports from `catalogue`.
"""
