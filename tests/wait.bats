#!/usr/bin/env bats
# wait: addresses that accept connections, or no longer do, and the program that follows.
load helpers/common

@test "wait: an address that accepts connections: status 0, and nothing is printed" {
  start_serve
  run -0 --separate-stderr tcptool wait "127.0.0.1:$port"
  expect_equal "$output$stderr" ''
  run -0 tcptool wait 127.0.0.1 "$port"
}

@test "wait: a server that is still starting is waited for" {
  port=$(closed_port)
  start wait "$TCPTOOL" wait -v "127.0.0.1:$port"
  wait_for contains wait.err 'Connection refused; trying again'
  start_serve -p "$port"
  finish wait
  expect_status 0
}

@test "wait: every address, of every kind" {
  start_serve -b unix:socket -b unix:@tcptool-$$
  closed=$(closed_port)
  run -0 tcptool wait unix:socket "127.0.0.1:$port" ./socket "unix:@tcptool-$$"
  run tcptool wait --deadline 100ms "127.0.0.1:$port" "127.0.0.1:$closed"
  expect_status 124
}

@test "wait: after --deadline a line for each address that fails, with its cause" {
  start_serve
  one=$(closed_port)
  run --separate-stderr tcptool wait --deadline 200ms "127.0.0.1:$one" "127.0.0.1:$port" \
    unix:nowhere nosuch.invalid:80
  expect_status 124
  expect_equal "$output" ''
  expect_equal "$(sed 's/: Name or.*/: X/; s/: Temporary.*/: X/' <<<"$stderr")" \
    "tcptool: 127.0.0.1:$one: timed out after 200ms (--deadline): Connection refused
tcptool: unix:nowhere: timed out after 200ms (--deadline): No such file or directory
tcptool: nosuch.invalid:80: timed out after 200ms (--deadline): cannot look up \"nosuch.invalid\": X"
}

@test "wait: an address that does not reply is named after --deadline" {
  start_peer server server_full
  run tcptool wait --deadline 200ms "127.0.0.1:$port"
  expect_status 124
  expect_equal "$output" "tcptool: 127.0.0.1:$port: timed out after 200ms (--deadline): no reply"
}

@test "wait --any: one address is enough" {
  start_serve
  run -0 --separate-stderr tcptool wait --any "127.0.0.1:$(closed_port)" "127.0.0.1:$port"
  expect_equal "$output$stderr" ''
}

@test "wait --gone: until the server has stopped" {
  start_serve
  start wait "$TCPTOOL" wait -v --gone "127.0.0.1:$port" unix:nowhere
  wait_for contains wait.err "127.0.0.1:$port: still accepts connections; trying again"
  not is_gone wait
  stop serve
  finish wait
  expect_status 0
  expect_match "$(cat wait.err)" "127.0.0.1:$port: gone"
}

@test "wait --gone --any: one address is enough" {
  start_serve
  run -0 tcptool wait --gone --any "127.0.0.1:$port" "127.0.0.1:$(closed_port)"
}

@test "wait --gone: what stays is named after --deadline" {
  start_serve
  run tcptool wait --gone --deadline 100ms "127.0.0.1:$port"
  expect_status 124
  expect_equal "$output" \
    "tcptool: 127.0.0.1:$port: timed out after 100ms (--deadline): still accepts connections"
}

@test "wait --gone: that no connection can be tried does not mean gone" {
  start_serve
  run tcptool wait --gone --deadline 100ms -b 192.0.2.1 "127.0.0.1:$port"
  expect_status 124
  expect_match "$output" 'Cannot assign requested address'
  cat >limited.sh <<'END'
ulimit -n 4
exec "$TCPTOOL" wait --gone --deadline 100ms "$@"
END
  run timeout "$LIMIT" bash limited.sh "127.0.0.1:$port" 3<&-
  [[ $status == 124 || $status == 1 ]] || fail "status $status" "$output"
}

@test "wait --expect: as soon as the reply contains the text, with the sending side open" {
  start_peer server server_phases 'starting\n' 'server is read' 1
  start wait "$TCPTOOL" wait -v --expect ready --deadline 100ms "127.0.0.1:$port"
  finish wait
  expect_status 124
  expect_match "$(cat wait.err)" "its reply lacks the text; trying again"
  expect_match "$(tail -1 wait.err)" "timed out after 100ms \(--deadline\): the reply lacks the text"
  tcptool wait --expect read "127.0.0.1:$port"
}

@test "wait --send: the text is sent before the reply is read" {
  start_serve --echo
  tcptool wait --send PING --expect PING "127.0.0.1:$port"
  run tcptool wait --send PING --expect PONG --idle-timeout 50ms --deadline 1s "127.0.0.1:$port"
  expect_status 124
  expect_match "$output" 'idle for 50ms|the reply lacks the text'
}

@test "wait --send: with the line ending and in the encoding that are asked for" {
  start_peer server server_phases x ready 0
  tcptool wait -e gbk --eol crlf --send 你好 --expect ready "127.0.0.1:$port"
  wait_for has_content server.out
  expect_equal "$(cat server.out)" "b'\\xc4\\xe3\\xba\\xc3\\r\\n'"
  start_peer gbk server_phases x '\xd7\xbc\xb1\xb8\xba\xc3' 0
  tcptool wait -e gbk --expect 备好 "127.0.0.1:$port"
  run tcptool wait -e gbk --send '€€ ☃' --expect x "127.0.0.1:$port"
  expect_status 65
}

# An address that resets is not one that is gone for want of a text.
@test "wait --gone --expect: until no reply contains the text" {
  start_peer server server_phases ready 'other words' 2
  start wait "$TCPTOOL" wait --gone --expect ready --idle-timeout 100ms "127.0.0.1:$port"
  finish wait
  expect_status 0
}

@test "wait: becomes PROGRAM, with its arguments and its status" {
  start_serve
  run -0 --separate-stderr tcptool wait -v "127.0.0.1:$port" -- printf '<%s>' -v -- 'a b'
  expect_equal "$output" '<-v><--><a b>'
  run tcptool wait "127.0.0.1:$port" -- sh -c 'echo $PPID; exit 7'
  expect_status 7
  start wait "$TCPTOOL" wait "127.0.0.1:$port" -- sh -c 'echo $$'
  finish wait
  expect_equal "$(cat wait.out)" "${pids[wait]}"
}

@test "wait: PROGRAM gets signals, limits and descriptors as they were" {
  start_serve
  # A pipe, a file, a terminal's and a file beyond: none may be another one, or not block.
  cat >inherit.sh <<'END'
trap '' HUP USR1
ulimit -S -n 100
exec "$@" </dev/null 3<"$0" 2> >(cat >&2)
END
  bash inherit.sh "$PYTHON" "$PEERS/state.py" | sed 's/pipe:.*] /pipe /' >wanted
  bash inherit.sh "$TCPTOOL" wait -v "127.0.0.1:$port" unix:nowhere --any -- "$PYTHON" "$PEERS/state.py" |
    sed 's/pipe:.*] /pipe /' >got
  has_content wanted
  diff wanted got
}

@test "wait: a standard descriptor that was closed is closed in PROGRAM" {
  start_serve
  "$TCPTOOL" wait "127.0.0.1:$port" -- sh -c 'ls /proc/$$/fd >out' <&-
  not grep -qx 0 out
  "$TCPTOOL" wait "127.0.0.1:$port" -- sh -c 'ls /proc/$$/fd >out' 2>&-
  not grep -qx 2 out
}

@test "wait: PROGRAM is looked up first: 127 when it is not found, 126 when it cannot be run" {
  closed=$(closed_port)
  run -127 tcptool wait "127.0.0.1:$closed" -- no-such-program
  expect_equal "$output" 'tcptool: cannot run "no-such-program": No such file or directory'
  run -127 tcptool wait "127.0.0.1:$closed" -- ./nothing/here
  touch file
  run tcptool wait "127.0.0.1:$closed" -- ./file
  expect_status 126
  expect_equal "$output" 'tcptool: cannot run "./file": Permission denied'
  PATH=$PWD:$PATH run -127 tcptool wait "127.0.0.1:$closed" -- file-not-there
  run tcptool wait "127.0.0.1:$closed" -- "$PWD"
  expect_status 126
}

@test "wait: a script without an interpreter line runs as execvp(3) runs it" {
  start_serve
  echo 'echo from a script' >script
  chmod +x script
  run -0 tcptool wait "127.0.0.1:$port" -- ./script
  expect_equal "$output" 'from a script'
}

@test "wait: a signal ends it, and PROGRAM does not run" {
  start wait "$TCPTOOL" wait -v "127.0.0.1:$(closed_port)" -- touch ran
  wait_for contains wait.err 'trying again'
  stop wait
  expect_status 143
  [[ ! -e ran ]]
}

@test "wait: a signal that was ignored at the start stays ignored" {
  trap '' HUP
  port=$(closed_port)
  start wait "$TCPTOOL" wait -v "127.0.0.1:$port"
  trap - HUP
  wait_for contains wait.err 'trying again'
  kill -HUP "${pids[wait]}"
  start_serve -p "$port"
  finish wait
  expect_status 0
}

# As process 1, a signal that is not caught does nothing.
@test "wait: as the entry point of a container" {
  need_namespace
  unshare --pid --fork true 2>/dev/null || skip 'namespaces of processes are not permitted here'
  start_serve
  run -0 timeout "$LIMIT" unshare --pid --fork -- "$TCPTOOL" wait "127.0.0.1:$port" -- sh -c 'echo $$'
  expect_equal "$output" 1
  start wait unshare --pid --fork -- "$TCPTOOL" wait -v "127.0.0.1:$(closed_port)"
  wait_for contains wait.err 'trying again'
  kill -TERM "$(pgrep -P "${pids[wait]}")"
  finish wait
  expect_status 143
}

@test "wait --now: a line for each address, in order; 0 only when all are open" {
  start_serve -b unix:socket
  closed=$(closed_port)
  run -0 --separate-stderr tcptool wait --now "127.0.0.1:$port" unix:socket
  expect_equal "$output" "127.0.0.1:$port open
unix:socket open"
  expect_equal "$stderr" ''
  run --separate-stderr tcptool wait --now "127.0.0.1:$closed" "127.0.0.1:$port" ./nowhere 127.0.0.1 "$closed"
  expect_status 1
  expect_equal "$output" "127.0.0.1:$closed closed: Connection refused
127.0.0.1:$port open
unix:./nowhere closed: No such file or directory
127.0.0.1:$closed closed: Connection refused"
  expect_equal "$stderr" ''
}

@test "wait --now: an IPv6 address stands in brackets" {
  start_serve -b ::1
  run -0 tcptool wait --now "[::1]:$port" ::1 "$port"
  expect_equal "$output" "[::1]:$port open
[::1]:$port open"
}

@test "wait --now: a name that is not known, and a range of it" {
  run tcptool wait --now nosuch.invalid:1 nosuch.invalid:7-9
  expect_status 1
  expect_equal "$(sed 's/known$/&/; s/: Name or.*//; s/: Temporary.*//' <<<"$output")" \
    "nosuch.invalid:1 closed: cannot look up \"nosuch.invalid\"
nosuch.invalid:7 closed: cannot look up \"nosuch.invalid\"
nosuch.invalid:8 closed: cannot look up \"nosuch.invalid\"
nosuch.invalid:9 closed: cannot look up \"nosuch.invalid\""
}

scan_all() {
  ip link set lo up
  serve_inside -b 127.0.0.1 -p 4711
  "$TCPTOOL" wait --now "$1:1-65535" >out || echo "status $?"
  "$TCPTOOL" wait --now "$1:4711-4711"
  kill %1
}

serve_inside() {
  "$TCPTOOL" serve --port-file port "$@" >/dev/null 2>&1 3>&- 4>&- &
  until [[ -s port ]]; do
    sleep 0.01
  done
}

@test "wait --now: all ports of a host, in order" {
  need_namespace
  export -f scan_all serve_inside
  for host in 127.0.0.1 localhost; do
    run -0 in_namespace bash -c "scan_all $host"
    expect_equal "$output" "status 1
$host:4711 open"
    for ((i = 1; i < 65536; i++)); do
      echo "$host:$i"
    done >wanted
    sed 's/ .*//' out | cmp wanted -
    expect_equal "$(grep -vc ' closed: Connection refused$' out)" 1
    rm port
  done
}

@test "wait --now: --connect-timeout limits each try, and the others go on" {
  start_serve
  open=$port
  start_peer server server_full
  run tcptool wait --now --connect-timeout 200ms "127.0.0.1:$port" "127.0.0.1:$open"
  expect_status 1
  expect_equal "$output" "127.0.0.1:$port closed: timed out after 200ms (--connect-timeout)
127.0.0.1:$open open"
}

@test "wait --now --expect: a reply without the text counts as closed" {
  start_peer server server_phases no yes
  run tcptool wait --now --expect yes "127.0.0.1:$port"
  expect_status 1
  expect_match "$output" "^127.0.0.1:$port closed: .*its reply lacks the text"
  run -0 tcptool wait --now --expect yes "127.0.0.1:$port"
}

@test "wait --now: --deadline ends it with 124" {
  start_peer server server_full
  run tcptool wait --now --deadline 100ms "127.0.0.1:$port"
  expect_status 124
  expect_match "$output" 'timed out after 100ms \(--deadline\)'
}

@test "wait --now: a closed output ends it as it ends a filter; a full disk is a failure" {
  status=0
  { "$TCPTOOL" wait --now 127.0.0.1:1-65535 && true; echo $? >status; } | head -1 >first
  expect_equal "$(wc -l <first)" 1
  expect_equal "$(cat status)" 141
  run timeout "$LIMIT" bash -c '"$TCPTOOL" wait --now "127.0.0.1:1" >/dev/full'
  expect_status 1
  expect_match "$output" 'standard output.*No space left on device'
}

@test "wait: usage errors" {
  local line
  while IFS='|' read -r words message; do
    # shellcheck disable=SC2086
    run tcptool wait $words
    expect_status 2
    expect_equal "$output" "tcptool: wait: $message (see tcptool wait --help)"
  done <<'END'
|missing ADDRESS
-- true|missing ADDRESS
db:80 --|missing PROGRAM after --
db|invalid address "db": expected a port; PROGRAM follows --
db:80 true|invalid address "true": expected a port; PROGRAM follows --
db:20-25|invalid port "20-25": a range requires --now
--now db:25-20|invalid port range "25-20": expected FIRST-LAST, 1 to 65535
--now db:0-20|invalid port range "0-20": expected FIRST-LAST, 1 to 65535
--now db:20-99999|invalid port range "20-99999": expected FIRST-LAST, 1 to 65535
--now db:20-|invalid port range "20-": expected FIRST-LAST, 1 to 65535
--now db:20-25x|invalid port range "20-25x": expected FIRST-LAST, 1 to 65535
db:99999|invalid port "99999": expected 1 to 65535 or a service name
--now --any db:80|--now and --any cannot be used together
--now --gone db:80|--now and --gone cannot be used together
--now db:80 -- true|--now and PROGRAM cannot be used together
--send x db:80|--send requires --expect
--expect= db:80|--expect: missing TEXT
END
}

@test "wait --tls: an address counts once its handshake is complete" {
  start serve "$TCPTOOL" serve --tls -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for_port serve
  run -0 tcptool wait --tls --tls-insecure --deadline 10s "127.0.0.1:$port"
  start plain "$TCPTOOL" serve --echo -b 127.0.0.1 -p 0 --port-file plain.port
  wait_for_port plain
  run -124 tcptool wait --tls --tls-insecure --deadline 300ms "127.0.0.1:$port"
}

@test "wait --tls: what concerns all addresses is prepared, and reported, once" {
  start serve "$TCPTOOL" serve --tls -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for_port serve
  run -0 --separate-stderr tcptool wait --tls --tls-insecure --deadline 10s \
    "127.0.0.1:$port" "localhost:$port" "127.0.0.1:$port"
  expect_equal "$stderr" 'tcptool: TLS: no peer is verified (--tls-insecure)'
}
