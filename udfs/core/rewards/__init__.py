"""From an event to what the learner is told: tokens, joins, conversions, weights of places, feedback.

Imports from `lists` and `shown`.
"""
