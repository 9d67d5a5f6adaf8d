"""Clients of Kafka and Redis, without Flink.

May import models, settings, core and schemas.
"""
