#!/usr/bin/env bats
# --accept-proxy and --send-proxy: headers of the PROXY protocol, which name a connection's
# real ends.
load helpers/common

# start_behind_proxy [OPTIONS...]: a server that requires a header from each client.
start_behind_proxy() {
  start_serve "$@" --accept-proxy
}

# v2 COMMAND FAMILY ...: a header of version 2; see tests/peers/proxy_header.py.
v2() {
  peer proxy_header "$@"
}

# A header of each kind that names a client, with data behind it, into a file of its own.
make_headers() {
  printf 'PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nhello\n' >v1-4
  printf 'PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\nhello\n' >v1-6
  { v2 0x21 0x11 192.0.2.1 56324 198.51.100.2 443; echo hello; } >v2-4
  { v2 0x21 0x21 2001:db8::1 56324 2001:db8::2 443; echo hello; } >v2-6
}

label_of() {
  case $1 in
    *4) echo 192.0.2.1:56324 ;;
    *6) echo '[2001:db8::1]:56324' ;;
  esac
}

# Sends standard input from 127.0.0.9, to its end.
send_it() {
  tcptool send -b 127.0.0.9 127.0.0.1 "$port"
}

has_lines() {
  [[ -e $1 && $(wc -l <"$1") -ge $2 ]]
}

@test "labels show the client that the header names, and the data begins behind it" {
  make_headers
  for kind in v1-4 v1-6 v2-4 v2-6; do
    start_behind_proxy -n "$kind" --label -v
    send_it <"$kind"
    wait_for has_lines "$kind.out" 1
    expect_file "$kind.out" "$(label_of "$kind"): hello\\n"
    wait_for contains "$kind.err" closed
    contains "$kind.err" "tcptool: $(label_of "$kind") connected"
    # The header is no data.
    contains "$kind.err" "tcptool: $(label_of "$kind") closed: 6 bytes in, 0 bytes out"
    not contains "$kind.err" '127.0.0.9'
  done
}

@test "a header may come byte by byte" {
  make_headers
  { v2 0x21 0x11 192.0.2.1 56324 198.51.100.2 443 40; echo hello; } >v2-tlv-4
  for kind in v1-4 v1-6 v2-4 v2-6 v2-tlv-4; do
    start_behind_proxy -n "$kind" --label
    peer client_bytewise "$port" <"$kind"
    wait_for has_lines "$kind.out" 1
    expect_file "$kind.out" "$(label_of "$kind"): hello\\n"
  done
}

@test "data that comes much later than the header is not part of it" {
  start_behind_proxy --label -v
  mkfifo hold
  exec 7<>hold
  input=hold start client "$TCPTOOL" send 127.0.0.1 "$port"
  printf 'PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n' >&7
  wait_for contains serve.err '192.0.2.1:56324 connected'
  printf 'PROXY TCP4 192.0.2.9 198.51.100.2 1 2\r\n' >&7
  exec 7>&-
  wait_for has_lines serve.out 1
  expect_file serve.out '192.0.2.1:56324: PROXY TCP4 192.0.2.9 198.51.100.2 1 2\n'
}

@test "TLVs are skipped, up to the longest header there can be" {
  for size in 3 4 40 65523; do
    start_behind_proxy -n "tlv$size"
    { v2 0x21 0x11 192.0.2.1 56324 198.51.100.2 443 "$size"; printf hello; } | send_it
    wait_for has_bytes "tlv$size.out" 5
    expect_file "tlv$size.out" hello
  done
}

@test "a header with no client in it keeps the connection's own ends" {
  printf 'PROXY UNKNOWN\r\nhello\n' >unknown
  printf 'PROXY UNKNOWN 192.0.2.1 198.51.100.2 1 2\r\nhello\n' >unknown-with-words
  { v2 0x20 0x00; echo hello; } >local
  { v2 0x20 0x11 192.0.2.1 56324 198.51.100.2 443 40; echo hello; } >local-with-addresses
  { v2 0x21 0x00; echo hello; } >unspecified
  { v2 0x21 0x12 192.0.2.1 56324 198.51.100.2 443; echo hello; } >datagrams
  for kind in unknown unknown-with-words local local-with-addresses unspecified datagrams; do
    start_behind_proxy -n "$kind-server" --label
    send_it <"$kind"
    wait_for has_lines "$kind-server.out" 1
    expect_match "$(cat "$kind-server.out")" '^127\.0\.0\.9:[0-9]+: hello$'
  done
}

@test "the client that a header names may have come over a unix socket" {
  start_behind_proxy --label
  "$PYTHON" -c '
import struct, sys
ends = b"/run/client".ljust(108, b"\0") + b"/run/server".ljust(108, b"\0")
sys.stdout.buffer.write(b"\r\n\r\n\0\r\nQUIT\n" + struct.pack(">BBH", 0x21, 0x31, 216) + ends + b"hello\n")
' | send_it
  wait_for has_lines serve.out 1
  expect_file serve.out 'unix:/run/client: hello\n'
}

# Each line is for printf %b.
malformed() {
  local long
  printf -v long %0200d 0
  cat <<EOT
GET / HTTP/1.0\r\n\r\n
hello
proxy TCP4 192.0.2.1 198.51.100.2 56324 443\r\n
PROXY\r\n
PROXY \r\n
PROXY TCP5 192.0.2.1 198.51.100.2 56324 443\r\n
PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\n
PROXY TCP4 192.0.2.1 198.51.100.2 56324 443 \r\n
PROXY TCP4 192.0.2.1 198.51.100.2 56324 443 5\r\n
PROXY TCP4 192.0.2.1  198.51.100.2 56324 443\r\n
PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n
PROXY TCP4 192.0.2.1 198.51.100.2 56324 \r\n
PROXY TCP4 192.0.2.1 198.51.100.2 056324 443\r\n
PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n
PROXY TCP4 192.0.2.1 198.51.100.2 -1 443\r\n
PROXY TCP4 192.0.2.1 198.51.100.2 56324 https\r\n
PROXY TCP4 192.0.2.256 198.51.100.2 56324 443\r\n
PROXY TCP4 2001:db8::1 2001:db8::2 56324 443\r\n
PROXY TCP6 192.0.2.1 198.51.100.2 56324 443\r\n
PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\0 \r\n
PROXY UNKNOWN $long\r\n
PROXY UNKNOWN $long
\r\n\r\n\0\r\nQUIT\r\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\0\x01\0\x02hello
\r\n\r\n\0\r\nQUIT\n\x11\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\0\x01\0\x02hello
\r\n\r\n\0\r\nQUIT\n\x22\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\0\x01\0\x02hello
\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0b\xc0\0\x02\x01\xc6\x33\x64\x02\0\x01\0\x02hello
\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\0\x01\0\x02hello
EOT
}

@test "a malformed header: the client is reset, and the server continues" {
  start_behind_proxy --reply secret
  count=0
  while IFS= read -r header; do
    printf %b "$header" >header
    run --separate-stderr send_it <header
    [[ $status == 1 && -z $output ]] || fail "$header: status $status" "$output"
    count=$((count + 1))
    wait_for has_lines serve.err $((count + 1))
    expect_match "$(tail -n 1 serve.err)" '^tcptool: 127\.0\.0\.9:[0-9]+: PROXY header: not a valid header$'
  done < <(malformed)
  ((count > 20))
  make_headers
  run -0 --separate-stderr send_it <v1-4
  expect_equal "$output" secret
  stop serve
  expect_status 0
  expect_file serve.out 'hello\n'
}

# has_read N: the server has read the first N bytes of its one client, which are all so far.
has_read() {
  local line
  line=$(ss -tiOnH state established "( sport = :$port )")
  [[ $line =~ bytes_received:$1' ' && $line =~ ^[[:space:]]*0[[:space:]] ]]
}

@test "a header that goes wrong after its first bytes: the client is reset, whatever follows" {
  make_headers
  head -c 60000 /dev/zero >flood # which a pipe holds
  start_behind_proxy --handshake-timeout 1h
  mkfifo hold
  count=0
  for begin in P 'PROXY' '\r\n\r\n' '\r\n\r\n\0\r\nQUI'; do
    exec 7<>hold
    input=hold start client "$TCPTOOL" send 127.0.0.1 "$port"
    printf %b "$begin" >&7
    wait_for has_read "$(printf %b "$begin" | wc -c)"
    cat flood >&7
    exec 7>&-
    finish client
    expect_status 1
    contains client.err 'reset by peer'
    count=$((count + 1))
    wait_for has_lines serve.err $((count + 1))
    expect_match "$(tail -n 1 serve.err)" 'PROXY header: not a valid header$'
  done
  send_it <v1-4
  wait_for has_lines serve.out 1
  expect_file serve.out 'hello\n'
  stop serve
  expect_status 0
}

@test "a connection that ends within its header is reported, and the server continues" {
  make_headers
  start_behind_proxy
  count=0
  for bytes in 0 1 5 12 15 20; do
    for kind in v1-4 v2-4; do
      head -c "$bytes" "$kind" | send_it >/dev/null 2>&1 || true
      count=$((count + 1))
      wait_for has_lines serve.err $((count + 1))
      expect_match "$(tail -n 1 serve.err)" 'PROXY header: the connection was closed too early$'
    done
  done
  send_it <v2-4
  wait_for has_lines serve.out 1
  stop serve
  expect_status 0
  expect_file serve.out 'hello\n'
}

@test "a client without a whole header in time is reset: none, half of it, half of its TLVs" {
  start_behind_proxy --handshake-timeout 200ms --reply secret
  v2 0x21 0x11 192.0.2.1 56324 198.51.100.2 443 4000 >with-tlv
  : >nothing
  head -c 10 with-tlv >half
  head -c 3000 with-tlv >half-of-tlv
  mkfifo hold
  exec 7<>hold
  for what in nothing half half-of-tlv; do
    # shellcheck disable=SC2016 # for the shell inside
    start "$what" bash -c '{ cat "$1"; cat hold; } | "$TCPTOOL" send 127.0.0.1 "$2"' bash "$what" "$port"
    wait_for contains "$what.err" 'reset by peer'
    expect_file "$what.out" ''
    exec 7>&-
    finish "$what"
    exec 7<>hold
  done
  expect_equal "$(grep -cE '^tcptool: 127\.0\.0\.1:[0-9]+: PROXY header: timed out after 200ms \(--handshake-timeout\)$' serve.err)" 3
  exec 7>&-
  stop serve
  expect_status 0
}

@test "--handshake-timeout is over with the handshake" {
  start_behind_proxy --handshake-timeout 1s --echo -v
  mkfifo hold
  exec 7<>hold
  input=hold start client "$TCPTOOL" send 127.0.0.1 "$port"
  printf 'PROXY UNKNOWN\r\n' >&7
  wait_for contains serve.err connected
  sleep 1.2 # it is the passing of this time that must do nothing
  printf 'still here' >&7
  wait_for contains client.out 'still here'
  exec 7>&-
  finish client
  expect_status 0
}

# start_stalled NAME: a client that sends no header, and stays while descriptor 7 is open.
start_stalled() {
  [[ -p hold ]] || mkfifo hold
  [[ -e /proc/self/fd/7 ]] || exec 7<>hold
  input=hold start "$1" "$TCPTOOL" send 127.0.0.1 "$port"
}

# held N: the server has N connections.
held() {
  [[ $(ss -tnpH state established "( sport = :$port )" | grep -c "pid=${pids[serve]},") == "$1" ]]
}

@test "clients without a header take no slot of --max-conns, and delay no one" {
  make_headers
  start_behind_proxy --echo --max-conns 4 --handshake-timeout 1h
  for i in 1 2 3; do
    start_stalled "stalled$i"
  done
  wait_for held 3
  # One after the other through the fourth place of the handshakes, and 4 at once.
  for i in 1 2 3 4 5 6; do
    run -0 --separate-stderr send_it <v1-4
    expect_equal "$output" hello
  done
  for i in 1 2 3 4; do
    input=hold start "client$i" "$PYTHON" "$PEERS/client_idle.py" "$port" $'PROXY UNKNOWN\r\nhello'
    wait_for held $((3 + i))
    not is_gone "client$i"
  done
  for i in 1 2 3; do
    not is_gone "stalled$i"
  done
  expect_equal "$(grep -v listening serve.err || true)" ''
}

@test "at the limit of handshakes the oldest is reset, and the new client is served" {
  start_behind_proxy --echo --max-conns 2 --handshake-timeout 1h
  start_stalled oldest
  wait_for held 1
  start_stalled middle
  wait_for held 2
  mkfifo said
  exec 8<>said
  input=said start newcomer "$TCPTOOL" send 127.0.0.1 "$port"
  finish oldest
  expect_status 1
  contains oldest.err 'reset by peer'
  printf 'PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\nhello' >&8
  wait_for contains newcomer.out hello
  not is_gone middle
  expect_equal "$(grep -c disconnected serve.err)" 1
  stop serve
}

@test "--max-conns holds behind a header, too: a client above it waits for its turn" {
  start_behind_proxy --echo --max-conns 2 -v
  mkfifo served_hold
  exec 4<>served_hold
  input=served_hold start served "$TCPTOOL" send 127.0.0.1 "$port"
  printf 'PROXY TCP4 192.0.2.1 198.51.100.2 1 2\r\none' >&4
  wait_for contains served.out one
  # Two more are in their handshake when there is one place.
  mkfifo hold second_hold
  exec 7<>hold
  exec 8<>second_hold
  input=hold start first "$TCPTOOL" send 127.0.0.1 "$port" 8>&-
  input=second_hold start second "$TCPTOOL" send 127.0.0.1 "$port" 8>&-
  wait_for held 3
  printf 'PROXY TCP4 192.0.2.2 198.51.100.2 1 2\r\ntwo' >&7
  wait_for contains first.out two
  printf 'PROXY TCP4 192.0.2.3 198.51.100.2 1 2\r\nthree' >&8
  exec 8>&-
  wait_for has_read_header
  expect_file second.out ''
  expect_equal "$(grep -c connected serve.err)" 2
  exec 4>&-
  finish served
  expect_status 0
  finish second
  expect_status 0
  expect_file second.out three
  exec 7>&-
  finish first
  expect_status 0
}

# All that waits unread for the server is what follows the header: 5 bytes and an end of data.
has_read_header() {
  ss -tnH state close-wait "( sport = :$port )" | awk '{ print $1 }' | grep -qx 6
}

@test "SIGTERM: clients without a header are given the time of --drain, and no more" {
  start_behind_proxy --drain 200ms --handshake-timeout 1h
  start_stalled stalled
  wait_for held 1
  stop serve
  expect_status 0
  finish stalled
  expect_status 1
}

@test "--once: a malformed header decides the exit status" {
  start_behind_proxy --once
  run tcptool send 127.0.0.1 "$port" hello
  expect_status 1
  finish serve
  expect_status 1
  expect_match "$(tail -n 1 serve.err)" 'PROXY header: not a valid header'
}

@test "--once with a header exits with 0" {
  make_headers
  start_behind_proxy --once
  run -0 send_it <v2-6
  finish serve
  expect_status 0
  expect_file serve.out 'hello\n'
}

@test "workers: headers are read in all of them" {
  make_headers
  start_behind_proxy --echo --workers 3 -v
  for i in 1 2 3 4 5 6; do
    expect_equal "$(send_it <v2-4)" hello
  done
  stop serve
  expect_status 0
  expect_equal "$(grep -c '192.0.2.1:56324 closed' serve.err)" 6
}

@test "upper, chat --listen and a room take a header, too" {
  make_headers
  start upper "$TCPTOOL" upper --accept-proxy -b 127.0.0.1 -p 0 --port-file upper.port
  wait_for_port upper
  expect_equal "$(send_it <v1-6)" HELLO

  start chat "$TCPTOOL" chat --listen --accept-proxy -b 127.0.0.1 -p 0 --port-file chat.port
  wait_for_port chat
  start caller "$TCPTOOL" chat --send-proxy=v2 127.0.0.1 "$port"
  finish chat
  expect_status 0
  finish caller
  expect_status 0

  start room "$TCPTOOL" chat --listen --room --accept-proxy -b 127.0.0.1 -p 0 --port-file room.port
  wait_for_port room
  { cat v2-4; echo /quit; } | send_it >guest.out
  contains guest.out guest1
  contains room.out 'guest1: hello'
}

# The header that --send-proxy=VERSION has to send from the client that serve -v has reported.
expected_header() {
  local version=$1 family=$2 client=$3 source source_port target=127.0.0.1
  [[ $family == 4 ]] || target=::1
  source=${client%:*} source_port=${client##*:}
  source=${source//[\[\]]/}
  if [[ $version == v1 ]]; then
    printf 'PROXY TCP%s %s %s %s %s\r\n' "$family" "$source" "$target" "$source_port" "$port"
  else
    v2 0x21 "$((family == 4 ? 0x11 : 0x21))" "$source" "$source_port" "$target" "$port"
  fi
}

# check_sent NAME VERSION FAMILY OPTION HOST SOURCE: what a server gets is that header and hello.
check_sent() {
  local name=$1 version=$2 family=$3 option=$4 host=$5 source=$6 client
  start "$name" "$TCPTOOL" serve --raw -v -b "$host" -p 0 --port-file "$name.port"
  wait_for_port "$name"
  run -0 tcptool send "$option" -b "$source" "$host" "$port" hello
  wait_for contains "$name.err" connected
  client=$(sed -n 's/^.*tcptool: \(.*\) connected$/\1/p' "$name.err")
  { expected_header "$version" "$family" "$client"; printf hello; } >expected
  wait_for contains "$name.err" closed
  cmp expected "$name.out" || fail "$(od -c "$name.out")"
}

@test "send --send-proxy begins with a header of its own ends, version 1 unless v2 is asked for" {
  check_sent default v1 4 --send-proxy 127.0.0.1 127.0.0.9
  check_sent one4 v1 4 --send-proxy=v1 127.0.0.1 127.0.0.9
  check_sent one6 v1 6 --send-proxy=v1 ::1 ::1
  check_sent two4 v2 4 --send-proxy=v2 127.0.0.1 127.0.0.9
  check_sent two6 v2 6 --send-proxy=v2 ::1 ::1
}

@test "--send-proxy takes v1 and v2 only" {
  run tcptool send --send-proxy=v3 127.0.0.1 9 hello
  expect_status 2
  expect_one_error "$output"
  expect_match "$output" '"v3"'
}

@test "--send-proxy comes before everything else, also where nothing is sent" {
  printf 'the page' >page
  start_serve --accept-proxy --reply-file page
  run -0 tcptool send --send-proxy=v2 127.0.0.1 "$port" </dev/null
  expect_equal "$output" 'the page'
  run -0 tcptool send -v --send-proxy -e utf-16le --until none 127.0.0.1 "$port" hello
  # The reply may have come by then; only what was sent is certain.
  expect_match "$output" 'closed: [0-9]+ bytes in, 10 bytes out'
  wait_for has_bytes serve.out 10
  expect_file serve.out 'h\0e\0l\0l\0o\0'
}

need_haproxy() {
  command -v haproxy >/dev/null || skip 'haproxy is not installed'
}

# start_haproxy BIND_WORDS SERVER_WORDS: haproxy before the server on $port; $port is then its own.
start_haproxy() {
  rm -f haproxy.port
  start_peer haproxy haproxy "$port" "$@"
}

@test "serve --accept-proxy behind haproxy shows haproxy's clients" {
  need_haproxy
  for words in send-proxy send-proxy-v2 'send-proxy-v2 proxy-v2-options crc32c'; do
    start_behind_proxy -n "${words// /-}" --label --once -v
    start_haproxy '' "$words"
    run -0 --separate-stderr tcptool send -b 127.0.0.9 127.0.0.1 "$port" hello
    finish "${words// /-}"
    expect_status 0
    expect_match "$(cat "${words// /-}.out")" '^127\.0\.0\.9:[0-9]+: hello$'
    stop haproxy KILL
  done
}

@test "serve --accept-proxy takes the health checks of haproxy, which name no client" {
  need_haproxy
  start_behind_proxy --discard -v
  start_haproxy '' 'send-proxy-v2 check inter 50ms check-send-proxy'
  wait_for contains serve.err closed
  expect_match "$(cat serve.err)" 'tcptool: 127\.0\.0\.1:[0-9]+ connected'
  not contains serve.err 'PROXY header'
}

@test "send --send-proxy is understood by haproxy, which passes its address on" {
  need_haproxy
  for version in v1 v2; do
    start_behind_proxy -n "$version" --label --once
    start_haproxy accept-proxy send-proxy-v2
    run -0 --separate-stderr tcptool send "--send-proxy=$version" -b 127.0.0.9 127.0.0.1 "$port" hello
    finish "$version"
    expect_status 0
    expect_match "$(cat "$version.out")" '^127\.0\.0\.9:[0-9]+: hello$'
    stop haproxy KILL
  done
}
