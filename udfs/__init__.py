"""Flink operators of Tideline: thin classes around `udfs.core`."""
