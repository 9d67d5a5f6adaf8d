"""Columns as long as a log, whether they are in memory or not."""
