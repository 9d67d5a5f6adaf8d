"""Benchmarks of parts of the job, without a stack."""
