#!/usr/bin/env bats
# No failure ends in 0, and each says in one line what failed.
load helpers/common

@test "send: a reset while receiving gives status 1, and the data before it is printed" {
  start_peer server server_reset 5 'the first half'
  run --separate-stderr tcptool send 127.0.0.1 "$port" hello
  expect_status 1
  expect_equal "$output" 'the first half'
  expect_one_error "$stderr"
  expect_match "$stderr" "127\.0\.0\.1:$port: Connection reset by peer"
}

@test "send: a reset while receiving, printed into a pipe" {
  start_peer server server_reset 5 'the first half'
  # pipefail is not set, and PIPESTATUS is that of the program.
  tcptool send 127.0.0.1 "$port" hello 2>error | cat >received && status=${PIPESTATUS[0]}
  expect_status 1
  expect_file received 'the first half'
  expect_match "$(cat error)" 'reset by peer'
}

@test "send: a reset before anything came gives status 1" {
  start_peer server server_reset 5 ''
  run --separate-stderr tcptool send 127.0.0.1 "$port" hello
  expect_status 1
  expect_one_error "$stderr"
  expect_match "$stderr" 'reset by peer'
}

@test "send: a reset while sending gives status 1 and says so" {
  start_peer server server_reset 100000 ''
  run --separate-stderr tcptool send 127.0.0.1 "$port" </dev/zero
  expect_status 1
  expect_one_error "$stderr"
  expect_match "$stderr" "127\.0\.0\.1:$port: Connection reset by peer"
}

@test "send: a reset while sending, and the data before it is printed" {
  start_peer server server_reset 100000 'enough!'
  run --separate-stderr tcptool send 127.0.0.1 "$port" </dev/zero
  expect_status 1
  expect_equal "$output" 'enough!'
  expect_one_error "$stderr"
}

@test "send: a reset while sending a file gives status 1" {
  truncate -s 100M data
  start_peer server server_reset 100000 ''
  run --separate-stderr tcptool send -f data 127.0.0.1 "$port"
  expect_status 1
  expect_one_error "$stderr"
}

@test "send --until none: a reset gives status 1" {
  truncate -s 100M data
  start_peer server server_reset 100000 ''
  run --separate-stderr tcptool send --until none -f data 127.0.0.1 "$port"
  expect_status 1
  expect_one_error "$stderr"
  expect_match "$stderr" 'reset by peer'
}

@test "send --until first and line: a reset instead of a reply gives status 1" {
  for until in first line; do
    start_peer "$until" server_reset 5 ''
    run --separate-stderr tcptool send --until "$until" 127.0.0.1 "$port" hello
    expect_status 1
    expect_one_error "$stderr"
  done
}

@test "send: a reset is reported although its own input is still open and silent" {
  mkfifo hold
  exec 7<>hold
  start_peer server server_reset 5 'the first half'
  input=hold start send "$TCPTOOL" send 127.0.0.1 "$port"
  printf hello >&7
  finish send
  expect_status 1
  expect_file send.out 'the first half'
  expect_match "$(cat send.err)" 'reset by peer'
}

@test "serve --once: a reset gives status 1, and the data before it is printed" {
  start_serve --once
  run peer client_reset "$port" 'the first half' </dev/null
  finish serve
  expect_status 1
  expect_file serve.out 'the first half'
  expect_match "$(tail -n +2 serve.err)" '^tcptool: .*127\.0\.0\.1:[0-9]+: Connection reset by peer$'
}

@test "serve --once --reply: a reset gives status 1" {
  start_serve --once --reply 'thank you!'
  mkfifo hold
  exec 7<>hold
  input=hold start client "$PYTHON" "$PEERS/client_reset.py" "$port" hello
  wait_for contains serve.out hello
  exec 7>&-
  finish serve
  expect_status 1
  expect_match "$(cat serve.err)" 'reset by peer'
}

@test "serve --once --reply-file: a reset while sending gives status 1" {
  head -c 50000000 /dev/zero >page
  start_serve --once --reply-file page
  run peer client_reset "$port" 'enough!' </dev/null
  finish serve
  expect_status 1
  expect_file serve.out 'enough!'
  expect_match "$(tail -n +2 serve.err)" '^tcptool: .*127\.0\.0\.1:[0-9]+: Connection reset by peer$'
}

@test "serve --once sending its input: a reset gives status 1" {
  truncate -s 100M data
  input=data start_serve --once
  run peer client_reset "$port" 'enough!' </dev/null
  finish serve
  expect_status 1
  expect_file serve.out 'enough!'
  expect_match "$(cat serve.err)" 'reset by peer'
}

@test "serve --once --echo and --discard: a reset gives status 1" {
  for what in echo discard; do
    start_serve -n "$what" --once "--$what"
    run peer client_reset "$port" hello </dev/null
    finish "$what"
    expect_status 1
    expect_match "$(cat "$what.err")" 'reset by peer'
  done
}

@test "serve: a reset of one client is reported, and affects neither the others nor the status" {
  start_serve
  run peer client_reset "$port" one. </dev/null
  wait_for contains serve.err 'reset by peer'
  tcptool send 127.0.0.1 "$port" two.
  wait_for contains serve.out two.
  expect_file serve.out 'one.two.'
  stop serve
  expect_status 0
}

@test "send: a full disk on standard output gives status 1" {
  start_serve --reply 'thank you!'
  run bash -c '"$TCPTOOL" send 127.0.0.1 "$1" hello >/dev/full' bash "$port"
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" 'standard output: No space left on device'
}

@test "send: a full disk in the middle of a large reply gives status 1" {
  head -c 3000000 /dev/urandom >page
  start_serve --reply-file page
  run bash -c 'ulimit -f 1000; trap "" XFSZ; "$TCPTOOL" send 127.0.0.1 "$1" hello >received' bash "$port"
  expect_status 1
  expect_match "$output" 'standard output: File too large'
}

@test "serve: a full disk on standard output gives status 1" {
  into=/dev/full start_serve
  run tcptool send 127.0.0.1 "$port" hello
  finish serve
  expect_status 1
  expect_match "$(tail -n 1 serve.err)" '^tcptool: error writing standard output: No space left on device$'
}

@test "serve --once: a full disk on standard output gives status 1" {
  into=/dev/full start_serve --once
  run tcptool send 127.0.0.1 "$port" hello
  finish serve
  expect_status 1
  expect_match "$(tail -n 1 serve.err)" 'standard output: No space left on device'
}

@test "help and version: a full disk gives status 1" {
  for words in '--version' 'help' '--help' 'help serve' 'serve --help' 'send --help'; do
    # shellcheck disable=SC2016,SC2086 # words are split on purpose
    run bash -c '"$TCPTOOL" "$@" >/dev/full' bash $words
    [[ $status == 1 ]] || fail "tcptool $words: $status"
    expect_one_error "$output"
  done
}

@test "serve | head -1 ends as a filter does, though no client sends any more" {
  start serve bash -c '"$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file serve.port 2>messages </dev/null |
    head -n 1
    echo "${PIPESTATUS[0]}" >status'
  wait_for_port serve
  mkfifo hold
  exec 7<>hold
  # Written with the first line, the rest must not matter; this client then says nothing.
  input=hold start client "$PYTHON" "$PEERS/client_idle.py" "$port" $'one\n'
  finish serve
  expect_file serve.out 'one\n'
  expect_file status '141\n'
  expect_match "$(grep -v listening messages || true)" '^$'
  exec 7>&-
}

@test "serve | head -1 ends though no client is connected" {
  start serve bash -c '"$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file serve.port </dev/null |
    head -n 1
    echo "${PIPESTATUS[0]}" >status'
  wait_for_port serve
  tcptool send 127.0.0.1 "$port" $'one\n'
  finish serve
  expect_file status '141\n'
}

@test "serve whose reader is gone before anything came ends" {
  start serve bash -c '"$TCPTOOL" serve -b 127.0.0.1 -p 0 </dev/null | true; echo "${PIPESTATUS[0]}" >status'
  finish serve
  expect_file status '141\n'
}

@test "chat --listen whose reader is gone ends, though no peer has connected" {
  start chat bash -c '"$TCPTOOL" chat --listen -b 127.0.0.1 -p 0 </dev/null | true; echo "${PIPESTATUS[0]}" >status'
  finish chat
  expect_file status '141\n'
}

@test "send | head -1 ends as a filter does" {
  head -c 10000000 /dev/zero | tr '\0' '\n' >page
  start_serve --reply-file page
  run bash -c '"$TCPTOOL" send 127.0.0.1 "$1" hello | head -n 1; echo "${PIPESTATUS[0]}"' bash "$port"
  expect_equal "$output" $'\n141'
}

@test "send whose reader is gone ends, though the server says nothing" {
  start_peer server server_silent
  run bash -c '"$TCPTOOL" send 127.0.0.1 "$1" hello | true; echo "${PIPESTATUS[0]}"' bash "$port"
  expect_equal "$output" 141
}

@test "where SIGPIPE is ignored, a closed standard output gives status 1 with a message" {
  head -c 10000000 /dev/zero >page
  start_serve --reply-file page
  run bash -c 'trap "" PIPE; "$TCPTOOL" send 127.0.0.1 "$1" hello 2>error | true; echo "${PIPESTATUS[0]}"; cat error' bash "$port"
  expect_equal "${lines[0]}" 1
  expect_match "${lines[1]}" '^tcptool: error writing standard output: Broken pipe$'
}

@test "send: standard output that is closed gives status 1" {
  start_serve --reply 'thank you!'
  run bash -c '"$TCPTOOL" send 127.0.0.1 "$1" hello >&-' bash "$port"
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" 'standard output: Bad file descriptor'
}

@test "send: standard input that is closed gives status 1" {
  start_serve
  run bash -c '"$TCPTOOL" send 127.0.0.1 "$1" <&-' bash "$port"
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" 'standard input: Bad file descriptor'
}

@test "send: a reply cut off by the server's death is not a success" {
  head -c 100000000 /dev/zero >page
  mkfifo stuck slow
  exec 8<>stuck
  into=stuck start_serve --reply-file page
  exec 7<>slow
  input=/dev/zero into=slow start send "$TCPTOOL" send 127.0.0.1 "$port"
  read -r -n 1 -d '' <&7
  # The kernel of a killed process sends what was handed over to it, and then a reset when
  # there is data that the process has not read; else an orderly end, like a short page's.
  wait_for has_unread
  stop serve KILL
  input=slow into=received start reader cat
  exec 7<&-
  finish send
  expect_status 1
  expect_match "$(cat send.err)" 'reset by peer'
  finish reader
  (($(stat -c %s received) < 100000000))
}

# The server's kernel holds bytes that the server has not read.
has_unread() {
  (($(ss -tnH state established "( sport = :$port )" | awk '{ print $1 }') > 0))
}

@test "status 0: everything requested was done" {
  start_serve --reply 'thank you!'
  run tcptool send 127.0.0.1 "$port" hello
  expect_status 0
}

@test "help, --help and --version end with 0 and print on standard output" {
  for words in '--version' 'help' '--help' '-h' 'help serve' 'help send' 'serve --help' 'send -h'; do
    # shellcheck disable=SC2086 # words are split on purpose
    run --separate-stderr tcptool $words
    expect_status 0
    expect_equal "$stderr" ''
    [[ $output ]] || fail "tcptool $words printed nothing"
  done
}
