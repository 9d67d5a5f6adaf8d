"""Tideline: real-time activity ranking. The folders beside this one, as one package."""
