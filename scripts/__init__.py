"""What people run: set-up, local stack, topics, tests, demo and benchmarks."""
