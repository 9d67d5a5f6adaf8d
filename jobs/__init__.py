"""Topology and entry points of the Flink jobs."""
