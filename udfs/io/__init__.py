"""Clients of Kafka and Redis, without Flink.

May import settings, core and schemas.
"""
