#!/usr/bin/env bats
# --workers: several loops share the port, one set of limits and one shutdown.
load helpers/common

threads_of() {
  find "/proc/${pids[serve]}/task" -mindepth 1 -maxdepth 1 | wc -l
}

@test "workers: N workers reply to many clients" {
  start_serve --echo --workers 3
  expect_equal "$(threads_of)" 3
  run -0 peer clients_many "$port" 300
  stop serve
  expect_equal "$status" 0
}

@test "workers: --max-conns is one limit for all" {
  start_serve --echo --workers 2 --max-conns 5
  mkfifo hold
  exec 7<>hold
  for i in 1 2 3 4 5 6 7 8; do
    input=hold start "held$i" "$PYTHON" "$PEERS/client_idle.py" "$port"
  done
  wait_for served_and_waiting 5 3
  exec 7>&-
  run -0 peer clients_in_turn "$port" 100
  expect_equal "$output" 100
  stop serve
  expect_equal "$status" 0
}

# served_and_waiting N M: the server has N connections, and has not accepted M.
served_and_waiting() {
  served "$1" && [[ $(ss -ltnH "( sport = :$port )" | awk '{ print $2 }') == "$2" ]]
}

@test "workers: no more clients at a time than the limit, and all are served" {
  start_serve --echo --workers 4 --max-conns 3
  mkfifo hold
  exec 7<>hold
  for i in 1 2 3 4 5; do
    input=hold start "held$i" "$PYTHON" "$PEERS/client_idle.py" "$port"
  done
  wait_for served_and_waiting 3 2
  stop held1 KILL
  stop held2 KILL
  stop held3 KILL
  wait_for served 2
}

# served N: the server has N connections.
served() {
  [[ $(ss -tnpH state established "( sport = :$port )" | grep -c "pid=${pids[serve]},") == "$1" ]]
}

@test "workers: upper replies in all of them, and -e counts in all" {
  start upper "$TCPTOOL" upper -b 127.0.0.1 -p 0 --port-file upper.port --workers 2
  wait_for_port upper
  for i in 1 2 3 4 5 6 7 8; do
    expect_equal "$(tcptool send 127.0.0.1 "$port" "straße $i")" "STRASSE $i"
  done
  stop upper
  expect_equal "$status" 0
}

@test "workers: what clients send with --reply is printed, all of it" {
  start_serve --reply ok --raw --workers 2
  for i in 1 2 3 4 5 6; do
    expect_equal "$(tcptool send 127.0.0.1 "$port" "text $i;")" ok
  done
  stop serve
  expect_equal "$(tr ';' '\n' <serve.out | sort | tr -d '\n')" 'text 1text 2text 3text 4text 5text 6'
}

# watched_sockets: how many sockets each of the server's loops watches, the fewest first.
watched_sockets() {
  local own=/proc/${pids[serve]} fd watched
  for fd in "$own/fd"/*; do
    [[ $(readlink "$fd") == *eventpoll* ]] || continue
    sed -n 's/^tfd: *\([0-9]*\) .*/\1/p' "$own/fdinfo/${fd##*/}" |
      while read -r watched; do readlink "$own/fd/$watched"; done | grep -c socket || true
  done | sort -n
}

@test "workers: open connections are spread evenly" {
  start_serve --echo --workers 2
  mkfifo hold
  exec 7<>hold
  input=hold start held "$PYTHON" "$PEERS/clients_hold.py" "$port" 24
  wait_for contains held.out held
  run -0 watched_sockets
  # 12 each, and a lead of an eighth; the listener may be among them.
  ((lines[0] >= 10))
  expect_equal "${#lines[@]}" 2
}

@test "workers: one signal waits for the clients of all, a second exits at once" {
  start_serve --echo --workers 2 --drain 30s
  mkfifo hold
  exec 7<>hold
  for i in 1 2 3 4; do
    input=hold start "held$i" "$PYTHON" "$PEERS/client_idle.py" "$port"
  done
  wait_for served 4
  kill -TERM "${pids[serve]}"
  wait_for contains serve.err stopping
  run ! tcptool send 127.0.0.1 "$port" x
  stop serve
  expect_equal "$status" 143
}

@test "workers: a second signal ends at once also when the clients are another thread's" {
  start_serve --echo --workers 3 --drain 1h
  mkfifo hold
  exec 7<>hold
  input=hold start held "$PYTHON" "$PEERS/client_idle.py" "$port"
  wait_for served 1
  kill -TERM "${pids[serve]}"
  wait_for contains serve.err 'for 1 connection to close'
  stop serve
  expect_equal "$status" 143
}

@test "workers: --deadline ends everything with status 124" {
  start_serve --echo --workers 3 --deadline 300ms
  finish serve
  expect_equal "$status" 124
  expect_equal "$(grep -c deadline serve.err)" 1
}

@test "workers: a full disk ends everything with status 1" {
  into=/dev/full start serve "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file serve.port --reply ok --raw --workers 3
  wait_for_port serve
  for i in 1 2 3 4; do tcptool send 127.0.0.1 "$port" text || true; done
  finish serve
  expect_equal "$status" 1
  contains serve.err 'No space left'
}

@test "workers: refused where an output or one connection is shared" {
  run -2 tcptool serve --workers 2
  [[ $output == *--workers* ]]
  run -2 tcptool serve --echo --once --workers 2
  [[ $output == *--once* ]]
  run -2 tcptool serve --reply x --label --workers 2
  [[ $output == *--raw* ]]
}

has_no_children() {
  [[ -z $(ps -o pid= --ppid "${pids[serve]}") ]]
}

@test "workers: programs of many clients" {
  for mode in --backlog=128 --encoding=latin1; do
    rm -f serve.port
    start_serve "$mode" --workers 4 --backlog 2000 --max-conns 100 cat
    run peer clients_many "$port" 300
    expect_equal "$output" 300
    wait_for has_no_children
    stop serve
    expect_status 0
    expect_equal "$(grep -v 'listening' serve.err)" ''
  done
}

@test "workers: no process of a program is left by a stop" {
  start_serve --workers 3 --drain 0 sh -c 'trap "" HUP; echo $$ >>list; printf x; sleep 1000'
  [[ -p hold ]] || mkfifo hold
  exec 7<>hold
  input=hold start clients "$PYTHON" -c 'import socket, sys
held = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(9)]
[s.recv(1) for s in held]
print("held", flush=True)
sys.stdin.read()' "$port"
  wait_for contains clients.out held
  stop serve
  while read -r pid; do
    not kill -0 "$pid"
  done <list
  expect_equal "$(wc -l <list)" 9
}
