"""Off-policy evaluation: what another policy would have earned, from a log of what this one did.

A log row is one arm shown in a context with a known probability. `judge` weighs the rows for a target policy,
`estimators` and `lists` turn weights into estimates, `intervals` say how sure they are, and `diagnostics` refuse where
the log cannot answer. `evaluation.evaluate` does all of it.

Imports from `learning`, `policies`, `ranking` and `rewards`.
"""
