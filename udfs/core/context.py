"""The context that the bandits learn in: its length and its constant."""

DIM = 16
"""Length of the bandit's context x."""
CONSTANT_X = 90
"""x[0] of every context: 127 / sqrt(2), rounded."""
