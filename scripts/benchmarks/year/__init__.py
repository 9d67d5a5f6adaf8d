"""A simulated year of a shop, checked every day against the truth."""
