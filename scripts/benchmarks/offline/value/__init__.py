"""What lists are worth: the job's ranking and learning, and rivals, in worlds whose truth is known; no Flink."""
