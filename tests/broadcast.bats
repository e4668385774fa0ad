#!/usr/bin/env bats
# serve --broadcast and --broker: the same to many, from one log.
load helpers/common

# start_broadcast [OPTIONS...]: its input is the fifo "feed", which descriptor 7 keeps open.
start_broadcast() {
  mkfifo feed
  exec 7<>feed
  input=feed start_serve --broadcast -v "$@"
}

# end_of_feed [FILE]: what is left to send, and the end.
end_of_feed() {
  input=${1:-/dev/null} into=feed start feeder cat
  finish feeder
  exec 7>&-
}

# clients COUNT: so many are served, or were.
clients() {
  [[ $(grep -c ' connected$' serve.err) -ge $1 ]]
}

# start_reader NAME: reads to the end, sends nothing, and is served.
start_reader() {
  local served
  served=$(grep -c ' connected$' serve.err) || true
  start "$1" nc.openbsd -d 127.0.0.1 "$port"
  wait_for clients $((served + 1))
}

digest() {
  sha256sum <"$1" | cut -d ' ' -f 1
}

@test "--broadcast: waits for the first client, which gets everything, and ends with 0" {
  head -c 3000000 /dev/urandom >data
  input=data start_serve --broadcast
  nc.openbsd -d 127.0.0.1 "$port" >copy
  cmp data copy
  finish serve
  expect_status 0
  expect_equal "$(cat serve.out)" ''
}

@test "--broadcast: all get the same, a late client from then on" {
  start_broadcast
  start_reader early
  start_reader other
  echo one >&7
  wait_for contains early.out one
  start_reader late
  echo two >&7
  wait_for contains late.out two
  end_of_feed
  finish serve
  expect_status 0
  finish early
  finish other
  finish late
  expect_equal "$(cat early.out)" $'one\ntwo'
  expect_equal "$(cat other.out)" $'one\ntwo'
  expect_equal "$(cat late.out)" two
}

@test "--broadcast: 500 readers" {
  head -c 500000 /dev/urandom >data
  start_broadcast
  start readers "$PYTHON" "$PEERS/readers_many.py" "$port" 500
  wait_for clients 500
  end_of_feed data
  finish readers
  expect_status 0
  expect_equal "$(cat readers.out)" "500 500000 $(digest data)"
  finish serve
  expect_status 0
}

@test "--broadcast: much data to 10 readers, with a small log" {
  head -c 20000000 /dev/urandom >data
  start_broadcast --buffer 64K
  start readers "$PYTHON" "$PEERS/readers_many.py" "$port" 10
  wait_for clients 10
  end_of_feed data
  finish readers
  expect_equal "$(cat readers.out)" "10 20000000 $(digest data)"
  finish serve
  expect_status 0
  not contains serve.err 'fell behind'
}

@test "--broadcast: a reader that takes nothing is disconnected, and delays the others once" {
  head -c 40000000 /dev/urandom >data
  start_broadcast --buffer 1M
  mkfifo hold
  exec 9<>hold
  input=hold start stalled "$PYTHON" "$PEERS/client_idle.py" "$port"
  wait_for clients 1
  start_reader one
  end_of_feed data
  finish serve
  expect_status 0
  finish one
  cmp data one.out
  expect_equal "$(grep -c 'disconnected: fell behind by the whole --buffer' serve.err)" 1
}

@test "--broadcast: a slow reader that reads on is waited for" {
  head -c 8000000 /dev/urandom >data
  start_broadcast --buffer 64K
  start slow "$PYTHON" "$PEERS/client_slow_reader.py" "$port"
  wait_for clients 1
  end_of_feed data
  finish serve
  expect_status 0
  finish slow
  not contains serve.err 'fell behind'
}

@test "--broadcast: what clients send is dropped, also to its end" {
  start_broadcast
  echo ignored >said
  input=said start client nc.openbsd -N 127.0.0.1 "$port"
  wait_for clients 1
  echo hello >&7
  wait_for contains client.out hello
  end_of_feed
  finish serve
  expect_status 0
  expect_equal "$(cat serve.out)" ''
  expect_equal "$(cat client.out)" hello
}

@test "--broadcast: a client that connects after another has left gets what comes then" {
  start_broadcast
  start_reader first
  echo one >&7
  wait_for contains first.out one
  kill "${pids[first]}"
  echo unheard >&7
  wait_for contains serve.err closed
  start_reader second
  echo two >&7
  wait_for contains second.out two
  end_of_feed
  finish serve
  expect_status 0
  expect_equal "$(cat second.out)" two
}

@test "--broadcast: converts the input once, with -e and --eol" {
  printf '你好\n' >data
  input=data start_serve --broadcast -e gbk --eol crlf
  nc.openbsd -d 127.0.0.1 "$port" >copy
  printf '你好\r\n' | iconv -t gbk | cmp - copy
  finish serve
  expect_status 0
}

# Prints what came, and how that ended.
read_to_reset() {
  "$PYTHON" -c 'import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
try:
    while data := s.recv(100):
        print(data.decode(), end="", flush=True)
    print("end")
except ConnectionResetError:
    print("reset")' "$port"
}

@test "--broadcast: input that stops with an error is cut off, with status 1" {
  input=. start_serve --broadcast
  expect_equal "$(read_to_reset)" reset
  finish serve
  expect_status 1
  expect_match "$(cat serve.err)" 'error reading standard input: Is a directory'
}

@test "--broadcast: input that cannot be converted is cut off, with status 65" {
  printf 'abc\nd\377f' >data
  input=data start_serve --broadcast -e gbk
  expect_match "$(read_to_reset)" reset
  finish serve
  expect_status 65
}

@test "--broadcast: SIGTERM and --drain reset clients whose data has not ended, with status 1" {
  start_broadcast --drain 100ms
  start reader read_to_reset
  wait_for clients 1
  echo one >&7
  wait_for contains reader.out one
  stop serve
  expect_status 1
  expect_match "$(cat serve.err)" '1 connection was closed before all of its data was delivered'
  finish reader
  expect_equal "$(cat reader.out)" $'one\nreset'
}

@test "--broadcast: the end of the input within --drain is no failure" {
  start_broadcast --drain 1h
  start_reader reader
  kill "${pids[serve]}"
  wait_for contains serve.err stopping
  echo last >last
  end_of_feed last
  finish serve
  expect_status 0
  finish reader
  expect_equal "$(cat reader.out)" last
}

@test "--broadcast: a slow client has more time than --drain at the end of the input" {
  head -c 3000000 /dev/urandom >data
  start_broadcast --drain 0
  start slow "$PYTHON" "$PEERS/client_slow_reader.py" "$port"
  wait_for clients 1
  end_of_feed data
  finish serve
  expect_status 0
}

@test "--broadcast --once: the outcome is that of the client" {
  head -c 300000 /dev/urandom >data
  input=data start_serve --broadcast --once
  nc.openbsd -d 127.0.0.1 "$port" >copy
  cmp data copy
  finish serve
  expect_status 0

  mkfifo feed
  exec 7<>feed
  input=feed start_serve -n other --broadcast --once
  start reset "$PYTHON" "$PEERS/client_reset.py" "$port" hello
  finish reset
  echo data >&7
  finish other
  expect_status 1
}

@test "--broadcast: over TLS, and on a unix socket" {
  head -c 3000000 /dev/urandom >data
  mkfifo feed
  exec 7<>feed
  input=feed start serve "$TCPTOOL" serve --broadcast -v --tls \
    -b unix:path -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for_port serve
  start one "$TCPTOOL" send -q --tls --tls-insecure --no-half-close 127.0.0.1 "$port"
  start two "$TCPTOOL" send -q --tls --tls-insecure --no-half-close unix:./path
  wait_for clients 2
  end_of_feed data
  finish serve
  expect_status 0
  finish one
  finish two
  cmp data one.out
  cmp data two.out
}

@test "--broker: many talk at once: every byte, in order, to all others" {
  start_serve --broker -v --buffer 256K
  mkfifo go
  exec 9<>go
  input=go start crowd "$PYTHON" "$PEERS/broker_crowd.py" "$port" 10 300000
  wait_for clients 10
  echo go >&9
  finish crowd
  expect_equal "$(cat crowd.out)" 'every byte, in order, to all others'
  expect_status 0
}

@test "--broker: a client that has closed its sending side still receives" {
  start_serve --broker -v
  start_reader listener
  echo question >said
  input=said start asker nc.openbsd -N 127.0.0.1 "$port"
  wait_for contains listener.out question
  echo answer >said
  input=said start answerer nc.openbsd -N 127.0.0.1 "$port"
  wait_for contains asker.out answer
  expect_equal "$(cat asker.out)" answer
  expect_equal "$(cat listener.out)" $'question\nanswer'
}

@test "--broker: clients that leave in order are no failure" {
  start_serve --broker -v
  start_reader listener
  for i in 1 2 3; do
    tcptool send -q --until none 127.0.0.1 "$port" "message $i"
    wait_for contains listener.out "message $i"
  done
  echo last | nc.openbsd -N -w 1 127.0.0.1 "$port"
  wait_for contains listener.out last
  not contains serve.err error
}

@test "--broker: a silent client is disconnected by --idle-timeout" {
  start_serve --broker --idle-timeout 100ms
  nc.openbsd -d 127.0.0.1 "$port"
  wait_for contains serve.err 'idle for 100ms'
}

@test "--broadcast: --accept-timeout and --max-conns apply" {
  run tcptool serve --broadcast -b 127.0.0.1 -p 0 --accept-timeout 50ms
  expect_status 124

  start_broadcast --max-conns 1
  start_reader first
  start second nc.openbsd -d 127.0.0.1 "$port"
  echo one >&7
  wait_for contains first.out one
  kill "${pids[first]}"
  until clients 2; do
    echo more >&7
  done
  echo two >&7
  wait_for contains second.out two
  not contains second.out one
}

@test "--broadcast and --broker: what cannot be used with them" {
  while IFS='|' read -r options reason; do
    # shellcheck disable=SC2086 # several words
    run -2 tcptool serve $options
    expect_match "$output" "$reason"
  done <<'END'
--broadcast --broker|cannot be used together
--broadcast --echo|cannot be used together
--broker --reply x|cannot be used together
--broadcast --workers 2|--workers 2: one worker
--broker --workers 2|--workers 2: one worker
--broadcast cat|--broadcast and PROGRAM cannot be used together
--broker cat|--broker and PROGRAM cannot be used together
--broadcast --label|--broadcast and --label cannot be used together
--broker --raw|--broker and --raw cannot be used together
--broker -e gbk|--broker and --encoding cannot be used together
--broker --eol lf|--broker and --eol cannot be used together
--broadcast --no-sendall|--broadcast and --no-sendall cannot be used together
--buffer 1M|--buffer requires --broadcast or --broker
--broadcast --buffer 1K|--buffer
END
}
