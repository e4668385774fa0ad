#!/bin/sh
# Shows the main job as a person would type it: a server and a client that exchange a
# message and a file. Leaves nothing behind; the status says whether it all went well.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$root:$PATH
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

# Shows a command and does it.
show() {
  printf '$ %s\n' "$1"
  eval "$1"
}

# Waits for the server's port and sets $port.
wait_for_server() {
  tries=0
  until [ -s port ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 500 ] || { echo 'the server did not start' >&2; exit 1; }
    sleep 0.01
  done
  port=$(cat port)
}

echo '-- A server that answers, and a client with a message:'
# The port is left to the system here, so that the demonstration never collides.
echo "\$ tcptool serve --once --reply 'thank you!' -p 0 > heard &"
tcptool serve --once --reply 'thank you!' -b 127.0.0.1 -p 0 --port-file port >heard &
server=$!
wait_for_server
show "tcptool send localhost $port 'hello, 世界'"
echo
wait "$server"
show 'cat heard'
echo
rm port

echo
echo '-- A file through a pipeline, and what arrived:'
seq 1000000 >file
echo '$ tcptool serve --once -p 0 > received &'
tcptool serve --once -b 127.0.0.1 -p 0 --port-file port >received &
server=$!
wait_for_server
show "tcptool send -q localhost $port < file"
wait "$server"
server=
show 'sha256sum file received'
cmp file received
echo
echo 'It works. Try "tcptool help", and "make check" for the tests.'
