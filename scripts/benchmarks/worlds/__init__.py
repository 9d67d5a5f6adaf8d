"""Worlds of which the truth is known: the built-in ones, and the folder in which anybody can bring his own."""
