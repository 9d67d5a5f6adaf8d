"""Whether lists keep what rules promise, found out in plain Python that shares nothing with what makes them."""
