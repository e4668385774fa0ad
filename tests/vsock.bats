#!/usr/bin/env bats
# vsock, over the loopback of this machine (VMADDR_CID_LOCAL, 1). Without its module a
# connection would go to the hypervisor, so nothing is tried to find out.
load helpers/common

need_loopback() {
  [[ -d /sys/module/vsock_loopback ]] ||
    grep -qs '/vsock_loopback\.ko' "/lib/modules/$(uname -r)/modules.builtin" ||
    skip "vsock_loopback is neither loaded nor built in"
}

# start_vsock COMMAND [OPTIONS...]: $port is where it listens.
start_vsock() {
  local command=$1
  shift
  start "$command" "$TCPTOOL" "$command" -b vsock:1:0 --port-file "$command.port" "$@"
  wait_for_port "$command"
  contains "$command.err" "tcptool: listening on vsock:1:$port"
}

@test "vsock: serve prints, with labels, what send sends" {
  need_loopback
  start_vsock serve --label
  tcptool send "vsock:1:$port" hello
  wait_for contains serve.out hello
  expect_match "$(cat serve.out)" '^vsock:1:[0-9]+: hello$'
  stop serve
  expect_status 0
}

@test "vsock: half-close, much data and workers" {
  need_loopback
  head -c 3000000 /dev/urandom >data
  start_vsock serve --echo --workers 2
  tcptool send "vsock:1:$port" <data >back
  cmp data back
}

@test "vsock: discarded data is read all the same" {
  need_loopback
  head -c 3000000 /dev/zero >data
  start_vsock serve --discard -v
  tcptool send --until none "vsock:1:$port" <data
  wait_for contains serve.err 'closed: 3000000 bytes in'
}

@test "vsock: upper replies to socat" {
  need_loopback
  start_vsock upper
  expect_equal "$(printf straße | socat -t 20 - "VSOCK-CONNECT:1:$port")" STRASSE
}

@test "vsock: two parties, and a room" {
  need_loopback
  start_vsock chat --listen --bye end
  printf 'hello\nend\n' | tcptool chat --bye end "vsock:1:$port"
  finish chat
  expect_status 0
  expect_file chat.out 'hello\nend\n'
  start_vsock chat --listen --room
  printf 'hello\n/quit\n' | tcptool chat "vsock:1:$port"
  wait_for contains chat.out 'guest1: hello'
}

@test "vsock: an address without a listener is a failure that names the address" {
  need_loopback
  start_vsock serve
  run -1 --separate-stderr tcptool serve -b "vsock:1:$port"
  expect_equal "$stderr" "tcptool: cannot listen on vsock:1:$port: Address already in use"
  stop serve
  run -1 --separate-stderr tcptool send "vsock:1:$port" x
  expect_match "$stderr" "^tcptool: cannot connect to vsock:1:$port: "
}

@test "vsock: the rule unix does not match" {
  need_loopback
  start_vsock serve --allow unix -v
  tcptool send "vsock:1:$port" x || true
  wait_for contains serve.err 'refused: no --allow rule matches'
}
