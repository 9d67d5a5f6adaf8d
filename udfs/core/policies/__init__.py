"""How activities are scored: the table of what was learned, the start of an unknown activity, every policy by name.

`contextual` holds the policies that score by the user's context, `rates` those with one score for everybody.
Imports from `budgets`, `catalogue` and `pairs`.
"""
