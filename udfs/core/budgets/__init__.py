"""What may be spent and what is owed: ledgers, plans, prices, stops and floors, each a function of sums.

A ledger counts by hour what lists led to; from it follow the spending that is to be expected, the price that keeps it
to its plan, the stop that keeps it below the budget, and the offset that brings an activity to its share.
Imports from `catalogue` and `variants`.
"""
