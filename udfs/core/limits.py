"""Numbers and names that several rooms share: of a list, of an experiment, of what is learned, of a budget."""

import math

MAX_POSITIONS = 16
"""Activities on a list; a decision token holds them in one bit each."""
MAX_PLACEMENT = 63
"""Largest number of a placement; state holds it in six bits."""
OBJECTIVES = ("click", "conversion", "revenue")
"""What is learned of each activity, in this order everywhere."""
BASELINE, HOLDOUT = 0, 3
"""Numbers of the arms that are always there: the deployment's own policy, and the lists in random order."""
MAX_ARMS = HOLDOUT - 1
"""Other policies at a time; a decision token holds the number of the arm in two bits."""
LEAST_EXAMINED = 0.01
"""What an impression counts as at least, however seldom its position is looked at."""
RISK = 0.01
"""Chance that what is held back of a budget or stock for conversions to come is not enough."""
LEAST_CONVERSIONS = math.log(1.0 / RISK) / 3.0
"""So many are held back while nothing is pending: a budget or stock for no more is stopped from the start."""
