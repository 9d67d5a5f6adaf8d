"""The Flink operators: thin classes around the core, their rows, metrics and dead letters.

May import io, models, settings, core and schemas.
"""
