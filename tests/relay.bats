#!/usr/bin/env bats
# relay: each client is connected to another address; bytes, ends and failures pass both ways.
load helpers/common

expect_reset() {
  expect_match "$1" 'Connection reset by peer'
}

@test "relay: bytes pass both ways, and each direction ends by itself" {
  start_serve --reply 'good bye' -v
  start_relay -v "127.0.0.1:$port"
  run --separate-stderr tcptool send 127.0.0.1 "$port" hello
  expect_status 0
  expect_equal "$output" 'good bye'
  wait_for contains relay.err 'closed: 5 bytes in, 8 bytes out'
  expect_match "$(cat relay.err)" '127.0.0.1:[0-9]+: connected to 127.0.0.1:[0-9]+, from 127.0.0.1:'
  expect_equal "$(cat serve.out)" hello
  stop relay
  expect_status 0
}

@test "relay: a reply that comes long after the half-close is delivered" {
  start_peer late server_late 3 'at last'
  start_relay "127.0.0.1:$port"
  run tcptool send 127.0.0.1 "$port" question
  expect_status 0
  expect_equal "$output" 'at last'
  expect_equal "$(cat late.out)" question
}

@test "relay: a large transfer arrives whole, both ways at once" {
  head -c 50000000 /dev/urandom >big
  start_serve --echo
  start_relay "127.0.0.1:$port"
  tcptool send 127.0.0.1 "$port" <big >back
  cmp big back
}

@test "relay: a peer that reads slowly gets everything" {
  head -c 8000000 /dev/urandom >big
  start_peer slow server_slow_reader
  start_relay "127.0.0.1:$port"
  tcptool send 127.0.0.1 "$port" <big
  finish slow
  expect_equal "$(cat slow.out)" "8000000 $(sha256sum <big | cut -d ' ' -f 1)"
}

@test "relay: 1000 clients at once each get their own data" {
  start_serve --echo --backlog 1000
  start_relay --backlog 1000 --connect-timeout 0 "127.0.0.1:$port"
  run peer clients_many "$port" 1000
  [[ $output == 1000 ]] || fail "$(tail -n 3 relay.err)" "${lines[@]: -2}"
  stop relay
  expect_status 0
  expect_equal "$(grep -v listening relay.err)" ''
}

@test "relay: without descriptors for their targets, clients wait in the backlog" {
  start_serve --echo
  start relay bash -c 'ulimit -n 64 && exec "$@"' _ "$TCPTOOL" relay -b 127.0.0.1 -p 0 --port-file relay.port \
    "127.0.0.1:$port"
  wait_for_port relay
  contains relay.err '--max-conns 1000: reduced to '
  run peer clients_many "$port" 100
  expect_equal "$output" 100
  stop relay
  expect_status 0
  not contains relay.err 'Too many open files'
}

@test "relay: workers share the port" {
  start_serve --echo
  start_relay --workers 3 --spread "127.0.0.1:$port" "127.0.0.1:$port"
  run peer clients_many "$port" 100
  expect_equal "$output" 100
  stop relay
  expect_status 0
}

@test "relay: HOST PORT in two words, and several of them" {
  start_serve --reply yes
  start_relay 127.0.0.1 "$(closed_port)" localhost "$port"
  run tcptool send 127.0.0.1 "$port" hello
  expect_equal "$output" yes
}

@test "relay: when an address refuses, the next is tried" {
  start_serve --reply yes
  start_relay "127.0.0.1:$(closed_port)" "127.0.0.1:$port"
  for _ in 1 2; do
    run tcptool send 127.0.0.1 "$port" hello
    expect_status 0
    expect_equal "$output" yes
  done
}

@test "relay: --spread begins with another address for each client" {
  local addresses=()
  for name in a b c; do
    start_serve -n "$name" --reply "$name"
    addresses+=("127.0.0.1:$port")
  done
  start_relay --spread "${addresses[@]}"
  for name in a b c a; do
    expect_equal "$(tcptool send 127.0.0.1 "$port" hello)" "$name"
  done
}

@test "relay: without --spread the first address is always the first" {
  start_serve -n a --reply a
  first=$port
  start_serve -n b --reply b
  start_relay "127.0.0.1:$first" "127.0.0.1:$port"
  for _ in 1 2 3; do
    expect_equal "$(tcptool send 127.0.0.1 "$port" hello)" a
  done
}

@test "relay: when all addresses fail, one line names each, and the client is reset" {
  one=$(closed_port)
  two=$(closed_port)
  start_relay "127.0.0.1:$one" "127.0.0.1:$two"
  run --separate-stderr tcptool send 127.0.0.1 "$port" hello
  expect_status 1
  # shellcheck disable=SC2154 # set by run
  expect_reset "$stderr"
  wait_for contains relay.err "cannot connect to 127.0.0.1:$one"
  expect_match "$(grep cannot relay.err)" \
    "^tcptool: 127.0.0.1:[0-9]+: cannot connect to 127.0.0.1:$one: 127.0.0.1:$one: Connection refused; cannot connect to 127.0.0.1:$two: 127.0.0.1:$two: Connection refused\$"
  stop relay
  expect_status 0
}

@test "relay: with --once, the outcome of the client is its own" {
  start_relay --once "127.0.0.1:$(closed_port)"
  run tcptool send 127.0.0.1 "$port" hello
  expect_status 1
  finish relay
  expect_status 1
}

@test "relay: --retry waits for a server that is still starting" {
  mkdir there
  start_relay --retry 30s -v unix:there/server
  start client "$TCPTOOL" send 127.0.0.1 "$port" hello
  wait_for contains relay.err 'trying again'
  start serve "$TCPTOOL" serve -b unix:there/server --reply ready
  finish client
  expect_status 0
  expect_equal "$(cat client.out)" ready
}

@test "relay: a server that resets midway becomes a reset for the client, after its data" {
  start_peer server server_reset 5 'half a reply'
  start_relay "127.0.0.1:$port"
  run --separate-stderr tcptool send 127.0.0.1 "$port" hello
  expect_status 1
  expect_equal "$output" 'half a reply'
  expect_reset "$stderr"
  # Passing on the end of the client's data may be what meets the reset.
  wait_for contains relay.err Connection
  expect_match "$(grep error relay.err)" \
    '^tcptool: 127.0.0.1:[0-9]+: error (receiving from|sending to) 127.0.0.1:[0-9]+: Connection reset by peer$'
}

@test "relay: a server that is killed with data unread becomes a reset for the client" {
  start_peer stalled server_stalled
  start_relay -v "127.0.0.1:$port"
  head -c 50000000 /dev/zero >big
  start client "$TCPTOOL" send 127.0.0.1 "$port" -f big
  wait_for contains relay.err 'connected to'
  kill -KILL "${pids[stalled]}"
  finish client
  expect_status 1
  expect_reset "$(cat client.err)"
  wait_for contains relay.err 'Connection reset by peer'
}

@test "relay: a client that resets becomes a reset for the server, after its data" {
  start_serve
  start_relay "127.0.0.1:$port"
  mkfifo gate
  input=gate start client "$PYTHON" "$PEERS/client_reset.py" "$port" 'half a question'
  exec 7>gate
  wait_for contains serve.out 'half a question'
  exec 7>&-
  wait_for contains serve.err 'Connection reset by peer'
  wait_for contains relay.err 'Connection reset by peer'
}

@test "relay: what a server sends before it refuses more is delivered" {
  start_peer server server_reset 1 'too much'
  start_relay "127.0.0.1:$port"
  head -c 20000000 /dev/zero >big
  run --separate-stderr tcptool send 127.0.0.1 "$port" -f big
  expect_status 1
  expect_equal "$output" 'too much'
}

@test "relay: an idle pair is reset on both sides" {
  start_serve
  start_relay --idle-timeout 200ms "127.0.0.1:$port"
  run --separate-stderr tcptool send --no-half-close 127.0.0.1 "$port" hello
  expect_status 1
  expect_reset "$stderr"
  wait_for contains serve.err 'Connection reset by peer'
  wait_for contains relay.err 'idle for 200ms (--idle-timeout)'
}

@test "relay: a server that never reads is idle once nothing moves" {
  start_peer stalled server_stalled
  start_relay --idle-timeout 1s "127.0.0.1:$port"
  head -c 50000000 /dev/zero >big
  run --separate-stderr tcptool send 127.0.0.1 "$port" -f big
  expect_status 1
  wait_for contains relay.err 'idle for 1s'
}

@test "relay: what is left after --drain is reset on both sides" {
  start_serve -v
  start_relay --drain 100ms "127.0.0.1:$port"
  start client "$TCPTOOL" send --no-half-close 127.0.0.1 "$port" hello
  wait_for contains serve.out hello
  stop relay
  expect_status 1
  expect_match "$(cat relay.err)" '1 connection was closed before all of its data was delivered'
  finish client
  expect_status 1
  wait_for contains serve.err 'Connection reset by peer'
}

@test "relay: --drain lets a connection end by itself" {
  start_serve --reply 'good bye'
  start_relay "127.0.0.1:$port"
  mkfifo gate
  input=gate start client "$TCPTOOL" send 127.0.0.1 "$port"
  exec 7>gate
  echo first >&7
  wait_for contains serve.out first
  kill -TERM "${pids[relay]}"
  wait_for contains relay.err 'stopping'
  echo second >&7
  exec 7>&-
  finish client
  expect_status 0
  expect_equal "$(cat client.out)" 'good bye'
  finish relay
  expect_status 0
  expect_equal "$(cat serve.out)" $'first\nsecond'
}

@test "relay: unix sockets on either side" {
  mkdir there
  start serve "$TCPTOOL" serve -b unix:there/server --reply yes
  wait_for contains serve.err listening
  start relay "$TCPTOOL" relay -b unix:there/relay unix:there/server
  wait_for contains relay.err listening
  run tcptool send unix:there/relay hello
  expect_status 0
  expect_equal "$output" yes
  head -c 3000000 /dev/urandom >big
  tcptool send unix:there/relay -f big
  wait_for has_bytes serve.out 3000005
  tail -c 3000000 serve.out | cmp - big
}

@test "relay: --to-encoding and --to-eol convert for the other side alone" {
  start_serve --raw --reply "$(printf '\xa4\xa4\xa4\xe5')"
  start_relay --to-encoding big5 --to-eol crlf "127.0.0.1:$port"
  run tcptool send 127.0.0.1 "$port" --eol lf '中文'
  expect_status 0
  expect_equal "$output" '中文'
  expect_file serve.out '\xa4\xa4\xa4\xe5\r\n'
}

@test "relay: -e converts for clients, to UTF-8 or to --to-encoding" {
  start_serve --raw
  server=$port
  start_relay -n one -e gbk "127.0.0.1:$server"
  tcptool send -e gbk 127.0.0.1 "$port" '中文'
  wait_for has_bytes serve.out 6
  expect_file serve.out '中文'
  start_relay -n two -e gbk --to-encoding big5 "127.0.0.1:$server"
  tcptool send -e gbk 127.0.0.1 "$port" '中文'
  wait_for has_bytes serve.out 10
  expect_file serve.out '中文\xa4\xa4\xa4\xe5'
}

@test "relay: --errors applies to both directions, and errors are counted" {
  start_serve --raw --reply "$(printf '\xff')"
  start_relay --to-encoding big5 --errors replace "127.0.0.1:$port"
  run tcptool send 127.0.0.1 "$port" 'ŉ'
  expect_status 0
  expect_equal "$output" $'\ufffd'
  expect_file serve.out '?'
  stop relay
  expect_status 0
  expect_match "$(cat relay.err)" 'received data: 1 conversion error'
  expect_match "$(cat relay.err)" 'sent data: 1 conversion error'
}

@test "relay: a character that the other side lacks ends the connection, unless told otherwise" {
  start_serve
  start_relay --once --to-encoding big5 "127.0.0.1:$port"
  run tcptool send 127.0.0.1 "$port" 'ŉ'
  expect_status 1
  finish relay
  expect_status 65
}

@test "relay: --send-proxy names the client and the address that it connected to" {
  start_serve --accept-proxy -v
  start_relay --send-proxy=v2 -v "127.0.0.1:$port"
  tcptool send 127.0.0.1 "$port" hello
  wait_for contains relay.err connected
  client=$(sed -n 's/^tcptool: \(.*\) connected$/\1/p' relay.err)
  wait_for contains serve.err "$client connected"
}

@test "relay: --send-proxy after --accept-proxy passes the ends of the client's header on" {
  start_serve --echo
  start_relay --accept-proxy --send-proxy "127.0.0.1:$port"
  run tcptool send 127.0.0.1 "$port" $'PROXY TCP6 2001:db8::1 2001:db8::2 7 8\r\nhello'
  expect_equal "$output" $'PROXY TCP6 2001:db8::1 2001:db8::2 7 8\r\nhello'
}

@test "relay: --send-proxy of a unix client is UNKNOWN" {
  start_serve --echo
  start relay "$TCPTOOL" relay -b unix:relay --send-proxy "127.0.0.1:$port"
  wait_for contains relay.err listening
  run tcptool send unix:relay hello
  expect_equal "$output" $'PROXY UNKNOWN\r\nhello'
}

@test "relay: the command line is checked" {
  for words in '' 'localhost' 'localhost 99999' 'localhost:x' 'http://localhost' 'localhost:0' \
    '--to-encoding nosuch a:1' '--to-ipv4 --to-ipv6 a:1' '--once --workers 2 a:1' 'a:1 b'; do
    # shellcheck disable=SC2086 # words
    run --separate-stderr tcptool relay $words
    expect_status 2
    expect_one_error "$stderr"
  done
}

@test "relay: where no ADDRESS is reached through the proxy, one line names each" {
  local one two refused
  one=$(closed_port) two=$(closed_port)
  start_relay -n proxy --to-any
  refused="127.0.0.1:$port: SOCKS proxy: connection refused"
  start_relay --proxy "socks5://127.0.0.1:$port" "127.0.0.1:$one" "127.0.0.1:$two"
  not tcptool send 127.0.0.1 "$port" hello
  wait_for contains relay.err \
    "cannot connect to 127.0.0.1:$one: $refused; cannot connect to 127.0.0.1:$two: $refused"
}

@test "relay: --proxy connects each ADDRESS through a proxy, and fails over" {
  start_serve --reply 'from far'
  server=$port
  start_relay -n proxy --to-any -v
  start_relay --proxy "socks5://127.0.0.1:$port" "127.0.0.1:$(closed_port)" "localhost:$server"
  run --separate-stderr tcptool send 127.0.0.1 "$port" hello
  expect_status 0
  expect_equal "$output" 'from far'
  contains proxy.err "connected to 127.0.0.1:$server"
  run -2 --separate-stderr tcptool relay -p 0 --to-any --proxy socks5://127.0.0.1:1
  expect_one_error "$stderr"
}
