#!/usr/bin/env bats
# Connecting: addresses, races, time limits, retries.
load helpers/common

# Runs the function $1 of this file in a namespace where the name "dual.test" has
# the addresses that follow. The network 2001:db8::/64 is at a cable whose other end
# takes every packet and answers none; 127.0.0.0/8 and ::1 work.
with_addresses() {
  local body=$1
  shift
  need_namespace
  printf '%s dual.test\n' "$@" >hosts
  export -f "$body" fail expect_status expect_equal expect_match
  # shellcheck disable=SC2016 # for the shell inside
  in_namespace bash -e -c '
    mount --bind hosts /etc/hosts
    ip link set lo up
    ip link add cable type veth peer name other_end
    ip link set cable up
    ip link set other_end up
    ip address add 2001:db8::1/64 dev cable nodad
    for number in 2 3; do
      ip -6 neigh add 2001:db8::$number lladdr 02:00:00:00:00:02 dev cable nud permanent
    done
    "$1"' bash "$body"
}

milliseconds() {
  echo $(($(date +%s%N) / 1000000))
}

serve_inside() {
  "$TCPTOOL" serve -p 0 --port-file port "$@" >serve.out 2>serve.err 3>&- 4>&- &
  until [[ -s port ]]; do
    sleep 0.01
  done
  read -r port <port
}
export -f milliseconds serve_inside

falls_back() {
  serve_inside -b 127.0.0.1 --once
  begin=$(milliseconds)
  "$TCPTOOL" send dual.test "$port" hello
  (($(milliseconds) - begin < 4000))
  wait
  expect_equal "$(cat serve.out)" hello
}

@test "a dead IPv6 address does not keep a live IPv4 address waiting" {
  with_addresses falls_back 2001:db8::2 127.0.0.1
}

@test "two dead IPv6 addresses do not keep a live IPv4 address waiting" {
  with_addresses falls_back 2001:db8::2 2001:db8::3 127.0.0.1
}

prefers_ipv6() {
  serve_inside --once -v
  "$TCPTOOL" send dual.test "$port" hello
  wait
  expect_match "$(cat serve.err)" '\[::1\]:[0-9]+ connected'
}

@test "IPv6 is preferred where both work" {
  with_addresses prefers_ipv6 127.0.0.1 ::1
}

refused_then_accepted() {
  serve_inside -b 127.0.0.1 --once
  begin=$(milliseconds)
  "$TCPTOOL" send dual.test "$port" hello
  (($(milliseconds) - begin < 4000))
}

@test "after a refusal the next address is tried at once" {
  with_addresses refused_then_accepted ::1 127.0.0.1
}

all_fail() {
  status=0
  output=$("$TCPTOOL" send --connect-timeout 700ms dual.test 9 hello 2>&1) || status=$?
  expect_status 124
  expect_equal "$(wc -l <<<"$output")" 1
  expect_match "$output" '^tcptool: .*dual\.test'
  expect_match "$output" '\[2001:db8::2\]:9: timed out after 700ms'
  expect_match "$output" '\[::1\]:9: Connection refused'
  expect_match "$output" '127\.0\.0\.1:9: Connection refused'
}

@test "when all addresses fail, one line lists each with its cause" {
  with_addresses all_fail 2001:db8::2 ::1 127.0.0.1
}

all_refuse() {
  status=0
  output=$("$TCPTOOL" send dual.test 9 hello 2>&1) || status=$?
  expect_status 1
  expect_equal "$(wc -l <<<"$output")" 1
  expect_match "$output" '\[::1\]:9: Connection refused'
  expect_match "$output" '127\.0\.0\.1:9: Connection refused'
  expect_match "$output" '127\.0\.0\.2:9: Connection refused'
}

@test "when all addresses refuse, the status is 1 and each is named" {
  with_addresses all_refuse ::1 127.0.0.1 127.0.0.2
}

one_family() {
  serve_inside --once -v
  "$TCPTOOL" send -4 dual.test "$port" hello
  wait
  expect_match "$(cat serve.err)" '127\.0\.0\.1:[0-9]+ connected'
  rm port
  serve_inside --once -v
  "$TCPTOOL" send -6 dual.test "$port" hello
  wait
  expect_match "$(cat serve.err)" '\[::1\]:[0-9]+ connected'
}

@test "-4 and -6 choose among the addresses of a name" {
  with_addresses one_family 127.0.0.1 ::1
}

unreachable() {
  status=0
  output=$("$TCPTOOL" send 192.0.2.1 9 hello 2>&1) || status=$?
  expect_status 1
  expect_match "$output" '192\.0\.2\.1:9: Network is unreachable'
}

@test "an unreachable network fails with 1 and says so" {
  with_addresses unreachable ::1
}

connect_timeout() {
  status=0
  begin=$(milliseconds)
  output=$("$TCPTOOL" send --connect-timeout 300ms 2001:db8::2 9 hello 2>&1) || status=$?
  (($(milliseconds) - begin < 5000))
  expect_status 124
  expect_match "$output" '^tcptool: .*\[2001:db8::2\]:9: .*300ms'
}

@test "--connect-timeout gives 124 and names the address" {
  with_addresses connect_timeout ::1
}

# The next address has its turn after a quarter of a second.
only_the_first() {
  status=0
  output=$("$TCPTOOL" send --connect-timeout 100ms dual.test 9 hello 2>&1) || status=$?
  expect_status 124
  expect_match "$output" '\[2001:db8::2\]:9: .*100ms'
  [[ $output != *2001:db8::3* ]] || fail "was never tried: $output"
}

@test "--connect-timeout names no address that was never tried" {
  with_addresses only_the_first 2001:db8::2 2001:db8::3
}

# A resolver that takes its time must not hold up the limits.
slow_names() {
  echo 'nameserver 2001:db8::2' >resolv.conf
  mount --bind resolv.conf /etc/resolv.conf
  status=0
  begin=$(milliseconds)
  output=$("$TCPTOOL" send --connect-timeout 300ms slow.test 9 hello 2>&1) || status=$?
  (($(milliseconds) - begin < 4000))
  expect_status 124
  expect_match "$output" 'slow\.test.*300ms'
  status=0
  output=$("$TCPTOOL" send --deadline 300ms --connect-timeout 0 slow.test 9 hello 2>&1) || status=$?
  expect_status 124
  status=0
  output=$(timeout 20 "$TCPTOOL" send --deadline 300ms --bind slow.test 127.0.0.1 9 hello 2>&1) || status=$?
  expect_status 124
  expect_match "$output" 'timed out after 300ms \(--deadline\)'
  status=0
  output=$(timeout 20 "$TCPTOOL" serve --deadline 300ms --bind slow.test -p 0 2>&1) || status=$?
  expect_status 124
  expect_match "$output" 'timed out after 300ms \(--deadline\)'
}

@test "a name server that does not reply does not hold up the limits" {
  [[ -e /etc/resolv.conf ]] || skip 'there is no /etc/resolv.conf to replace'
  with_addresses slow_names ::1
}

@test "a server whose backlog is full: --connect-timeout gives 124" {
  start_peer server server_full
  run tcptool send --connect-timeout 300ms 127.0.0.1 "$port" hello
  expect_status 124
  expect_one_error "$output"
  expect_match "$output" "127\.0\.0\.1:$port: .*300ms"
}

@test "refused: one line, which names the address, and status 1" {
  port=$(closed_port)
  run tcptool send 127.0.0.1 "$port" hello
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" "127\.0\.0\.1:$port: Connection refused"
}

@test "a name that does not exist fails with 1 and names it" {
  run tcptool send does-not-exist.invalid 9 hello
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" 'does-not-exist\.invalid'
}

@test "-q drops no error" {
  run tcptool send -q 127.0.0.1 "$(closed_port)" hello
  expect_status 1
  expect_match "$output" 'Connection refused'
}

@test "--retry waits for a server that is still starting" {
  port=$(closed_port)
  start send "$TCPTOOL" send -v --retry 60s 127.0.0.1 "$port" hello
  wait_for contains send.err 'trying again'
  start serve "$TCPTOOL" serve --once -b 127.0.0.1 -p "$port" --port-file serve.port
  finish send
  expect_status 0
  finish serve
  expect_file serve.out hello
}

@test "--retry makes its last try at its time, and gives up with the last cause" {
  local began=${EPOCHREALTIME/./} port
  port=$(closed_port)
  run tcptool send --retry 1s 127.0.0.1 "$port" hello
  ((${EPOCHREALTIME/./} - began >= 1000000)) || fail 'gave up too early'
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" 'Connection refused'
}

@test "--retry does not outlive --deadline" {
  run tcptool send --retry 1h --deadline 300ms 127.0.0.1 "$(closed_port)" hello
  expect_status 124
}

@test "-b chooses the local address" {
  start_serve -v
  tcptool send -b 127.0.0.3 127.0.0.1 "$port" hello
  wait_for contains serve.err '127.0.0.3:'
  expect_match "$(cat serve.err)" '127\.0\.0\.3:[0-9]+ connected'
}

@test "-b chooses the local port" {
  start_serve -v
  local_port=$(closed_port)
  tcptool send -b "127.0.0.1:$local_port" 127.0.0.1 "$port" hello
  wait_for contains serve.err "127.0.0.1:$local_port connected"
}

@test "-b of an address that is not ours fails with 1 and names it" {
  start_serve
  run tcptool send -b 192.0.2.1 127.0.0.1 "$port" hello
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" '192\.0\.2\.1.*Cannot assign requested address'
}

@test "-b of a local port that is in use fails with 1 and names it" {
  start_serve
  run tcptool send -b "127.0.0.1:$port" 127.0.0.1 "$port" hello
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" "127\.0\.0\.1:$port.*Address already in use"
}

@test "-b of one family leaves the addresses of the other out" {
  start serve "$TCPTOOL" serve -p 0 --port-file serve.port -v
  wait_for_port serve
  tcptool send -b ::1 ::1 "$port" hello
  wait_for contains serve.err '[::1]:'
  run tcptool send -b ::1 127.0.0.1 "$port" hello
  expect_status 1
}

@test "a port may be the name of a service" {
  getent services discard >/dev/null || skip 'there is no /etc/services'
  run tcptool send 127.0.0.1 discard hello
  expect_status 1
  expect_match "$output" '127\.0\.0\.1:9: Connection refused'
}

@test "a socket that would connect to itself is refused" {
  port=$(closed_port)
  run tcptool send -b "127.0.0.1:$port" 127.0.0.1 "$port" selfie
  expect_status 1
  expect_match "$output" refused
}
