#!/usr/bin/env bats
# relay --to-any: clients name their target, in SOCKS4, 4a, 5 or HTTP CONNECT, on one port.
load helpers/common

# $web is a server that sends "from the web", with the end of data behind it.
start_web() {
  start_serve -n web --reply $'HTTP/1.0 200 OK\r\n\r\nfrom the web'
  web=$port
}

start_any() {
  start_relay "$@" --to-any
}

fetch() {
  timeout -k 5 "$LIMIT" curl -sS --noproxy '' "$@" "http://127.0.0.1:$web/"
}

# Sends the bytes of printf, and shows the reply in hexadecimal.
ask() {
  # shellcheck disable=SC2059 # bytes
  printf "$1" | tcptool send 127.0.0.1 "$port" | od -An -v -tx1 | tr -d ' \n'
}

# socks5_target ADDRESS PORT: the request, for printf.
socks5_target() {
  local IFS=.
  # shellcheck disable=SC2046,SC2086 # words
  printf '\\5\\1\\0\\5\\1\\0\\1%s' "$(printf '\\x%02x' $1 $(($2 >> 8)) | sed 's/$//')$(printf '\\x%02x' $(($2 & 255)))"
}

@test "to-any: curl reaches a server in each of the protocols" {
  start_web
  start_any
  for how in --socks4 --socks4a --socks5 --socks5-hostname; do
    run fetch "$how" "127.0.0.1:$port"
    expect_equal "$output" 'from the web'
  done
  run fetch --proxytunnel -x "127.0.0.1:$port"
  expect_equal "$output" 'from the web'
  run timeout "$LIMIT" curl -sS --socks5-hostname "127.0.0.1:$port" "http://localhost:$web/"
  expect_equal "$output" 'from the web'
  run timeout "$LIMIT" curl -sS --socks4a "127.0.0.1:$port" "http://localhost:$web/"
  expect_equal "$output" 'from the web'
}

@test "to-any: ncat, nc and socat reach a server" {
  start_serve --echo
  echo_port=$port
  start_any
  for type in http socks4 socks5; do
    run bash -c "echo hello | timeout $LIMIT ncat --proxy 127.0.0.1:$port --proxy-type $type 127.0.0.1 $echo_port"
    expect_equal "$output" hello
  done
  for type in connect 4 5; do
    run bash -c "echo hello | timeout $LIMIT nc.openbsd -N -X $type -x 127.0.0.1:$port 127.0.0.1 $echo_port"
    expect_equal "$output" hello
  done
  run bash -c "echo hello | timeout $LIMIT socat -t 30 - PROXY:127.0.0.1:127.0.0.1:$echo_port,proxyport=$port"
  expect_equal "$output" hello
  run bash -c "echo hello | timeout $LIMIT socat -t 30 - SOCKS4A:127.0.0.1:localhost:$echo_port,socksport=$port"
  expect_equal "$output" hello
}

@test "to-any: a large transfer arrives whole both ways" {
  head -c 20000000 /dev/urandom >big
  start_serve --echo
  echo_port=$port
  start_any
  timeout "$LIMIT" ncat --proxy "127.0.0.1:$port" --proxy-type socks5 127.0.0.1 "$echo_port" <big >back
  cmp big back
}

@test "to-any: a request that comes a byte at a time, and data that comes with it" {
  start_serve --echo
  echo_port=$port
  start_any
  printf 'CONNECT 127.0.0.1:%d HTTP/1.1\r\nHost: x\r\n\r\nhello' "$echo_port" >http
  # shellcheck disable=SC2059 # bytes
  printf "$(socks5_target 127.0.0.1 "$echo_port")hello" >socks5
  for file in http socks5; do
    tcptool send 127.0.0.1 "$port" -f "$file" >whole
    peer client_bytewise "$port" <"$file" >bytewise
    for reply in whole bytewise; do
      expect_equal "$(tail -c 5 "$reply")" hello
    done
  done
  expect_match "$(ask "$(printf '\\4\\1\\x%02x\\x%02x\\x7f\\0\\0\\1me\\0hello' $((echo_port >> 8)) $((echo_port & 255)))")" \
    '^005a00000000000068656c6c6f$'
}

@test "to-any: replies tell why a target cannot be reached" {
  start_any
  closed=$(closed_port)
  expect_match "$(ask "$(socks5_target 127.0.0.1 "$closed")")" '^05000505000100000000(0000)$'
  expect_equal "$(ask "$(printf '\\4\\1\\x%02x\\x%02x\\x7f\\0\\0\\1\\0' $((closed >> 8)) $((closed & 255)))")" \
    005b000000000000
  run --separate-stderr tcptool send 127.0.0.1 "$port" "CONNECT 127.0.0.1:$closed HTTP/1.1"$'\r\n\r\n'
  expect_match "$output" '^HTTP/1.1 502 '
  run --separate-stderr tcptool send 127.0.0.1 "$port" $'CONNECT nosuch.invalid:80 HTTP/1.1\r\n\r\n'
  expect_match "$output" '^HTTP/1.1 502 '
  wait_for contains relay.err 'cannot look up "nosuch.invalid"'
  contains relay.err "cannot connect to 127.0.0.1:$closed: 127.0.0.1:$closed: Connection refused"
}

@test "to-any: what is not CONNECT, not an address or not a request is refused" {
  start_any
  expect_equal "$(ask '\5\1\0\5\2\0\1\x7f\0\0\1\0\1')" 050005070001000000000000
  expect_equal "$(ask '\5\1\0\5\1\0\7\x7f\0\0\1\0\1')" 050005080001000000000000
  expect_equal "$(ask '\5\1\1')" 05ff
  expect_equal "$(ask '\4\2\0\1\x7f\0\0\1\0')" 005b000000000000
  for target in unix:/tmp/x @x /tmp/x vsock:1:1 127.0.0.1 127.0.0.1:0 127.0.0.1:99999 ::1:80 '[::1:80' ':80' 'a b:80'; do
    run --separate-stderr tcptool send 127.0.0.1 "$port" "CONNECT $target HTTP/1.1"$'\r\n\r\n'
    expect_match "$output" '^HTTP/1.1 400 '
  done
  run --separate-stderr tcptool send 127.0.0.1 "$port" $'GET http://127.0.0.1/ HTTP/1.1\r\n\r\n'
  expect_match "$output" '^HTTP/1.1 405 .*Allow: CONNECT'
  run --separate-stderr tcptool send 127.0.0.1 "$port" hello
  expect_status 1
  wait_for contains relay.err 'request: neither SOCKS nor HTTP'
}

@test "to-any: a request has limits of time and size" {
  start_any --handshake-timeout 200ms --max-conns 1
  start slow "$TCPTOOL" send --no-half-close 127.0.0.1 "$port" 'CONNECT '
  finish slow
  expect_status 1
  wait_for contains relay.err 'request: timed out after 200ms (--handshake-timeout)'
  { printf 'CONNECT 127.0.0.1:80 HTTP/1.1\r\nX: '; head -c 20000 /dev/zero | tr '\0' x; } >long
  run tcptool send 127.0.0.1 "$port" -f long
  expect_status 1
  wait_for contains relay.err 'request: more than 8192 bytes'
}

@test "to-any: a client that requests nothing takes no place from others" {
  start_web
  start_any --max-conns 1
  start idle "$TCPTOOL" send --no-half-close 127.0.0.1 "$port" 'C'
  run fetch --socks5 "127.0.0.1:$port"
  expect_equal "$output" 'from the web'
}

@test "to-any: --login is required in each protocol, and SOCKS4 is refused" {
  start_web
  start_any -v --login 'me:a:secret'
  [[ $(tr '\0' ' ' <"/proc/${pids[relay]}/cmdline") != *secret* ]]
  run fetch --socks5 "127.0.0.1:$port" -U 'me:a:secret'
  expect_equal "$output" 'from the web'
  run fetch --proxytunnel -x "127.0.0.1:$port" -U 'me:a:secret'
  expect_equal "$output" 'from the web'
  run fetch --socks5 "127.0.0.1:$port" -U 'me:wrong'
  not test "$status" = 0
  run fetch --socks5 "127.0.0.1:$port"
  not test "$status" = 0
  run fetch --socks4 "127.0.0.1:$port"
  not test "$status" = 0
  run fetch --proxytunnel -x "127.0.0.1:$port" -U 'me:wrong'
  expect_match "$output" 407
  run --separate-stderr tcptool send 127.0.0.1 "$port" $'CONNECT 127.0.0.1:80 HTTP/1.1\r\n\r\n'
  expect_match "$output" '^HTTP/1.1 407 .*Proxy-Authenticate: Basic realm='
  expect_equal "$(ask '\4\1\0\1\x7f\0\0\1me\0')" 005d000000000000
  expect_equal "$(ask '\5\1\2\1\2me\1x')" 050201ff
  wait_for contains relay.err 'request: the login is missing or wrong'
}

@test "to-any: --login @FILE reads the first line" {
  start_web
  printf 'me:secret\nother\n' >login
  start_any --login @login
  run fetch --socks5-hostname "127.0.0.1:$port" -U me:secret
  expect_equal "$output" 'from the web'
}

@test "to-any: it listens on loopback only, unless --login or --allow is given" {
  start any "$TCPTOOL" relay --to-any -p 0 --port-file any.port
  wait_for_port any
  not grep -vE 'listening on (127\.0\.0\.1|\[::1\]):' any.err
  for where in 0.0.0.0 :: ; do
    run --separate-stderr tcptool relay --to-any -b "$where" -p 0
    expect_status 2
    expect_match "$stderr" 'requires --login or --allow'
  done
  start open "$TCPTOOL" relay --to-any --allow 127.0.0.1 -p 0 --port-file open.port
  wait_for_port open
  contains open.err 'listening on 0.0.0.0:'
}

# from CLIENT TARGET: connects as a client with this address, and shows the reply.
from() {
  run --separate-stderr tcptool send 127.0.0.1 "$port" \
    "PROXY TCP4 $1 192.0.2.9 7 8"$'\r\n'"CONNECT $2 HTTP/1.1"$'\r\n\r\nhello'
}

@test "to-any: loopback targets are refused to clients that are not local, however they are named" {
  start_web
  start_any --accept-proxy
  for host in 127.0.0.1 127.9.9.9 0.0.0.0 localhost '[::1]' '[::]' '[::ffff:127.0.0.1]' \
    '[::ffff:0.0.0.0]' 127.1 2130706433 0x7f.1 169.254.1.1 '[fe80::1]'; do
    from 192.0.2.1 "$host:$web"
    expect_match "$output" '^HTTP/1.1 403 '
  done
  expect_equal "$(cat web.out)" ''
  from 127.0.0.1 "127.0.0.1:$web"
  expect_match "$output" '^HTTP/1.1 200 .*from the web$'
  from 127.0.0.1 "0.0.0.0:$web"
  expect_match "$output" '^HTTP/1.1 200 .*from the web$'
}

@test "to-any: an explicit --to-allow lifts this for what it names" {
  start_web
  start_any --accept-proxy --to-allow 127.0.0.1:"$web" --to-allow 0.0.0.0/0
  from 192.0.2.1 "127.0.0.1:$web"
  expect_match "$output" '^HTTP/1.1 200 .*from the web$'
  from 192.0.2.1 "127.0.0.1:$(closed_port)"
  expect_match "$output" '^HTTP/1.1 403 '
  from 192.0.2.1 "127.0.0.2:$web"
  expect_match "$output" '^HTTP/1.1 403 '
}

@test "to-any: --to-allow and --to-deny decide by the address, the most specific one" {
  start_web
  start_any -n one --to-allow "localhost:$web"
  run fetch --socks5 "127.0.0.1:$port"
  expect_equal "$output" 'from the web'
  expect_match "$(ask "$(socks5_target 127.0.0.1 $((web ^ 1)))")" '^050005020001'
  expect_match "$(ask "$(socks5_target 127.0.0.2 "$web")")" '^050005020001'
  wait_for contains one.err "127.0.0.2:$web: no --to-allow rule matches"
  start_any -n two --to-deny "127.0.0.0/8:1-65535" --to-allow "127.0.0.1:$web-$web" --to-allow 127.0.0.1
  run fetch --socks5 "127.0.0.1:$port"
  expect_equal "$output" 'from the web'
  start_any -n three --to-deny 127.0.0.1
  for host in localhost 0.0.0.0 127.0.0.1 '[::ffff:127.0.0.1]'; do
    run --separate-stderr tcptool send 127.0.0.1 "$port" "CONNECT $host:$web HTTP/1.1"$'\r\n\r\n'
    [[ $host == localhost ]] || expect_match "$output" '^HTTP/1.1 403 '
    not grep -q 'from the web' <<<"$output"
  done
  wait_for contains three.err 'refused by --to-deny'
}

@test "to-any: --to-allow @FILE has one rule per line, which SIGHUP reads again" {
  start_web
  echo "127.0.0.1:$web # the web" >targets
  start_any --to-allow @targets
  run fetch --socks5 "127.0.0.1:$port"
  expect_equal "$output" 'from the web'
  expect_match "$(ask "$(socks5_target 127.0.0.1 $((web ^ 1)))")" '^050005020001'
  printf '127.0.0.1:1-9\n' >targets
  kill -HUP "${pids[relay]}"
  wait_for contains relay.err 'read the target rules again'
  expect_match "$(ask "$(socks5_target 127.0.0.1 "$web")")" '^050005020001'
  printf '127.0.0.1:9-1\n' >targets
  kill -HUP "${pids[relay]}"
  wait_for contains relay.err \
    '--to-allow: targets:1: invalid rule "127.0.0.1:9-1": expected HOST, HOST:PORT or HOST:PORT-PORT; the access rules stay as they were'
}

@test "to-any: the command line is checked" {
  for words in '--to-any a:1' '--to-any --spread' '--login a:b c:1' '--to-allow x c:1' \
    '--to-deny x c:1' '--to-any --login nocolon' '--to-any --to-allow a:b:c:d' \
    '--to-any --to-allow 127.0.0.1:0' '--to-any --to-allow 127.0.0.1:9-8' \
    '--to-any --to-deny 127.0.0.1/8' '--to-any --to-deny [::1' '--to-any --to-deny :80'; do
    # shellcheck disable=SC2086 # words
    run --separate-stderr tcptool relay -p 0 $words
    expect_status 2
    expect_one_error "$stderr"
  done
  run --separate-stderr tcptool relay -p 0 --to-any --login nosecret
  not grep -q nosecret <<<"$stderr"
  run --separate-stderr tcptool relay -p 0 --to-any --login @nofile
  expect_status 1
}
