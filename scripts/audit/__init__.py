"""Whether lists keep what rules promise, found out in plain Python that shares nothing with the code that makes them."""
