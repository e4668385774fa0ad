#!/usr/bin/env bats
# Files, devices, fifos and closed descriptors on this side.
load helpers/common

# A file that can be opened, and not read.
UNREADABLE=/proc/self/mem

# It reads as the memory of the shell that opened it, which must not have been replaced by a
# program: that file would just be empty.
need_unreadable() {
  run cat <"$UNREADABLE"
  [[ $status == 1 && $output == *'Input/output error' ]] || skip "$UNREADABLE can be read here, or is not there"
}

@test "send -f: a fifo without a writer does not hold up --deadline" {
  start_peer server server_silent
  mkfifo never
  run tcptool send --deadline 300ms -f never 127.0.0.1 "$port"
  expect_status 124
  expect_one_error "$output"
  expect_match "$output" '--deadline'
}

@test "send -f: a fifo that is written late is sent whole" {
  start_serve
  mkfifo late
  start send "$TCPTOOL" send -f late 127.0.0.1 "$port"
  start writer bash -c 'exec >late; printf "it is %s" late'
  finish send
  expect_status 0
  wait_for contains serve.out 'it is late'
}

@test "serve --reply-file: a fifo without a writer does not hold up --deadline" {
  mkfifo never
  start serve "$TCPTOOL" serve --deadline 300ms --reply-file never -b 127.0.0.1 -p 0
  finish serve
  expect_status 124
  expect_one_error "$(cat serve.err)"
  expect_match "$(cat serve.err)" '--deadline'
}

@test "serve --reply-file: a fifo without a writer does not hold up SIGTERM" {
  mkfifo never
  start serve "$TCPTOOL" serve --reply-file never -b 127.0.0.1 -p 0
  wait_for has_open never
  stop serve
  expect_status 143
}

# serve has the file open.
has_open() {
  find "/proc/${pids[serve]}/fd" -lname "*/$1" 2>/dev/null | grep -q .
}

@test "serve --reply-file: a file without an end is refused and named" {
  # A program that would keep all of it must not take the machine with it.
  run bash -c 'ulimit -f 500000; exec timeout 20 "$TCPTOOL" serve --reply-file /dev/zero -b 127.0.0.1 -p 0'
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" '/dev/zero: more than'
}

@test "send --no-sendall: an input without an end is refused and takes no memory" {
  start_serve --discard
  [[ $TCPTOOL == *asan* ]] || limit='ulimit -v 1000000'
  run bash -c "${limit-}"'
    exec timeout 20 "$TCPTOOL" send --no-sendall --deadline 2s 127.0.0.1 "$1" </dev/zero' bash "$port"
  [[ $status == 1 || $status == 124 ]] || fail "$status" "$output"
  expect_one_error "$output"
  expect_match "$output" '--deadline|standard input: more than'
}

@test "send -f: a file that cannot be read is named, and the peer is not left waiting" {
  need_unreadable
  start_peer server server_silent
  run tcptool send -f "$UNREADABLE" 127.0.0.1 "$port"
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" "error reading $UNREADABLE: Input/output error"
  finish server
}

@test "send: an input that cannot be read is named, and the peer is not left waiting" {
  need_unreadable
  start_peer server server_silent
  run tcptool send 127.0.0.1 "$port" <"$UNREADABLE"
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" 'error reading standard input: Input/output error'
  finish server
}

@test "serve --reply-file: a file that cannot be read is named, and its clients are reset" {
  need_unreadable
  start_serve --reply-file "$UNREADABLE"
  run tcptool send --deadline 5s 127.0.0.1 "$port" hello
  expect_status 1
  expect_match "$output" 'reset by peer'
  wait_for contains serve.err "error reading $UNREADABLE: Input/output error"
  stop serve
  expect_status 0
}

@test "chat: a directory as input fails with 1 and is named" {
  start_peer server server_says 'hello\n' hold
  run tcptool chat 127.0.0.1 "$port" </
  expect_status 1
  expect_match "$output" 'tcptool: error reading standard input: Is a directory'
}

@test "chat: an input that cannot be read fails with 1 and is named" {
  need_unreadable
  start_peer server server_says 'hello\n' hold
  run tcptool chat 127.0.0.1 "$port" <"$UNREADABLE"
  expect_status 1
  expect_match "$output" 'tcptool: error reading standard input: Input/output error'
}

@test "chat --listen: an input that cannot be read fails with 1 and is named" {
  need_unreadable
  exec 9<"$UNREADABLE"
  # shellcheck disable=SC2016 # for the shell inside
  start chat bash -c 'exec "$@" <&9' bash "$TCPTOOL" chat --listen -b 127.0.0.1 -p 0 --port-file chat.port
  wait_for_port chat
  start caller nc.openbsd -d 127.0.0.1 "$port"
  finish chat
  expect_status 1
  expect_match "$(cat chat.err)" 'error reading standard input: Input/output error'
}

@test "chat --listen: a directory as input fails with 1 and is named" {
  input=/ start chat "$TCPTOOL" chat --listen -b 127.0.0.1 -p 0 --port-file chat.port
  wait_for_port chat
  start caller nc.openbsd -d 127.0.0.1 "$port"
  finish chat
  expect_status 1
  expect_match "$(cat chat.err)" 'error reading standard input: Is a directory'
}

@test "chat --listen --room sends the lines of a file" {
  seq -f 'line %g of the file' 3 >lines
  input=lines start room "$TCPTOOL" chat --listen --room -b 127.0.0.1 -p 0 --port-file room.port
  wait_for_port room
  start guest nc.openbsd -d 127.0.0.1 "$port"
  wait_for contains guest.out welcome
  wait_for contains guest.out 'host: line 3 of the file'
  expect_equal "$(grep '^host:' guest.out)" "$(sed 's/^/host: /' lines)"
  stop room
  expect_status 0
}

@test "chat --listen --room: a full disk on standard output gives status 1" {
  # What is used after it was freed is not what it was.
  into=/dev/full start room env GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.perturb=165 \
    "$TCPTOOL" chat --listen --room -b 127.0.0.1 -p 0 --port-file room.port
  wait_for has_port_or_is_gone room
  start guest nc.openbsd -d 127.0.0.1 "$(cat room.port)"
  finish room
  expect_status 1
  expect_match "$(tail -n 1 room.err)" '^tcptool: error writing standard output: No space left on device$'
}

@test "--port-file: a fifo without a reader does not hold up SIGTERM" {
  mkfifo serve.port
  start serve "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for contains serve.err 'listening on'
  stop serve
  expect_status 0
}

@test "--port-file: a fifo that is read late gets the port" {
  mkfifo serve.port
  start serve "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for contains serve.err 'listening on'
  port=$(timeout 10 head -n 1 serve.port)
  contains serve.err "127.0.0.1:$port"
}
