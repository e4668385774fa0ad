#!/usr/bin/env bats
# --hexdump: every piece of data, as hexdump -C shows it.
load helpers/common
load helpers/certificates

setup_file() {
  make_certificates
}

# undump FILE in|out [PEER], undump FILE --into DIRECTORY: the data of directions. Fails when
# pieces are mixed.
undump() {
  "$PYTHON" "$PEERS/undump.py" "$@"
}

every_byte() {
  "$PYTHON" -c 'import sys
sys.stdout.buffer.write(bytes(range(256)) + bytes(64) + b"odd")'
}

@test "a piece has the layout of hexdump -C, and nothing is squeezed" {
  every_byte >data
  hexdump -C -v data >wanted
  start_serve --once --hexdump=it.dump
  tcptool send --hexdump=send.dump -f data 127.0.0.1 "$port"
  finish serve
  cmp serve.out data
  expect_match "$(head -n 1 send.dump)" "^[0-9T:.+-]+ 127\.0\.0\.1:$port >$"
  expect_match "$(head -n 1 it.dump)" '^[0-9T:.+-]+ 127\.0\.0\.1:[0-9]+ <$'
  tail -n +2 send.dump | diff - wanted
  tail -n +2 it.dump | diff - wanted
}

@test "xxd -r makes the data again, and offsets are counted in each direction" {
  head -c 300000 /dev/urandom >data
  start_serve --echo --once --hexdump=it.dump
  tcptool send -f data --hexdump=send.dump 127.0.0.1 "$port" >reply
  finish serve
  cmp data reply
  for dump in it send; do
    undump "$dump.dump" in | cmp - data
    undump "$dump.dump" out | cmp - data
  done
  awk '/ <$/ { out = 0 } / >$/ { out = 1 } out && /\|$/ { print substr($0, 11, 48) }' send.dump |
    xxd -r -p | cmp - data
}

@test "with -e it shows the bytes of the wire" {
  start_serve -e gbk --reply 谢谢 --once --hexdump=it.dump
  tcptool send -e gbk 127.0.0.1 "$port" 你好
  finish serve
  expect_equal "$(undump it.dump in | xxd -p)" c4e3bac3
  expect_equal "$(undump it.dump out | xxd -p)" d0bbd0bb
  expect_file serve.out 你好
}

@test "with --tls it shows what is inside" {
  start_serve --tls --tls-cert "$CERTS/server.pem" --echo --once --hexdump=it.dump
  tcptool send --tls --tls-ca "$CERTS/our-ca.crt" --hexdump=send.dump localhost "$port" hello >reply
  finish serve
  expect_file reply hello
  for dump in it send; do
    expect_equal "$(undump "$dump.dump" in) $(undump "$dump.dump" out)" 'hello hello'
  done
}

@test "sixteen clients at once: no piece is mixed with another, nor with messages" {
  local i peer
  start_serve --echo -v --hexdump
  for i in {1..16}; do
    head -c 100000 /dev/zero | tr '\0' "$(printf '\\%03o' $((96 + i)))" >"data$i"
    start "client$i" "$TCPTOOL" send -v -f "data$i" 127.0.0.1 "$port"
  done
  for i in {1..16}; do
    finish "client$i"
    cmp "data$i" "client$i.out"
  done
  stop serve
  expect_status 0
  mkdir found
  undump serve.err --into found
  for i in {1..16}; do
    peer=127.0.0.1:$(sed -nE 's/.* connected, from .*:([0-9]+)$/\1/p' "client$i.err")
    cmp "found/$peer.in" "data$i"
    cmp "found/$peer.out" "data$i"
  done
}

@test "a standard error that takes nothing for a while loses nothing, and costs no processor time" {
  mkfifo errors
  exec 7<>errors
  start serve bash -c 'exec "$0" serve -b 127.0.0.1 -p 0 --port-file serve.port --discard -v \
    --hexdump 2>errors' "$TCPTOOL"
  wait_for_port serve
  head -c 3000000 /dev/urandom >data
  start client "$TCPTOOL" send -f data 127.0.0.1 "$port"
  wait_for stands_still serve
  not is_gone client
  start reader cat errors
  finish client
  expect_status 0
  wait_for contains reader.out 'closed: 3000000 bytes in, 0 bytes out'
  stop serve
  expect_status 0
  exec 7>&-
  finish reader
  undump reader.out in | cmp - data
}

# The program has blocked, and is asleep.
stands_still() {
  local before after
  before=$(ticks "$1")
  sleep 0.2
  after=$(ticks "$1")
  [[ $before == "$after" ]] && (($(ss -tnH "sport = :$port" | awk '{ print $2 }' | sort -n | tail -n 1) > 0))
}

ticks() {
  awk '{ print $14 + $15 }' "/proc/${pids[$1]}/stat"
}

@test "a server whose standard error is stuck ends by SIGTERM" {
  mkfifo errors
  exec 7<>errors
  start serve bash -c 'exec "$0" serve -b 127.0.0.1 -p 0 --port-file serve.port --discard \
    --drain 0 --hexdump 2>errors' "$TCPTOOL"
  wait_for_port serve
  head -c 3000000 /dev/urandom >data
  start client "$TCPTOOL" send -f data 127.0.0.1 "$port"
  wait_for stands_still serve
  kill -TERM "${pids[serve]}"
  finish client
  finish serve
  expect_status 1
  exec 7>&-
}

@test "a server whose dump is stuck ends by SIGTERM, and reports the loss" {
  mkfifo dump
  exec 7<>dump
  start_serve --discard --drain 0 --hexdump=dump
  head -c 3000000 /dev/urandom >data
  start client "$TCPTOOL" send -f data 127.0.0.1 "$port"
  wait_for stands_still serve
  stop serve
  expect_status 1
  expect_match "$(cat serve.err)" 'error writing dump: [0-9]+ bytes were lost'
  exec 7>&-
}

@test "all of the dump is written before the program ends" {
  mkfifo errors
  exec 7<>errors
  start_serve --discard --once
  head -c 100000 /dev/urandom >data
  start client bash -c 'exec "$0" send -f data --hexdump 127.0.0.1 "$1" 2>errors' "$TCPTOOL" "$port"
  finish serve
  start reader cat errors
  finish client
  expect_status 0
  exec 7>&-
  finish reader
  undump reader.out out | cmp - data
}

@test "what the kernel would copy by itself is dumped" {
  head -c 200000 /dev/urandom >data
  start_serve --reply-file data --once --hexdump=it.dump
  tcptool send 127.0.0.1 "$port" </dev/null | cmp - data
  finish serve
  undump it.dump out | cmp - data
  start_serve -n file --once --hexdump=into_file.dump
  tcptool send --hexdump=from_pipe.dump 127.0.0.1 "$port" < <(cat data)
  finish file
  cmp file.out data
  undump into_file.dump in | cmp - data
  undump from_pipe.dump out | cmp - data
}

@test "a program reads and writes through pipes, and all of it is dumped" {
  start_serve --once --hexdump=it.dump sh -c 'readlink /proc/self/fd/0; cat'
  expect_match "$(tcptool send 127.0.0.1 "$port" hello)" '^pipe:\[[0-9]+\].hello$'
  finish serve
  expect_status 0
  expect_equal "$(undump it.dump in)" hello
  expect_match "$(undump it.dump out)" '^pipe:\[[0-9]+\].hello$'
}

@test "a program with --tls has its environment, and what is inside is dumped" {
  # shellcheck disable=SC2016 # the program's variable
  start_serve --tls --tls-cert "$CERTS/server.pem" --once --hexdump=it.dump \
    sh -c 'echo "$SSL_PROTOCOL"; cat'
  tcptool send --tls --tls-ca "$CERTS/our-ca.crt" localhost "$port" hello >reply
  finish serve
  expect_file reply 'TLSv1.3\nhello'
  undump it.dump out | cmp - reply
}

@test "the rate is limited all the same" {
  head -c 30000 /dev/urandom >data
  start_serve --once --rate 20K --hexdump=it.dump
  tcptool send -f data 127.0.0.1 "$port"
  finish serve
  cmp serve.out data
  undump it.dump in | cmp - data
}

@test "it is printed on standard error, also with -q" {
  start_serve -q --discard --once --hexdump
  tcptool send -q --hexdump=- 127.0.0.1 "$port" hello 2>send.err
  finish serve
  expect_equal "$(undump serve.err in)" hello
  expect_equal "$(undump send.err out)" hello
  not grep -q tcptool serve.err
}

@test "the peer of a unix socket is named, and a path cannot make a line of its own" {
  local path=$'odd\nname'
  start serve "$TCPTOOL" serve -b "unix:$path" --echo --once --hexdump=it.dump
  wait_for contains serve.err listening
  tcptool send --hexdump=send.dump "unix:./$path" hello
  finish serve
  expect_match "$(head -n 1 it.dump)" ' unix:.* <$'
  expect_match "$(head -n 1 send.dump)" ' unix:.*odd\?name.* >$'
  expect_equal "$(undump it.dump in)" hello
}

@test "a PROXY header is no data, and the client that it names is the peer" {
  start_serve --accept-proxy --echo --once --hexdump=it.dump
  printf 'PROXY TCP4 192.0.2.7 127.0.0.1 1234 80\r\nhello' | tcptool send 127.0.0.1 "$port"
  finish serve
  expect_equal "$(undump it.dump in 192.0.2.7:1234)" hello
}

@test "a full disk is reported once, clients are served, and the status is 1" {
  start_serve --echo --hexdump=/dev/full
  expect_equal "$(tcptool send 127.0.0.1 "$port" one)" one
  expect_equal "$(tcptool send 127.0.0.1 "$port" two)" two
  stop serve
  expect_status 1
  expect_equal "$(grep -c . serve.err)" 2
  expect_equal "$(tail -n 1 serve.err)" 'tcptool: error writing /dev/full: No space left on device'
}

@test "a closed standard error, or one whose reader has left, serves clients; the status is 1" {
  start serve bash -c 'exec "$0" serve -b 127.0.0.1 -p 0 --port-file serve.port --echo \
    --hexdump 2>&-' "$TCPTOOL"
  wait_for_port serve
  expect_equal "$(tcptool send 127.0.0.1 "$port" one)" one
  stop serve
  expect_status 1
  start serve bash -c 'exec "$0" serve -b 127.0.0.1 -p 0 --port-file port --echo \
    --hexdump 2> >(head -n 2 >/dev/null)' "$TCPTOOL"
  wait_for has_content port
  port=$(<port)
  head -c 300000 /dev/zero >data
  tcptool send -f data 127.0.0.1 "$port" | cmp - data
  stop serve
  expect_status 1
}

@test "a file that cannot be opened is a failure before the server listens" {
  run -1 --separate-stderr tcptool serve -b 127.0.0.1 -p 0 --hexdump=no/such/file
  expect_equal "$stderr" 'tcptool: cannot open no/such/file: No such file or directory'
}

@test "--hexdump and several --workers are a usage error" {
  run -2 --separate-stderr tcptool serve --echo --workers 2 --hexdump
  expect_match "$stderr" 'tcptool: serve: --workers 2: --hexdump has one output'
}

@test "chat and upper have it" {
  start upper "$TCPTOOL" upper -b 127.0.0.1 -p 0 --port-file upper.port --once --hexdump=upper.dump
  wait_for_port upper
  tcptool send 127.0.0.1 "$port" straße
  finish upper
  expect_equal "$(undump upper.dump in) $(undump upper.dump out)" 'straße STRASSE'
  start chat "$TCPTOOL" chat --listen -b 127.0.0.1 -p 0 --port-file chat.port --hexdump=chat.dump
  wait_for_port chat
  printf 'hello\nbye\n' | tcptool chat 127.0.0.1 "$port"
  finish chat
  expect_equal "$(undump chat.dump in | xxd -p)" "$(printf 'hello\nbye\n' | xxd -p)"
}
