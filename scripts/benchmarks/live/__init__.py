"""Benchmarks of the whole job on a local stack."""
