"""What each class of rules costs: sampled lists are made again with the rules added one class by one.

A class costs what lists are expected to earn without it less what they are with it, in worth.

Imports from `budgets`, `policies` and `ranking`.
"""
