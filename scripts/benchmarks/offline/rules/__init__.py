"""What rules cost and whether they hold, in settings whose best is known: budgets, late spending, floors, fairness."""
