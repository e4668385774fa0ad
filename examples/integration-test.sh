#!/bin/sh
# Starts a server, waits until it replies, and tests it: no sleep, no race for a port, no server
# left behind.
#
# Usage: integration-test.sh
set -eu

work=$(mktemp -d)
tcptool upper -q -b "unix:$work/server" &
server=$!
trap 'kill "$server"; wait "$server"; rm -rf "$work"' EXIT

# Not only that it accepts connections: that its reply is the right one.
tcptool wait --deadline 10s --send ping --expect PING "unix:$work/server"

reply=$(tcptool send "unix:$work/server" straße)
[ "$reply" = STRASSE ] || {
  echo "upper replied with $reply" >&2
  exit 1
}
echo passed
