#!/usr/bin/env bats
# Messages: when they carry the time, and the line that is redrawn.
load helpers/common

TIME='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}[+-][0-9]{4}'

@test "--timestamps puts the time before every message" {
  start_serve --timestamps -v --drain 0
  tcptool send -q 127.0.0.1 "$port" hello
  wait_for contains serve.err closed
  stop serve
  not grep -vE "^$TIME tcptool: " serve.err
  contains serve.err 'tcptool: listening on'
  run tcptool send --timestamps 127.0.0.1 "$(closed_port)" hello
  expect_status 1
  expect_match "$output" "^$TIME tcptool: cannot connect"
}

@test "--timestamps gives the local time" {
  local before=$EPOCHSECONDS time
  TZ=UTC-05:30 run tcptool serve --timestamps -p 0 --deadline 1ms
  expect_match "${lines[0]}" "^${TIME%%\[+-\]*}\+0530 "
  time=$(date -d "${lines[0]%% *}" +%s)
  ((time >= before && time <= EPOCHSECONDS)) || fail "$time is not between $before and $EPOCHSECONDS"
}

@test "-v logs connections with the time, but only off a terminal" {
  start_serve -v
  tcptool send -q 127.0.0.1 "$port" hello
  wait_for contains serve.err closed
  grep -qE "^$TIME tcptool: 127\.0\.0\.1:[0-9]+ connected$" serve.err
  grep -qE "^$TIME tcptool: 127\.0\.0\.1:[0-9]+ closed: 5 bytes in, 0 bytes out$" serve.err
  grep -qx "tcptool: listening on 127.0.0.1:$port" serve.err
  start shown "$PYTHON" "$PEERS/pty_run.py" -w closed -s 15 -- \
    "$TCPTOOL" serve -v -b 127.0.0.1 -p 0 --port-file shown.port
  wait_for_port shown
  tcptool send -q 127.0.0.1 "$port" hello
  finish shown
  grep -qE '^tcptool: 127\.0\.0\.1:[0-9]+ connected' shown.out
  not grep -qE "$TIME" shown.out
}

@test "send --retry shows on a terminal how long it waits, and removes the line" {
  port=$(closed_port)
  start shown "$PYTHON" "$PEERS/pty_run.py" -w '60s left' -- "$TCPTOOL" send --retry 60s 127.0.0.1 "$port" ask
  wait_for grep -q '5[0-9]s left' shown.out
  start serve "$TCPTOOL" serve --once --reply hello -b 127.0.0.1 -p "$port"
  finish shown
  expect_status 0
  contains shown.out $'\r\e[Kwaiting for 127.0.0.1 port '
  expect_match "$(cat shown.out)" $'left \(--retry\)\r\e\[Khello$'
}

@test "send --retry: messages are printed above the line, which is removed before an error" {
  run on_terminal -- "$TCPTOOL" send -v --retry 200ms 127.0.0.1 "$(closed_port)" ask
  expect_status 1
  expect_match "$output" $'left \(--retry\)\r\e\[Ktcptool: cannot connect [^\r]*; trying again\n\r\e\[Kwaiting'
  expect_match "$output" $'left \(--retry\)\r\e\[Ktcptool: cannot connect [^\r;]*$'
}

@test "send --retry shows no line off a terminal, nor with -q" {
  run on_terminal -f 01 -- "$TCPTOOL" send --retry 200ms 127.0.0.1 "$(closed_port)" ask
  [[ $output != *waiting* ]] || fail "$output"
  run on_terminal -- "$TCPTOOL" send -q --retry 200ms 127.0.0.1 "$(closed_port)" ask
  expect_match "$output" '^tcptool: cannot connect'
}
