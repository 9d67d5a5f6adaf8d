"""A replay that learns: its own operator, beside the live job's ranker."""
