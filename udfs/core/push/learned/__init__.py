"""Pushes in the job: how a deployment has them, what is told to the learner, and what it publishes of them."""
