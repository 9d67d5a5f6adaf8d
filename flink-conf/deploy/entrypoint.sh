#!/usr/bin/env bash
# What a container starts with: jobmanager, standalone-job ARGS or taskmanager of a cluster of your own, or any command,
# as Flink's Kubernetes operator gives one. FLINK_PROPERTIES has lines that are added to the settings.
set -euo pipefail
conf=${FLINK_CONF_DIR:-${FLINK_HOME:-/opt/flink}/conf}
# from the image's own each time: a container that is started again must not add them twice
if [ -n "${FLINK_PROPERTIES:-}" ]; then
  printf '%s\n' "$FLINK_PROPERTIES" | cat "$conf/config.image.yaml" - >"$conf/config.yaml"
fi
case "${1:-help}" in
  jobmanager | taskmanager) exec "$FLINK_HOME/bin/$1.sh" start-foreground "${@:2}" ;;
  standalone-job) exec "$FLINK_HOME/bin/standalone-job.sh" start-foreground "${@:2}" ;;
  help) echo "usage: jobmanager | standalone-job ARGS | taskmanager | COMMAND" ;;
  *) exec "$@" ;;
esac
