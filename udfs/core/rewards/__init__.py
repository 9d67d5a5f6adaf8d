"""From an event to what the learner is told: tokens, joins, conversions, weights of positions, feedback.

Imports from `lists` and `shown`.
"""
