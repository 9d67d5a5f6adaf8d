"""Flink operators of Tideline: thin classes around `tideline.udfs.core`."""
