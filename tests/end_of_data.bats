#!/usr/bin/env bats
# The end of data, in both roles, with other programs on the other side.
load helpers/common

# Each program as a client that sends the file $1 and prints what comes. Those of
# netcat that do not half-close by themselves are told to.
client_with_nc_openbsd() {
  nc.openbsd -N 127.0.0.1 "$port" <"$1"
}

client_with_nc_traditional() {
  # -q 0 would close when its input ends; it then cannot see a late answer.
  nc.traditional -q 10 127.0.0.1 "$port" <"$1"
}

client_with_ncat() {
  ncat 127.0.0.1 "$port" <"$1"
}

client_with_socat() {
  socat -t 10 STDIO "TCP:127.0.0.1:$port" <"$1"
}

client_with_python() {
  "$PYTHON" -c 'import shutil, socket, sys, threading
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def send():
    s.sendall(sys.stdin.buffer.read())
    s.shutdown(socket.SHUT_WR)
threading.Thread(target=send).start()
shutil.copyfileobj(s.makefile("rb"), sys.stdout.buffer)' "$port" <"$1"
}

client_with_tcptool() {
  tcptool send 127.0.0.1 "$port" <"$1"
}

# Each program as a listener that takes one client, sends the file $1, and prints
# what comes.
listen_with_nc_openbsd() {
  input=$1 start_listener peer nc.openbsd -N -l 127.0.0.1 0
}

listen_with_nc_traditional() {
  input=$1 start_listener peer nc.traditional -q 10 -l -s 127.0.0.1
}

listen_with_ncat() {
  input=$1 start_listener peer ncat -l 127.0.0.1 0
}

listen_with_socat() {
  input=$1 start_listener peer socat -t 10 STDIO TCP-LISTEN:0,bind=127.0.0.1
}

listen_with_tcptool() {
  input=$1 start_listener peer "$TCPTOOL" serve --once -b 127.0.0.1 -p 0
}

# What comes before each test of the tables.
make_data() {
  head -c 700000 /dev/urandom >to_peer
  head -c 500000 /dev/urandom >from_peer
}

# serve prints what the client sends, to its end, and sends its input.
serves_both_ways() {
  make_data
  input=to_peer start_serve --once
  "client_with_$1" from_peer >received
  finish serve
  expect_status 0
  cmp from_peer serve.out
  cmp to_peer received
}

# send delivers its input to the end, and prints all of the answer.
sends_both_ways() {
  make_data
  "listen_with_$1" from_peer
  run_status=0
  tcptool send 127.0.0.1 "$port" <to_peer >received || run_status=$?
  expect_equal "$run_status" 0
  cmp from_peer received
  wait_for has_bytes peer.out 700000
  cmp to_peer peer.out
}

@test "serve --once and nc.openbsd: both directions arrive whole, and both end" {
  serves_both_ways nc_openbsd
}

@test "serve --once and nc.traditional: both directions arrive whole" {
  # nc.traditional never half-closes: it holds its side open for the 10 s of -q after its
  # input has ended, or until the server has ended; then serve's side is all it waits for.
  make_data
  input=to_peer start_serve --once
  client_with_nc_traditional from_peer >received
  finish serve
  expect_status 0
  cmp from_peer serve.out
  cmp to_peer received
}

@test "serve --once and ncat: both directions arrive whole, and both end" {
  serves_both_ways ncat
}

@test "serve --once and socat: both directions arrive whole, and both end" {
  serves_both_ways socat
}

@test "serve --once and Python: both directions arrive whole, and both end" {
  serves_both_ways python
}

@test "serve --once and send: both directions arrive whole, and both end" {
  serves_both_ways tcptool
}

@test "send and nc.openbsd -l: both directions arrive whole, and both end" {
  sends_both_ways nc_openbsd
  finish peer
}

@test "send and nc.traditional -l: both directions arrive whole, and both end" {
  sends_both_ways nc_traditional
  finish peer
}

@test "send and ncat -l: both directions arrive whole, and both end" {
  sends_both_ways ncat
  finish peer
}

@test "send and socat TCP-LISTEN: both directions arrive whole, and both end" {
  sends_both_ways socat
  finish peer
}

@test "send and serve --once: both directions arrive whole, and both end" {
  sends_both_ways tcptool
  finish peer
  expect_status 0
}

@test "serve --echo sends every client its data back" {
  make_data
  start_serve --echo
  for name in nc_openbsd ncat socat python tcptool; do
    "client_with_$name" from_peer >"$name.received"
    cmp from_peer "$name.received" || fail "$name got something else"
  done
}

@test "serve --reply replies to every client" {
  printf hello >from_peer
  start_serve --reply 'thank you!'
  for name in nc_openbsd nc_traditional ncat socat python tcptool; do
    "client_with_$name" from_peer >"$name.received"
    expect_file "$name.received" 'thank you!'
  done
}

@test "upper --single: data beyond the first read does not destroy the reply" {
  start upper "$TCPTOOL" upper --single --recv-size 3 -b 127.0.0.1 -p 0 --port-file upper.port
  wait_for_port upper
  for i in 1 2 3 4 5; do
    run tcptool send 127.0.0.1 "$port" abcdef
    expect_status 0
    expect_equal "$output" ABC
  done
  # The client's end of data is not waited for, either.
  run tcptool send --no-half-close 127.0.0.1 "$port" abcdef
  expect_status 0
  expect_equal "$output" ABC
}

@test "upper --single closes after its reply, whether the client does or not" {
  start upper "$TCPTOOL" upper --single --once -b 127.0.0.1 -p 0 --port-file upper.port
  wait_for_port upper
  exec 7<>"/dev/tcp/127.0.0.1/$port"
  echo hello >&7
  expect_equal "$(cat <&7)" HELLO
  finish upper
  exec 7>&-
}

@test "send --until line: more than a line in the kernel does not reset the connection" {
  mkfifo hold
  exec 7<>hold
  input=hold start server "$PYTHON" -uc 'import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], file=open("server.port", "w"), flush=True)
c = s.accept()[0]
c.sendall(b"one\ntwo\n")
while data := c.recv(1024):
    print(data.decode())
sys.stdin.read()
print(c.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))'
  wait_for_port server
  run tcptool send --recv-size 4 --until line 127.0.0.1 "$port" hello
  expect_status 0
  expect_equal "$output" one
  # The reset would have come with the end of send, and been kept in the socket.
  exec 7>&-
  finish server
  expect_file server.out 'hello\n0\n'
}

@test "a reply 1.5 s after the half-close arrives" {
  start_peer server server_late 1.5 'a late answer'
  run tcptool send 127.0.0.1 "$port" hello
  expect_status 0
  expect_equal "$output" 'a late answer'
  finish server
  expect_file server.out hello
}

@test "serve's reply to a client that has half-closed long ago arrives" {
  mkfifo hold
  exec 7<>hold
  input=hold start_serve --once
  printf 'an early word, ' >&7
  start client client_with_python <(printf 'a question')
  wait_for contains serve.out 'a question'
  sleep 1.5 # the lateness itself
  printf 'a late answer' >&7
  exec 7>&-
  finish client
  expect_status 0
  expect_file client.out 'an early word, a late answer'
  finish serve
  expect_status 0
}

@test "the end of the local input shuts the sending side down, and the other stays open" {
  mkfifo hold
  exec 7<>hold
  input=hold start_listener peer "$TCPTOOL" serve --once -b 127.0.0.1 -p 0
  printf 'one ' >&7
  start send "$TCPTOOL" send 127.0.0.1 "$port" hello
  wait_for contains peer.out hello
  wait_for contains send.out 'one '
  printf 'two' >&7
  wait_for contains send.out 'one two'
  exec 7>&-
  finish send
  expect_status 0
  finish peer
  expect_status 0
}

@test "the end from the peer ends the local output, and what is to be sent is still sent" {
  start_peer server server_says 'an answer'
  mkfifo input output
  exec 7<>input
  input=input into=output start send "$TCPTOOL" send 127.0.0.1 "$port"
  # Reading to the end works although send goes on.
  expect_equal "$(timeout "$LIMIT" cat output)" 'an answer'
  not is_gone send
  printf 'and still this' >&7
  wait_for contains server.out 'and still this'
  exec 7>&-
  finish send
  expect_status 0
  finish server
  expect_file server.out 'and still thisEND\n'
}

@test "all data before the end is delivered to a slow reader" {
  head -c 5000000 /dev/urandom >page
  start_serve --reply-file page
  tcptool send 127.0.0.1 "$port" x | "$PYTHON" -c 'import sys, time, shutil
time.sleep(0.3)
shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)' >received
  cmp page received
}

@test "serve delivers everything to a slow reader before it ends" {
  head -c 5000000 /dev/urandom >data
  start serve bash -o pipefail -c '"$@" | "$PYTHON" -c "import sys, time, shutil
time.sleep(0.3)
shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"' bash \
    "$TCPTOOL" serve --once -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for_port serve
  tcptool send 127.0.0.1 "$port" <data
  finish serve
  expect_status 0
  cmp data serve.out
}

@test "serve --once with its input at its end stays until the client ends" {
  printf greeting >greeting
  input=greeting start_serve --once
  mkfifo hold
  exec 7<>hold
  input=hold start client client_with_tcptool /dev/stdin
  printf begin >&7
  wait_for contains client.out greeting
  wait_for contains serve.out begin
  printf ' and end' >&7
  wait_for contains serve.out 'begin and end'
  exec 7>&-
  finish client
  finish serve
  expect_status 0
}

@test "a client that has closed is known at once, though the server says nothing" {
  start_serve --once
  peer client_send_only "$port" hello
  finish serve
  expect_status 0
}

# in_state STATE FILTER: a socket is.
in_state() {
  [[ $(ss -tnH state "$1" "( $2 )") ]]
}

@test "serve --once: an input that has provided nothing is not waited for once the client has ended" {
  mkfifo hold
  exec 7<>hold
  input=hold start_serve -n pipe --once
  tcptool send -q 127.0.0.1 "$port" hello
  finish pipe
  expect_status 0
  expect_file pipe.out hello
  # A terminal that says nothing.
  start terminal "$PYTHON" "$PEERS/pty_run.py" -f 02 -- bash -c \
    '"$TCPTOOL" serve --once -b 127.0.0.1 -p 0 --port-file terminal.port >copy'
  wait_for_port terminal
  tcptool send -q 127.0.0.1 "$port" hello
  finish terminal
  expect_status 0
  expect_file copy hello
}

@test "serve --once: an input that has provided bytes is sent to its end, though the client has ended" {
  mkfifo hold
  exec 7<>hold
  input=hold start_serve --once
  printf early >&7
  start client "$TCPTOOL" send 127.0.0.1 "$port"
  wait_for contains client.out early
  wait_for in_state close-wait "sport = :$port"
  printf ' and late' >&7
  exec 7>&-
  finish serve
  expect_status 0
  finish client
  expect_file client.out 'early and late'
}

@test "serve --once: bytes of the input that come together with the client's end are sent" {
  mkfifo hold end
  exec 7<>hold
  input=hold start_serve --once -v
  start client "$PYTHON" -c 'import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
open("end").read()
s.shutdown(socket.SHUT_WR)
print(s.recv(100).decode(), end="")' "$port"
  wait_for contains serve.err connected
  # A stopped server meets both at once, the end first.
  kill -STOP "${pids[serve]}"
  : >end
  wait_for in_state fin-wait-2 "dport = :$port"
  printf reply >&7
  kill -CONT "${pids[serve]}"
  exec 7>&-
  finish client
  expect_file client.out reply
  finish serve
  expect_status 0
}

@test "serve --once ends at once with 1 when its client resets, whatever its input is" {
  mkfifo hold
  exec 7<>hold
  input=hold start_serve --once
  printf early >&7
  peer client_reset "$port" text </dev/null
  finish serve
  expect_status 1
}

@test "a full circle through two pipes: serve, send, serve" {
  start_serve -n second --once
  second=$port
  start first bash -c '"$TCPTOOL" serve --once -b 127.0.0.1 -p 0 --port-file first.port </dev/null |
    "$TCPTOOL" send 127.0.0.1 "$1"' bash "$second"
  wait_for_port first
  head -c 3000000 /dev/urandom >data
  tcptool send 127.0.0.1 "$port" <data
  finish second
  expect_status 0
  cmp data second.out
  finish first
  expect_status 0
}

@test "--idle-timeout: what the peer takes out of the kernel's queue moves" {
  start_peer server server_slow_reader
  head -c 6000000 /dev/zero >data
  run tcptool send --idle-timeout 1s --until none -f data 127.0.0.1 "$port"
  expect_status 0
}

# The server's kernel holds bytes that the server has not read.
has_unread() {
  (($(ss -tnH state established "( sport = :$port )" | awk '{ print $1 }') > 0))
}

@test "serve stopped while its output takes nothing exits with 1: data was lost" {
  start serve bash -c '"$TCPTOOL" serve -b 127.0.0.1 -p 0 --drain 300ms --port-file serve.port 2>messages </dev/null |
    until [[ -e ended ]]; do sleep 0.01; done
    exit "${PIPESTATUS[0]}"'
  wait_for_port serve
  head -c 20000000 /dev/zero >data
  start client "$TCPTOOL" send -f data 127.0.0.1 "$port"
  wait_for has_unread
  kill -TERM "$(ss -ltnpH "sport = :$port" | sed 's/.*pid=\([0-9]*\),.*/\1/')"
  wait_for contains messages delivered
  touch ended
  finish serve
  expect_status 1
}
