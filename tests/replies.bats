#!/usr/bin/env bats
# Replies of servers that keep the connection open, or that end it early.
load helpers/common

@test "send --until quiet ends when nothing more comes, though the server keeps the connection" {
  start_peer server server_steps 'hear ask' 'say one ' 'pause 0.02' 'say two'
  run tcptool send --until quiet 127.0.0.1 "$port" ask
  expect_status 0
  expect_equal "$output" 'one two'
  finish server
  expect_file server.out 'askEND\n'
}

@test "send --until quiet:TIME waits for the reply to begin, with its side open, however long" {
  start_peer server server_steps 'hear ask' 'pause 0.4' 'say late'
  run tcptool send --until quiet:50ms 127.0.0.1 "$port" ask
  expect_status 0
  expect_equal "$output" late
  finish server
  expect_file server.out 'askEND\n'
}

@test "send --until quiet does not end while its input goes on" {
  start_serve --echo
  mkfifo input
  exec 7<>input
  input=input start send "$TCPTOOL" send --until quiet:50ms 127.0.0.1 "$port"
  printf one >&7
  wait_for contains send.out one
  sleep 0.3 # much longer than the time
  printf two >&7
  exec 7>&-
  finish send
  expect_status 0
  expect_file send.out onetwo
}

@test "send --until quiet: a reply that waits for its reader is not cut off" {
  head -c 3000000 /dev/urandom >data
  start_peer server server_steps 'hear ask' 'file data'
  tcptool send --until quiet:50ms 127.0.0.1 "$port" ask | {
    sleep 0.5 # much longer than the time
    cat
  } >reply
  cmp data reply
}

@test "send --until quiet: the end of the connection completes a reply that has begun" {
  start_peer server server_steps 'hear ask' 'say all' close
  run tcptool send --until quiet:1h 127.0.0.1 "$port" ask
  expect_status 0
  expect_equal "$output" all
}

@test "send --until quiet fails when the connection ends without a reply" {
  start_peer server server_steps 'hear ask' close
  run --separate-stderr tcptool send --until quiet 127.0.0.1 "$port" ask
  expect_status 1
  expect_one_error "$stderr"
  expect_match "$stderr" 'without a reply'
}

@test "send --until quiet: wrong times are usage errors" {
  for until in quiet: quiet:x quiet:0 quiet:-1 quietly eof:1s; do
    run --separate-stderr tcptool send --until "$until" 127.0.0.1 1 ask
    expect_status 2
    expect_one_error "$stderr"
    expect_match "$stderr" --until
  done
}

@test "a server that ends without a reply to a half-close: a notice names --no-half-close" {
  # It gives a client up that has closed its side, as nginx does with a slow backend.
  start_peer server server_steps 'hear nothing' close
  run --separate-stderr tcptool send 127.0.0.1 "$port" ask
  expect_status 0
  expect_one_error "$stderr"
  expect_match "$stderr" 'no reply; .*--no-half-close'
}

@test "the notice of a missing reply appears only where a half-close may have lost one" {
  start_peer answers server_steps 'hear nothing' 'say answer' close
  run --separate-stderr tcptool send 127.0.0.1 "$port" ask
  expect_equal "$output" answer
  expect_equal "$stderr" ''
  start_peer quiet server_steps 'hear nothing' close
  run --separate-stderr tcptool send -q 127.0.0.1 "$port" ask
  expect_equal "$stderr" ''
  start_peer open server_steps 'hear ask' close
  run --separate-stderr tcptool send --no-half-close 127.0.0.1 "$port" ask
  expect_status 0
  expect_equal "$stderr" ''
  start_peer nothing server_steps 'hear nothing' close
  run --separate-stderr tcptool send 127.0.0.1 "$port" ''
  expect_equal "$stderr" ''
  start_peer none server_steps 'hear nothing' close
  run --separate-stderr tcptool send --until none 127.0.0.1 "$port" ask
  expect_equal "$stderr" ''
  start_peer early server_steps 'end'
  mkfifo input reply
  exec 7<>input
  start reader bash -c 'cat reply; touch ended'
  input=input into=reply start send "$TCPTOOL" send 127.0.0.1 "$port"
  wait_for test -e ended
  exec 7>&-
  finish send
  expect_status 0
  expect_file send.err ''
}
