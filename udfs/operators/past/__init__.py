"""What a job over the past reads of its topics at its start."""
