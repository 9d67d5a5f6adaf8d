"""A batch of records into lists, decisions and feedback, by the ranker's state as it is now.

Imports from `budgets`, `catalogue`, `control`, `erasure`, `experiments`, `learning`, `lists`, `pairs`, `policies`,
`profiles`, `push`, `ranking`, `rewards`, `rule_costs`, `users` and `variants`.
"""
