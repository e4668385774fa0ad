#!/usr/bin/env bats
# --max-conns-per-host and --rate: how much each client may have.
load helpers/common

# hold NAME BYTES [STEP]: a client of the echoing server on $port, which sends these bytes, and
# stays once something has come back, or after another step that prints.
hold() {
  [[ -p in ]] || mkfifo in
  exec 7<>in
  input=in start "$1" "$PYTHON" "$PEERS/client_steps.py" "$port" "send:$2" "${3:-first}" wait
  wait_for has_content "$1.out"
  not contains "$1.out" reset
}

# from ADDRESS: the header of a proxy whose client has this address.
from() {
  local family=TCP4 here=192.0.2.254
  [[ $1 != *:* ]] || family=TCP6 here=2001:db8::fe
  printf 'PROXY %s %s %s 5000 80' "$family" "$1" "$here"
}

# knock BYTES [OPTIONS...]: what comes back to a client that sends these bytes and ends, or
# "refused".
knock() {
  local answer bytes=$1
  shift
  answer=$(printf %s "$bytes" | tcptool send "$@" 127.0.0.1 "$port" 2>error) || true
  if [[ -z $answer ]]; then
    grep -q 'reset by peer' error || fail "$(cat error)"
    answer=refused
  fi
  printf '%s\n' "$answer"
}

is_served() {
  [[ $(knock "$@") != refused ]]
}

@test "--max-conns-per-host: one more connection of an address is refused, others are served" {
  start_serve --echo --max-conns-per-host 2
  hold one x
  hold two x
  expect_equal "$(knock x)" refused
  expect_equal "$(knock x -b 127.0.0.2)" x
}

@test "--max-conns-per-host: when a connection is over, the next one is served" {
  start_serve --echo --max-conns-per-host 1
  for name in one two three; do
    wait_for is_served x
    wait_for hold "$name" x
    expect_equal "$(knock x)" refused
    stop "$name"
  done
}

@test "--max-conns-per-host: behind a proxy the client counts; a /64 is one host, IPv4 in IPv6 is IPv4" {
  start_serve --echo --accept-proxy --max-conns-per-host 1
  hold four "$(from 192.0.2.1)"$'\r\nx'
  hold six "$(from 2001:db8::1)"$'\r\nx'
  expect_equal "$(knock "$(from 192.0.2.1)"$'\r\nx')" refused
  expect_equal "$(knock "$(from ::ffff:192.0.2.1)"$'\r\nx')" refused
  expect_equal "$(knock "$(from 192.0.2.2)"$'\r\nx')" x
  expect_equal "$(knock "$(from 2001:db8::ffff:0:0:1)"$'\r\nx')" refused
  expect_equal "$(knock "$(from 2001:db8:0:1::1)"$'\r\nx')" x
}

@test "--max-conns-per-host: all workers count together" {
  start_serve --echo --workers 4 --max-conns-per-host 5
  mkfifo in
  exec 7<>in
  input=in start clients "$PYTHON" "$PEERS/clients_hold.py" "$port" 5
  wait_for contains clients.out held
  for number in 1 2 3 4 5 6 7 8; do
    expect_equal "$(knock x)" refused
  done
  expect_equal "$(knock x -b 127.0.0.2)" x
  stop serve
  expect_status 0
  expect_equal "$(tail -n 1 serve.err)" 'tcptool: refused 8 clients'
}

@test "--max-conns-per-host: a refusal is reported with -v, and is not a client that was served" {
  start_serve --echo -v --max-conns-per-host 1
  hold one x
  expect_equal "$(knock x)" refused
  wait_for contains serve.err refused
  expect_match "$(tail -n 1 serve.err)" '^[^ ]+ tcptool: 127\.0\.0\.1:[0-9]+ refused: --max-conns-per-host 1$'
  expect_equal "$(grep -cE ' (connected|closed)' serve.err)" 1
}

@test "--max-conns-per-host: with TLS a refusal comes before the handshake" {
  start_serve --echo --tls --max-conns-per-host 1
  hold one '' say:ready
  wait_for refuses_tls
  stop serve
  expect_status 0
}

refuses_tls() {
  run tcptool send --tls --tls-insecure 127.0.0.1 "$port" x
  [[ $status == 1 && $output == *'reset by peer'* ]]
}

@test "--max-conns-per-host: the handshake that fails frees its place" {
  start_serve --echo --tls --max-conns-per-host 1
  for number in 1 2 3; do
    run peer client_steps "$port" 'send:no handshake at all' end rest
    wait_for echoes_in_tls
  done
}

echoes_in_tls() {
  [[ $(tcptool send -q --tls --tls-insecure 127.0.0.1 "$port" x 2>/dev/null) == x ]]
}

@test "--max-conns-per-host: a refusal does not end --once, nor take a slot of --max-conns" {
  start_serve --once --deny 127.0.0.3 --max-conns-per-host 1
  run tcptool send -b 127.0.0.3 127.0.0.1 "$port" x
  expect_status 1
  tcptool send 127.0.0.1 "$port" hello
  finish serve
  expect_status 0
  expect_file serve.out hello
  start_serve -n other --echo --max-conns 2 --max-conns-per-host 1
  hold one x
  expect_equal "$(knock x)" refused
  expect_equal "$(knock x)" refused
  expect_equal "$(knock x -b 127.0.0.2)" x
}

@test "--max-conns-per-host: clients of unix sockets have no host" {
  start serve "$TCPTOOL" serve --echo -b "unix:$PWD/s" --max-conns-per-host 1
  wait_for contains serve.err listening
  port=$PWD/s
  hold one x
  hold two x
  expect_equal "$(tcptool send unix:./s x)" x
}

@test "--max-conns-per-host: 0 sets no limit; upper, chat and rooms have it, too" {
  start_serve --echo --max-conns-per-host 0
  hold one x
  expect_equal "$(knock x)" x
  start upper "$TCPTOOL" upper -b 127.0.0.1 -p 0 --port-file upper.port --max-conns-per-host 1
  wait_for_port upper
  hold two x
  expect_equal "$(knock x)" refused
  start room "$TCPTOOL" chat --listen --room -b 127.0.0.1 -p 0 --port-file room.port \
    --max-conns-per-host 1
  wait_for_port room
  hold guest ''
  expect_equal "$(knock x)" refused
}

# Twice what --rate 20K lets through at once: one more second of it, which a slow machine makes
# longer, but nothing shorter.
make_page() {
  head -c 40K /dev/urandom >page
}

# at_rate COMMAND...: runs it; it takes the second that the rate demands.
at_rate() {
  local begun=${EPOCHREALTIME/./} taken
  "$@"
  taken=$((${EPOCHREALTIME/./} - begun))
  ((taken > 950000)) || fail "took $taken microseconds: $*"
}

into() {
  local file=$1
  shift
  tcptool "$@" >"$file"
}

# The client may be done before: the kernel takes what the server does not read yet.
send_and_finish() {
  tcptool send -q -f page 127.0.0.1 "$port"
  finish serve
}

@test "--rate: what is received is as slow, and whole" {
  make_page
  start_serve --once --rate 20K
  at_rate send_and_finish
  expect_status 0
  cmp page serve.out
}

@test "--rate: what is sent is as slow, and whole: files, pipes, messages, replies" {
  make_page
  start_serve --reply-file page --rate 20K
  at_rate into got send -q --until eof 127.0.0.1 "$port" x
  cmp page got
  start_serve -n echo --echo
  at_rate into got send --rate 20K -f page 127.0.0.1 "$port"
  cmp page got
  printf x >>page
  at_rate into got send --rate 20K 127.0.0.1 "$port" < <(cat page)
  cmp page got
  at_rate into got send --rate 20K 127.0.0.1 "$port" "$(head -c 40960 /dev/zero | tr '\0' m)"
  expect_equal "$(tr -d m <got | wc -c) $(wc -c <got)" '0 40960'
}

@test "--rate: a server that receives slows its client" {
  make_page
  start_serve --echo --rate 20K
  at_rate into got send -f page 127.0.0.1 "$port"
  cmp page got
}

@test "--rate: with TLS, in both roles" {
  make_page
  start_serve --reply-file page --tls --rate 20K
  at_rate into got send -q --tls --tls-insecure 127.0.0.1 "$port"
  cmp page got
  start_serve -n fast --reply-file page --tls
  at_rate into got send -q --tls --tls-insecure --rate 20K 127.0.0.1 "$port"
  cmp page got
  start_serve -n echo --echo --tls
  at_rate into got send -q --tls --tls-insecure --rate 20K -f page 127.0.0.1 "$port"
  cmp page got
}

@test "--rate: with -e the bytes on the wire count" {
  head -c 20480 /dev/zero | tr '\0' x >narrow
  start_serve --echo
  at_rate into got send -e utf-16le --rate 20K -f narrow 127.0.0.1 "$port"
  cmp narrow got
}

@test "--rate: a program gets pipes, and is slowed" {
  make_page
  start_serve --rate 20K sh -c 'readlink /proc/self/fd/0 >&2; cat'
  at_rate into got send -f page 127.0.0.1 "$port"
  cmp page got
  contains serve.err 'pipe:['
}

@test "--rate: on unix sockets, and over all workers each connection has its own" {
  make_page
  start serve "$TCPTOOL" serve --reply-file page --rate 20K -b "unix:$PWD/s"
  wait_for contains serve.err listening
  at_rate into got send -q unix:./s
  cmp page got
  start_serve -n many --echo --workers 2 --rate 20K
  for number in 1 2 3 4; do
    start "c$number" "$TCPTOOL" send -q -f page 127.0.0.1 "$port"
  done
  for number in 1 2 3 4; do
    finish "c$number"
    expect_status 0
    cmp page "c$number.out"
  done
}

@test "--rate: a connection that waits for its rate is not idle" {
  printf 12345 >page
  start_serve --reply-file page --rate 2 --idle-timeout 200ms
  run --separate-stderr tcptool send -q --until eof 127.0.0.1 "$port" x
  expect_status 0
  expect_equal "$output" 12345
}

@test "--rate: what it holds back when the server is stopped is reported as not delivered" {
  make_page
  start_serve --reply-file page --rate 1 --drain 10ms
  start client "$TCPTOOL" send 127.0.0.1 "$port" x
  wait_for has_content client.out
  stop serve
  expect_status 1
  contains serve.err '1 connection was closed before all of its data was delivered'
  finish client
  expect_status 1
}

@test "--rate: chat and upper have it; 0 sets no limit" {
  start chat "$TCPTOOL" chat --listen -b 127.0.0.1 -p 0 --port-file chat.port --rate 10
  wait_for_port chat
  printf 'hello\nbye\n' | tcptool chat --rate 10 127.0.0.1 "$port"
  finish chat
  expect_status 0
  expect_file chat.out 'hello\nbye\n'
  start upper "$TCPTOOL" upper -b 127.0.0.1 -p 0 --port-file upper.port --rate 0
  wait_for_port upper
  expect_equal "$(tcptool send --rate 4 127.0.0.1 "$port" strasse)" STRASSE
}

@test "--rate: what is no size is a usage error, and wait has no such option" {
  for word in x -1 1T 1.5 '' 99999999999G; do
    run tcptool send --rate "$word" 127.0.0.1 1 x
    expect_status 2
    expect_match "$output" "--rate.*\"$word\""
  done
  run tcptool wait --rate 1 127.0.0.1:1
  expect_status 2
}
