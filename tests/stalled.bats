#!/usr/bin/env bats
# Peers, readers and outputs that take nothing, or take it late.
load helpers/common

# The fifo NAME, which takes what a pipe holds and is not read; descriptor 7 keeps it.
make_outlet() {
  mkfifo "$1"
  exec 7<>"$1"
}

# Reads the fifo NAME from now on, into NAME.all, to its end.
read_outlet() {
  input=$1 into=$1.all start "$1" cat
  wait_for has_content "$1.all"
  exec 7>&-
}

# A pipe that is full does not become writable by itself.
fill_pipe() {
  "$PYTHON" -c 'import os, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NONBLOCK)
try:
    while True:
        os.write(fd, bytes(4096))
except BlockingIOError:
    pass' "$1"
}

# The kernel holds data that goes to, or comes from, the port $port and is not acknowledged.
has_unsent() {
  [[ $(ss -tnH state established "( $1 = :$port )" | awk '{ print $2 }') -gt 0 ]]
}

# More than the kernel's buffers hold.
make_much() {
  yes "$(printf '%0999d' 0)" | head -c 20000000 >much || true
}

@test "chat: what came before a bye reaches a reader that is late" {
  seq 20000 >said
  echo bye >>said
  input=said start_listener peer nc.openbsd -l 127.0.0.1 0
  mkfifo hold
  exec 9<>hold
  make_outlet shown
  input=hold into=shown start chat "$TCPTOOL" chat 127.0.0.1 "$port"
  sleep 2.2 # the lateness itself: longer than last words are waited for
  read_outlet shown
  finish chat
  expect_status 0
  finish shown
  cmp said shown.all
}

@test "chat: 5,000 lines that came before the own bye reach a reader that is late" {
  seq -f 'line %g: some more text to fill the pipe' 5000 >said
  input=said start_listener peer socat -t 60 STDIO TCP-LISTEN:0,bind=127.0.0.1
  make_outlet shown
  echo bye >bye
  input=bye into=shown start chat "$TCPTOOL" chat 127.0.0.1 "$port"
  sleep 2.2 # the lateness itself: longer than last words are waited for
  read_outlet shown
  finish chat
  expect_status 0
  finish shown
  cmp said shown.all
}

# start_listening_chat [OPTIONS...]: chat --listen as "chat", with a peer that reads nothing.
start_listening_chat() {
  mkfifo hold
  exec 9<>hold
  start chat "$TCPTOOL" chat --listen -b 127.0.0.1 -p 0 --port-file chat.port "$@" <"$input"
  wait_for_port chat
  input=hold start peer "$PYTHON" "$PEERS/client_idle.py" "$port"
  wait_for has_unsent sport
}

# start_calling_chat [OPTIONS...]: chat HOST as "chat", with a peer that reads nothing.
start_calling_chat() {
  input=/dev/null start_peer peer server_stalled
  start chat "$TCPTOOL" chat "$@" 127.0.0.1 "$port"
  wait_for has_unsent dport
}

# What was to be said and is lost is never a success.
ends_with_lost_data() {
  finish chat
  expect_status 1
  expect_match "$(cat chat.err)" 'delivered'
}

@test "chat --listen: SIGTERM and --drain end it though the peer takes nothing" {
  make_much
  input=much start_listening_chat --drain 200ms
  kill "${pids[chat]}"
  ends_with_lost_data
}

@test "chat HOST: SIGTERM and --drain end it though the peer takes nothing" {
  make_much
  input=much start_calling_chat --drain 200ms
  kill "${pids[chat]}"
  ends_with_lost_data
}

@test "chat HOST: a second signal ends it at once though the peer takes nothing" {
  make_much
  input=much start_calling_chat --drain 1h
  wait_for end_by_signal chat
  finish chat
  expect_status 143
}

end_by_signal() {
  kill "${pids[$1]}" 2>/dev/null || true
  is_gone "$1"
}

@test "a server continues, and exits, though its standard error is not read" {
  make_outlet messages
  fill_pipe messages
  start serve bash -c 'exec "$@" 2>messages' bash \
    "$TCPTOOL" serve --echo -v -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for_port serve
  expect_equal "$(peer clients_many "$port" 400)" 400
  stop serve
  expect_status 0
}

@test "a room whose output is blocked continues, and exits with 1 for the lost lines" {
  make_outlet shown
  into=shown start room "$TCPTOOL" chat --listen --room -b 127.0.0.1 -p 0 --port-file room.port --drain 200ms
  wait_for_port room
  start reader nc.openbsd -d 127.0.0.1 "$port"
  wait_for contains reader.out welcome
  seq -f 'line %g: some more text to fill the pipe' 20000 >said
  input=said start talker nc.openbsd -N 127.0.0.1 "$port"
  wait_for contains reader.out 'line 20000:'
  stop room
  expect_status 1
  expect_match "$(cat room.err)" 'standard output'
}

@test "send --deadline: a message cut off does not look whole" {
  start_peer peer server_says '' HOLD
  mkfifo hold
  exec 9<>hold
  printf 'the beginning' >&9
  input=hold start send "$TCPTOOL" send --deadline 300ms 127.0.0.1 "$port"
  finish send
  expect_status 124
  finish peer
  expect_match "$(cat peer.err)" 'ConnectionResetError'
}
