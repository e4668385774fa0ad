#!/bin/sh
# Sends a directory over TCP and unpacks it elsewhere. Status 0 means that all of it has arrived:
# the receiver reports a connection that was cut off, and the sender one that was not read to its
# end. On two machines, run the first half on one and the second on the other.
#
# Usage: backup.sh FROM TO
set -eu

if [ $# -ne 2 ]; then
  echo "usage: $0 FROM TO" >&2
  exit 2
fi
from=$1 to=$2 work=$(mktemp -d) receiver=
trap '[ -z "$receiver" ] || kill "$receiver" 2>/dev/null || :; rm -rf "$work"' EXIT

# A file between tcptool and tar keeps the receiver's status; a pipe would hide it.
tcptool serve -q --once -b 127.0.0.1 -p 0 --port-file "$work/port" --accept-timeout 10s \
  >"$work/copy.tar" &
receiver=$!
until [ -s "$work/port" ]; do
  kill -0 "$receiver"
  sleep 0.1
done

tar cf "$work/original.tar" -C "$from" .
tcptool send -f "$work/original.tar" --until none 127.0.0.1 "$(cat "$work/port")"
wait "$receiver"
receiver=
mkdir -p "$to"
tar xf "$work/copy.tar" -C "$to"
