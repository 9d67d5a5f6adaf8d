"""Flags of the job, for completion: their declarations import too much to be asked at each start of a shell."""

LIVE_FLAGS = (
    "--name", "--bootstrap", "--kafka-properties", "--kafka-properties-file", "--topics", "--group-id", "--start",
    "--without-state", "--epoch", "--prefix", "--redis-url", "--redis-url-file", "--list-ttl-s", "--redis-deadline-s",
    "--parallelism", "--shards", "--batch-ms", "--list-size", "--policy", "--exploration", "--holdout", "--salt",
    "--weight-click", "--weight-conversion", "--weight-revenue", "--weight-cost", "--half-life-days", "--publish-ms",
    "--worth-limit", "--attribution-days", "--generation", "--encoder", "--provider", "--token-keys",
    "--token-keys-file", "--token-key-id",
)  # fmt: skip
"""Of the live job, in the order of their declaration."""
REPLAY_FLAGS = ("--from-ms", "--to-ms", "--from-offsets", "--to-offsets", "--policy-pin")
"""What a replay takes beside them."""
