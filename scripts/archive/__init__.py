"""The log as columns: records of a topic, thousands at a time, as tables."""
