"""Benchmarks of the live job: how many events, how fresh the lists, how much memory."""
