"""Kafka, Valkey and a Flink cluster as local processes, for development, tests, demo and benchmarks (Linux)."""

from tideline.scripts.localstack.errors import StackError
from tideline.scripts.localstack.launch import StackRequest
from tideline.scripts.localstack.process import Managed
from tideline.scripts.localstack.stack import Stack

__all__ = ["Managed", "Stack", "StackError", "StackRequest"]
