"""One module for each data set: how its rows become clickstream events."""
