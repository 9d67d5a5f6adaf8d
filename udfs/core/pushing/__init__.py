"""Pushes of a running job: who is due when, what is decided at a decision point, and what came of it.

Imports from `catalogue`, `pairs`, `policies`, `profiles`, `push`, `serving`, `users` and
`variants`.
"""
