"""From an event to what the learner is told: tokens, joins, conversions, weights of places, feedback.

May import `lists`, `catalogue`, `users` and `shown`.
"""
