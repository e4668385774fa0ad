#!/usr/bin/env bats
# send: what it sends, what it prints, and when it ends.
load helpers/common

@test "send sends the words joined by one space, without a line ending" {
  start_serve
  tcptool send 127.0.0.1 "$port" hello  'big   wide' world
  wait_for contains serve.out world
  expect_file serve.out 'hello big   wide world'
}

@test "send takes HOST PORT, HOST:PORT and [V6]:PORT" {
  start serve "$TCPTOOL" serve -p 0 --port-file serve.port
  wait_for_port serve
  tcptool send 127.0.0.1 "$port" one.
  wait_for contains serve.out one.
  tcptool send "127.0.0.1:$port" two.
  wait_for contains serve.out two.
  tcptool send "[::1]:$port" three.
  wait_for contains serve.out three.
  tcptool send ::1 "$port" four.
  wait_for contains serve.out four.
  tcptool send "localhost:$port" five.
  wait_for contains serve.out five.
  expect_file serve.out 'one.two.three.four.five.'
}

@test "send sends standard input to its end, and prints the reply" {
  start_serve --echo
  head -c 1000000 /dev/urandom >data
  tcptool send 127.0.0.1 "$port" <data >from_file
  cmp data from_file
  # shellcheck disable=SC2002 # a pipe is what is tested
  cat data | tcptool send 127.0.0.1 "$port" >from_pipe
  cmp data from_pipe
}

@test "send sends its input as it comes" {
  start_serve
  mkfifo hold
  exec 7<>hold
  input=hold start send "$TCPTOOL" send 127.0.0.1 "$port"
  printf first >&7
  wait_for contains serve.out first
  printf second >&7
  wait_for contains serve.out second
  not is_gone send
  stop send
}

@test "send -f sends a file" {
  start_serve --echo
  head -c 1000000 /dev/urandom >data
  tcptool send -f data 127.0.0.1 "$port" >answer
  cmp data answer
  tcptool send --file=data 127.0.0.1 "$port" >answer
  cmp data answer
}

@test "send -f - is standard input" {
  start_serve --echo
  run tcptool send -f - 127.0.0.1 "$port" <<<'from input'
  expect_equal "$output" 'from input'
}

@test "send -f of a file that does not exist or is a directory fails with 1" {
  start_serve
  run tcptool send -f missing 127.0.0.1 "$port"
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" 'missing.*No such file'
  run tcptool send -f . 127.0.0.1 "$port"
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" 'Is a directory'
}

@test "send sends a file from where its input stands, not from its beginning" {
  start_serve --echo
  printf 'first line\nsecond line\n' >data
  run bash -c 'exec <data; read -r line; exec "$TCPTOOL" send 127.0.0.1 "$1"' bash "$port"
  # bash reads a file line by line and puts the position back behind the line.
  expect_equal "$output" 'second line'
}

@test "send of an empty file and of /dev/null half-closes the connection" {
  start_serve --reply-file /dev/null
  : >empty
  run tcptool send -f empty 127.0.0.1 "$port"
  expect_status 0
  run tcptool send 127.0.0.1 "$port" </dev/null
  expect_status 0
}

@test "send with an empty message sends nothing and prints the reply" {
  printf 'a greeting' >page
  start_serve --reply-file page
  run tcptool send 127.0.0.1 "$port" ''
  expect_status 0
  expect_equal "$output" 'a greeting'
  expect_file serve.out ''
}

@test "the message is sent exactly, whatever it looks like" {
  start_serve
  tcptool send 127.0.0.1 "$port" -- -v 'a\nb' '%s' $'tab\t' '中文'
  wait_for contains serve.out 中文
  expect_file serve.out '-v a\\nb %s tab\t 中文'
}

@test "send -v reports the connection" {
  start_serve
  run --separate-stderr tcptool send -v 127.0.0.1 "$port" hello
  expect_match "$stderr" "127\.0\.0\.1:$port connected, from 127\.0\.0\.1:[0-9]+"
  expect_match "$stderr" "127\.0\.0\.1:$port closed: 0 bytes in, 5 bytes out"
}

@test "send prints nothing of its own" {
  start_serve --reply answer
  run --separate-stderr tcptool send 127.0.0.1 "$port" hello
  expect_equal "$output" answer
  expect_equal "$stderr" ''
}

@test "send --until first ends after the first reply, though the peer sends more" {
  start_peer server server_says 'first answer' hold
  run tcptool send --until first 127.0.0.1 "$port" 'a question'
  expect_status 0
  expect_equal "$output" 'first answer'
  finish server
  expect_file server.out 'a questionEND\n'
}

@test "send --until line ends after one line, and prints no more" {
  start_peer server server_says 'one line\nand more' hold
  run tcptool send --until line 127.0.0.1 "$port" 'a question'
  expect_status 0
  expect_equal "$output" 'one line'
  finish server
}

@test "send --until line takes a line in pieces" {
  printf 'a line\nmore' >text
  start_peer server server_bytewise text
  tcptool send --until line 127.0.0.1 "$port" 'a question' >answer
  expect_file answer 'a line\n'
}

@test "send --until first and line fail when the peer ends without a reply" {
  for until in first line; do
    start_peer "$until" server_says ''
    run --separate-stderr tcptool send --until "$until" 127.0.0.1 "$port" 'a question'
    expect_status 1
    expect_one_error "$stderr"
    finish "$until"
  done
}

@test "send --until line prints the beginning of a line that never ended, and fails" {
  start_peer server server_says 'no line end'
  run --separate-stderr tcptool send --until line 127.0.0.1 "$port" 'a question'
  expect_status 1
  expect_equal "$output" 'no line end'
  expect_one_error "$stderr"
}

@test "send --until first keeps its side open while it waits" {
  # A server that answers only when the client has not ended its side.
  start server "$PYTHON" -u -c 'import socket, select
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], file=open("server.port", "w"), flush=True)
c = s.accept()[0]
c.recv(1024)
c.setblocking(False)
import time; time.sleep(0.2)
try:
    print("ended" if c.recv(1) == b"" else "more")
except BlockingIOError:
    print("open")
c.sendall(b"answer")' server.port
  wait_for_port server
  run tcptool send --until first 127.0.0.1 "$port" 'a question'
  expect_equal "$output" answer
  finish server
  expect_file server.out 'open\n'
}

@test "send --until none does not wait for a reply" {
  start_peer server server_silent
  run tcptool send --until none 127.0.0.1 "$port" hello
  expect_status 0
  expect_equal "$output" ''
  wait_for contains server.out END
  expect_file server.out 'helloEND\n'
}

@test "send --until none ends only when everything was acknowledged" {
  head -c 4000000 /dev/urandom >data
  start_peer server server_slow_reader
  # When it ends, the kernel of the peer has everything; the peer may be killed no more.
  run tcptool send --until none -f data 127.0.0.1 "$port"
  expect_status 0
  finish server
  expect_equal "$(cat server.out)" "4000000 $(sha256sum data | cut -d' ' -f1)"
}

@test "send --until none to a peer that does not take everything fails with the time limit" {
  start_peer server server_stalled
  run tcptool send --until none --deadline 500ms 127.0.0.1 "$port" </dev/zero
  expect_status 124
}

@test "send --until none discards a reply" {
  start_serve --echo
  head -c 3000000 /dev/zero >data
  run tcptool send --until none -f data 127.0.0.1 "$port"
  expect_status 0
  expect_equal "$output" ''
}

@test "send --no-half-close keeps the sending side open until the peer ends" {
  start_peer server server_loop
  run tcptool send --no-half-close 127.0.0.1 "$port" hello
  expect_status 0
  expect_equal "$output" 'got hello'
  start_peer silent server_silent
  start send "$TCPTOOL" send --no-half-close 127.0.0.1 "$port" hello
  wait_for contains silent.out hello
  sleep 0.2 # the time in which the end must not come
  not contains silent.out END
  stop send
}

@test "send --idle-timeout exits with 124 and says so" {
  start_peer server server_silent
  run tcptool send --idle-timeout 200ms 127.0.0.1 "$port" hello
  expect_status 124
  expect_one_error "$output"
  expect_match "$output" "127\.0\.0\.1:$port.*--idle-timeout"
}

@test "send --deadline ends everything with status 124 and says so" {
  start_peer server server_silent
  run tcptool send --deadline 200ms 127.0.0.1 "$port" hello
  expect_status 124
  expect_one_error "$output"
  expect_match "$output" '--deadline'
}

@test "send --deadline covers connecting too" {
  start_peer server server_full
  run tcptool send --deadline 300ms --connect-timeout 0 127.0.0.1 "$port" hello
  expect_status 124
}

@test "send --no-sendall of a small message sends it, and says how much one call took" {
  start_serve
  run tcptool send --no-sendall 127.0.0.1 "$port" hello
  expect_status 0
  expect_match "$output" '5 bytes'
  wait_for contains serve.out hello
}

@test "send --no-sendall fails with 1 when one call does not take all, and says how much it took" {
  start_peer server server_late 0 'an answer'
  head -c 50000000 /dev/zero >data
  run --separate-stderr tcptool send --no-sendall -f data 127.0.0.1 "$port"
  expect_status 1
  expect_equal "$output" 'an answer'
  expect_one_error "$stderr"
  expect_match "$stderr" '[0-9]+ .*50000000'
}

@test "send --eol adds a line ending to the message, and translates those in it" {
  start_serve
  tcptool send --eol lf 127.0.0.1 "$port" one
  wait_for contains serve.out one
  tcptool send --eol crlf 127.0.0.1 "$port" $'two\nthree'
  wait_for contains serve.out three
  tcptool send --eol none 127.0.0.1 "$port" $'four\nfive'
  wait_for contains serve.out five
  expect_file serve.out 'one\ntwo\r\nthree\r\nfour\nfive'
}

@test "send --eol crlf of input: a bare LF becomes CRLF, CRLF is never doubled" {
  start_serve
  printf 'one\ntwo\r\nthree' | tcptool send --eol crlf 127.0.0.1 "$port"
  wait_for contains serve.out three
  expect_file serve.out 'one\r\ntwo\r\nthree'
}

@test "--eol sees a CRLF that is split between two reads" {
  start_serve
  mkfifo hold
  exec 7<>hold
  input=hold start send "$TCPTOOL" send --eol crlf 127.0.0.1 "$port"
  printf 'one\r' >&7
  wait_for contains serve.out one
  printf '\ntwo' >&7
  wait_for contains serve.out two
  stop send
  expect_file serve.out 'one\r\ntwo'
}

@test "a tutorial's one-shot server on 127.0.0.1 replies once" {
  start_peer server server_one_shot
  run tcptool send 127.0.0.1 "$port" 'hello server'
  expect_status 0
  expect_equal "$output" 'thank you!'
  finish server
  expect_match "$(cat server.out)" '^from 127\.0\.0\.1 [0-9]+ hello server$'
}

@test "a tutorial's one-shot server on every address, with listen(5) and listen(128)" {
  for backlog in 5 128; do
    start_peer "server$backlog" server_one_shot '' "$backlog"
    run tcptool send localhost "$port" 'hello server'
    expect_status 0
    expect_equal "$output" 'thank you!'
  done
}

@test "a tutorial's server in a loop replies to each client once" {
  start_peer server server_loop
  for text in one two three; do
    run tcptool send 127.0.0.1 "$port" "$text"
    expect_status 0
    expect_equal "$output" "got $text"
  done
}

@test "a server that never replies is waited for, and sees the end of data" {
  start_peer server server_silent
  start send "$TCPTOOL" send 127.0.0.1 "$port" hello
  wait_for contains server.out END
  not is_gone send
  stop send
  expect_status 143
}

@test "a server that reads slowly gets everything" {
  start_peer server server_slow_reader
  head -c 3000000 /dev/urandom >data
  tcptool send 127.0.0.1 "$port" <data
  finish server
  expect_equal "$(cat server.out)" "3000000 $(sha256sum data | cut -d' ' -f1)"
}

@test "a reply that comes byte by byte is printed whole" {
  head -c 300 /dev/urandom >text
  start_peer server server_bytewise text
  tcptool send 127.0.0.1 "$port" hello >answer
  cmp text answer
  finish server
  expect_file server.out hello
}

@test "send keeps sending its input after the peer has ended its side" {
  start_peer server server_says 'an answer'
  mkfifo hold
  exec 7<>hold
  input=hold start send "$TCPTOOL" send 127.0.0.1 "$port"
  wait_for contains send.out 'an answer'
  printf 'still to be sent' >&7
  wait_for contains server.out 'still to be sent'
  stop send
}

@test "send --no-sendall reads a slow input to its end, and makes one call" {
  start_serve
  { sleep 0.1; printf 'slow input'; } | tcptool send --no-sendall 127.0.0.1 "$port"
  wait_for contains serve.out 'slow input'
  head -c 64000000 /dev/zero >big
  start_peer sink server_stalled # who reads may let one call take all
  run tcptool send --no-sendall -f big --until none 127.0.0.1 "$port"
  expect_status 1
  expect_match "$output" 'short send to .*: [0-9]+ of 64000000 bytes'
}

@test "send --no-sendall: an input that does not end meets --deadline" {
  start_serve --discard
  mkfifo input
  exec 7<>input
  run tcptool send --no-sendall --deadline 200ms 127.0.0.1 "$port" <input
  expect_status 124
  [[ $output == *--deadline* ]]
}

@test "send --no-sendall --eol adds no line ending to an input" {
  start_serve --once
  printf 'a\nb\n' | tcptool send --no-sendall --eol crlf 127.0.0.1 "$port"
  finish serve
  printf 'a\r\nb\r\n' | cmp - serve.out
}

@test "send --until line: a reset is reported as a reset" {
  start_peer server server_reset 1 partial
  run tcptool send --until line 127.0.0.1 "$port" x
  expect_status 1
  expect_match "$output" reset
}
