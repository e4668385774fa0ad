#!/usr/bin/env bats
# Listening: where, how many, how long, and how it ends.
load helpers/common

# The columns of ss: the backlog of the socket that listens on $port.
backlog() {
  ss -ltnH "( sport = :$port )" | awk '{print $3}' | sort -u
}

@test "the backlog is 128 by default, and visible in ss" {
  start_serve -n default
  expect_equal "$(backlog)" 128
  start_serve -n five --backlog 5
  expect_equal "$(backlog)" 5
  start_serve -n none --backlog 0
  expect_equal "$(backlog)" 0
  start_serve -n many --backlog=1000
  expect_equal "$(backlog)" 1000
}

@test "a backlog above the kernel's limit is reported" {
  limit=$(cat /proc/sys/net/core/somaxconn)
  start_serve --backlog $((limit + 1))
  expect_equal "$(backlog)" "$limit"
  wait_for contains serve.err 'listening'
  expect_match "$(cat serve.err)" "$((limit + 1)).*$limit"
}

@test "port 0 picks one free port for IPv4 and IPv6, and reports it" {
  start serve "$TCPTOOL" serve -p 0 --port-file serve.port
  wait_for_port serve
  expect_equal "$(wc -l <serve.port)" 1
  wait_for contains serve.err "listening on 0.0.0.0:$port"
  wait_for contains serve.err "listening on [::]:$port"
  tcptool send 127.0.0.1 "$port" one
  wait_for contains serve.out one
  tcptool send ::1 "$port" two
  wait_for contains serve.out two
}

@test "-4 and -6 listen on one family" {
  start four "$TCPTOOL" serve -4 -p 0 --port-file four.port
  wait_for_port four
  tcptool send 127.0.0.1 "$port" x
  run tcptool send ::1 "$port" x
  expect_status 1
  start six "$TCPTOOL" serve -6 -p 0 --port-file six.port
  wait_for_port six
  tcptool send ::1 "$port" x
  run tcptool send 127.0.0.1 "$port" x
  expect_status 1
}

@test "-b is repeatable, with ports of their own" {
  start serve "$TCPTOOL" serve -b 127.0.0.1:0 -b '[::1]:0' -b 127.0.0.2 -p 0 --port-file serve.port
  wait_for_port serve
  expect_equal "$(wc -l <serve.port)" 3
  expect_equal "$(grep -c 'listening on' serve.err)" 3
  { read -r first; read -r second; read -r third; } <serve.port
  tcptool send 127.0.0.1 "$first" one.
  wait_for contains serve.out one.
  tcptool send ::1 "$second" two.
  wait_for contains serve.out two.
  tcptool send 127.0.0.2 "$third" three.
  wait_for contains serve.out three.
  run tcptool send 127.0.0.2 "$first" x
  expect_status 1
}

@test "-p 0 is one port for all addresses that name none" {
  start serve "$TCPTOOL" serve -b 127.0.0.1 -b ::1 -b 127.0.0.2 -p 0 --port-file serve.port
  wait_for_port serve
  expect_equal "$(wc -l <serve.port)" 1
  expect_equal "$(grep -c "listening on .*:$port\$" serve.err)" 3
  tcptool send ::1 "$port" one.
  tcptool send 127.0.0.2 "$port" two.
  wait_for contains serve.out two.
}

@test "-b of the same address again listens there once" {
  start serve "$TCPTOOL" serve -b 127.0.0.1 -b 127.0.0.1 -b 127.0.0.2 -p 0 --port-file serve.port
  wait_for_port serve
  expect_equal "$(wc -l <serve.port)" 1
  expect_equal "$(grep -c 'listening on' serve.err)" 2
}

@test "-b takes a name" {
  start serve "$TCPTOOL" serve -b localhost -p 0 --port-file serve.port
  wait_for_port serve
  tcptool send 127.0.0.1 "$port" hello
  wait_for contains serve.out hello
}

@test "-b of an address that is not ours fails with 1 and names it" {
  run tcptool serve -b 192.0.2.1 -p 0
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" '192\.0\.2\.1:0: Cannot assign requested address'
}

@test "a port in use fails with 1 and names the port" {
  start_serve
  run tcptool serve -b 127.0.0.1 -p "$port"
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" "127\.0\.0\.1:$port.*Address already in use"
}

@test "a port that is in use in one family only is in use" {
  start_serve
  run tcptool serve -p "$port"
  expect_status 1
  expect_match "$output" ":$port.*Address already in use"
}

@test "two servers cannot share a port" {
  start_serve
  run tcptool serve -b 127.0.0.1 -p "$port" --once --accept-timeout 1s
  expect_status 1
}

@test "a port is free again at once after a server has ended with connections" {
  start_serve --once --reply bye
  first=$port
  run tcptool send 127.0.0.1 "$port" hello
  expect_equal "$output" bye
  finish serve
  expect_status 0
  start again "$TCPTOOL" serve -b 127.0.0.1 -p "$first" --port-file again.port
  wait_for_port again
  expect_equal "$port" "$first"
}

@test "--port-file appears whole, and only when the port is open" {
  start_serve
  run tcptool send 127.0.0.1 "$(cat serve.port)" hello
  expect_status 0
  expect_file serve.port "$port\\n"
}

@test "--port-file replaces a file that is there" {
  echo 'old, and longer than a port' >serve.port
  start serve "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for contains serve.err listening
  expect_match "$(cat serve.port)" '^[0-9]+$'
}

@test "--port-file writes into a pipe" {
  mkfifo port
  start serve "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file port
  read -r number <port
  run tcptool send 127.0.0.1 "$number" hello
  expect_status 0
}

@test "--port-file that cannot be written fails with 1 and names the file" {
  run tcptool serve -b 127.0.0.1 -p 0 --port-file missing/port
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" 'missing/port.*No such file'
}

@test "--once stops listening at once" {
  start_serve --once
  mkfifo hold
  exec 7<>hold
  input=hold start client "$TCPTOOL" send 127.0.0.1 "$port"
  printf hello >&7
  wait_for contains serve.out hello
  run tcptool send 127.0.0.1 "$port" 'too late'
  expect_status 1
  expect_match "$output" 'Connection refused'
  printf ' and more' >&7
  wait_for contains serve.out 'hello and more'
  exec 7>&-
  finish client
  expect_status 0
  finish serve
  expect_status 0
}

@test "closing the listener leaves the accepted connections working" {
  start_serve --echo --drain 60s
  mkfifo hold
  exec 7<>hold
  input=hold start client "$TCPTOOL" send 127.0.0.1 "$port"
  printf before >&7
  wait_for contains client.out before
  kill -TERM "${pids[serve]}"
  wait_for refuses "$port"
  printf ' after' >&7
  wait_for contains client.out 'before after'
  not is_gone serve
  # The client's end ends the server too, long before the drain time is over.
  exec 7>&-
  finish serve
  expect_status 0
  expect_match "$(cat serve.err)" 'stopping: waiting up to 1m for 1 connection to close; again to end it now'
}

refuses() {
  run "$TCPTOOL" send 127.0.0.1 "$1" ''
  [[ $status == 1 && $output == *refused* ]]
}

@test "SIGTERM and SIGINT end an idle server at once, with 0" {
  start_serve -n one
  stop one TERM
  expect_status 0
  start_serve -n two
  stop two INT
  expect_status 0
}

@test "SIGTERM waits for connections to close" {
  start_serve --drain 60s
  mkfifo hold
  exec 7<>hold
  input=hold start client "$PYTHON" "$PEERS/client_idle.py" "$port" 'first'
  wait_for contains serve.out first
  kill -TERM "${pids[serve]}"
  wait_for refuses "$port"
  exec 7>&-
  finish client
  expect_status 0
  finish serve
  expect_status 0
}

@test "--drain closes the connections that are still open" {
  start_serve --drain 200ms --echo
  mkfifo hold
  exec 7<>hold
  input=hold start client "$PYTHON" "$PEERS/client_idle.py" "$port"
  wait_for contains client.out READY
  stop serve TERM
  expect_status 0
  exec 7>&-
}

@test "--drain 0 closes at once" {
  start_serve --drain 0
  mkfifo hold
  exec 7<>hold
  input=hold start client "$PYTHON" "$PEERS/client_idle.py" "$port" hello
  wait_for contains serve.out hello
  stop serve TERM
  expect_status 0
  exec 7>&-
}

@test "--once: the connection that --drain cuts off before its end gives status 1" {
  mkfifo hold
  exec 7<>hold
  start_serve --once --drain 0
  input=hold start client "$PYTHON" "$PEERS/client_steps.py" "$port" send:part wait
  wait_for has_content serve.out
  stop serve
  expect_status 1
  contains serve.err '1 connection was closed before all of its data was delivered'
  expect_file serve.out part
}

@test "what a failing server cuts off is reset, not ended" {
  start_serve --echo --deadline 5s
  start client "$PYTHON" "$PEERS/client_steps.py" "$port" send:part first rest
  finish client
  expect_status 1
  expect_file client.out partreset
  finish serve
  expect_status 124
}

@test "a connection that --drain cuts off undelivered gives status 1" {
  head -c 30000000 /dev/zero >page
  start_serve --reply-file page --drain 200ms
  start client "$PYTHON" -c 'import socket, sys, signal
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
print(s.recv(1), flush=True)
signal.pause()' "$port"
  wait_for has_content client.out
  stop serve TERM
  expect_status 1
  expect_match "$(tail -n 1 serve.err)" 'before all of its data was delivered'
}

@test "a second signal ends at once" {
  start_serve --drain 1h
  mkfifo hold
  exec 7<>hold
  input=hold start client "$PYTHON" "$PEERS/client_idle.py" "$port" hello
  wait_for contains serve.out hello
  kill -TERM "${pids[serve]}"
  wait_for contains serve.err stopping
  stop serve TERM
  expect_status 143
  exec 7>&-
}

@test "--accept-timeout exits with 124 when no client has connected" {
  start_serve --accept-timeout 200ms
  finish serve
  expect_status 124
  expect_match "$(tail -n 1 serve.err)" '^tcptool: .*200ms.*--accept-timeout'
}

@test "--accept-timeout is over when a client has connected" {
  start_serve --accept-timeout 1s
  tcptool send 127.0.0.1 "$port" hello
  wait_for contains serve.out hello
  sleep 1.2 # it is the passing of this time that must do nothing
  not is_gone serve
}

@test "--max-conns queues new clients in the backlog until one leaves" {
  start_serve --max-conns 1
  mkfifo hold
  exec 7<>hold
  input=hold start first "$PYTHON" "$PEERS/client_idle.py" "$port" 'first;'
  wait_for contains serve.out 'first;'
  start second "$TCPTOOL" send 127.0.0.1 "$port" 'second;'
  # Connected and sent, as far as the second can see, but not accepted.
  wait_for waiting_in_backlog 1
  expect_file serve.out 'first;'
  exec 7>&-
  wait_for contains serve.out 'second;'
  finish second
  expect_status 0
}

@test "--max-conns: at the limit the server waits without spinning" {
  start_serve --max-conns 1
  mkfifo hold
  exec 7<>hold
  input=hold start first "$PYTHON" "$PEERS/client_idle.py" "$port" 'first;'
  wait_for contains serve.out 'first;'
  start second "$TCPTOOL" send 127.0.0.1 "$port" 'second;'
  wait_for waiting_in_backlog 1
  before=$(ticks serve)
  sleep 0.5 # the time in which it must not spin
  (($(ticks serve) - before < 10))
  exec 7>&-
}

waiting_in_backlog() {
  [[ $(ss -ltnH "( sport = :$port )" | awk '{print $2}') == "$1" ]]
}

@test "1,000 clients at once on serve --echo" {
  start_serve --echo --backlog 1000
  run --separate-stderr peer clients_many "$port" 1000
  expect_equal "$output" 1000
}

@test "1,000 clients at once, 100 at a time, all get a reply in the end" {
  start_serve --echo --max-conns 100 --backlog 1000 -v
  run --separate-stderr peer clients_in_turn "$port" 1000
  expect_equal "$output" 1000
}

@test "out of descriptors: accepting pauses, and resumes when some are free" {
  start serve bash -c 'ulimit -n 32; exec "$@"' bash \
    "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file serve.port --echo
  wait_for_port serve
  run --separate-stderr peer clients_in_turn "$port" 200
  expect_equal "$output" 200
  not is_gone serve
  expect_equal "$(grep -c 'Too many open files' serve.err)" "$(grep -c paused serve.err)"
}

# Clock ticks of processor time that NAME has used.
ticks() {
  awk '{print $14 + $15}' "/proc/${pids[$1]}/stat"
}

@test "out of descriptors: it waits without spinning" {
  start serve bash -c 'ulimit -n 32; exec "$@"' bash \
    "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file serve.port --echo
  wait_for_port serve
  mkfifo hold
  exec 7<>hold
  input=hold start clients "$PYTHON" -c 'import socket, sys
clients = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(60)]
sys.stdin.read()' "$port"
  wait_for contains serve.err 'Too many open files'
  before=$(ticks serve)
  sleep 1 # the time in which it must not spin
  used=$(($(ticks serve) - before))
  ((used < 50)) || fail "used $used of 100 ticks of a second"
  expect_equal "$(grep -c 'Too many open files' serve.err)" 1
  exec 7>&-
  finish clients
  run tcptool send 127.0.0.1 "$port" hello
  expect_equal "$output" hello
}

@test "an idle server uses no CPU time" {
  start_serve
  before=$(ticks serve)
  sleep 0.5 # the time in which it must not spin
  (($(ticks serve) - before < 10))
}

@test "--max-conns 0 has no limit" {
  start_serve --echo --max-conns 0 --backlog 1000
  run peer clients_many "$port" 200
  expect_equal "$output" 200
}

@test "serve on a privileged port without the right to fails with 1 and says so" {
  ((EUID == 0)) || skip 'needs root, to give the right up'
  run setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
    timeout 5 "$TCPTOOL" serve -b 127.0.0.1 -p 80
  [[ $(cat /proc/sys/net/ipv4/ip_unprivileged_port_start) -gt 80 ]] || skip 'port 80 is free for all here'
  expect_status 1
  expect_match "$output" '127\.0\.0\.1:80: Permission denied'
}
