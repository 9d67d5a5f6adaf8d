"""Kafka, Valkey and a Flink cluster as local processes, for development, tests, demo and benchmarks (Linux)."""

from scripts.localstack.errors import StackError
from scripts.localstack.process import Managed
from scripts.localstack.stack import Stack

__all__ = ["Managed", "Stack", "StackError"]
