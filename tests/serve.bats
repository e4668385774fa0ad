#!/usr/bin/env bats
# serve: what clients send is printed, and what they get.
load helpers/common

@test "serve prints exactly the bytes received" {
  head -c 300000 /dev/urandom >data
  start_serve
  tcptool send 127.0.0.1 "$port" <data
  wait_for has_bytes serve.out 300000
  cmp data serve.out
}

@test "serve prints at once, while the client stays connected" {
  start_serve
  mkfifo hold
  exec 7<>hold
  input=hold start client "$PYTHON" "$PEERS/client_idle.py" "$port" 'no line end'
  wait_for contains serve.out 'no line end'
  not is_gone client
  exec 7>&-
}

@test "serve reports its addresses on standard error only" {
  start_serve
  wait_for contains serve.err "tcptool: listening on 127.0.0.1:$port"
  stop serve
  expect_equal "$(cat serve.err)" "tcptool: listening on 127.0.0.1:$port"
  expect_file serve.out ''
}

@test "serve -q is silent" {
  start_serve -q
  tcptool send 127.0.0.1 "$port" hello
  stop serve
  expect_equal "$(cat serve.err)" ''
  expect_file serve.out 'hello'
}

@test "serve -v reports connections, and their byte counts at the end" {
  start_serve -v
  run tcptool send 127.0.0.1 "$port" hello
  expect_status 0
  wait_for contains serve.err 'closed: 5 bytes in, 0 bytes out'
  expect_match "$(cat serve.err)" '127\.0\.0\.1:[0-9]+ connected'
  expect_match "$(cat serve.err)" '127\.0\.0\.1:[0-9]+ closed: 5 bytes in, 0 bytes out'
}

@test "serve without -v does not report clients" {
  start_serve
  tcptool send 127.0.0.1 "$port" hello
  stop serve
  not contains serve.err connected
  not contains serve.err closed
}

@test "serve --reply replies to the first data, and prints all that the client sends" {
  start_serve --reply 'thank you!'
  (printf one; wait_for contains serve.out one; printf two) |
    tcptool send 127.0.0.1 "$port" >answer
  expect_file answer 'thank you!'
  wait_for contains serve.out onetwo
}

@test "serve --reply ends its side at once, and the client may send more" {
  start_serve --reply 'thank you!'
  mkfifo hold
  exec 7<>hold
  input=hold start client "$TCPTOOL" send 127.0.0.1 "$port"
  printf begin >&7
  wait_for contains client.out 'thank you!'
  printf ' and end' >&7
  wait_for contains serve.out 'begin and end'
  not is_gone client
  stop client
}

@test "serve --reply sends an empty reply to a client that sends nothing" {
  start_serve --reply 'thank you!'
  run tcptool send 127.0.0.1 "$port" </dev/null
  expect_status 0
  expect_equal "$output" ''
}

@test "serve --reply with an empty text ends its side after the first data" {
  start_serve --reply ''
  run tcptool send --no-half-close 127.0.0.1 "$port" hello
  expect_status 0
  expect_equal "$output" ''
}

@test "serve --reply sends its text as it is" {
  start_serve --reply $'two\nlines\\n 中文'
  tcptool send 127.0.0.1 "$port" x >answer
  expect_file answer 'two\nlines\\n 中文'
}

@test "serve --reply-file gives the file at once to each client, and prints what they send" {
  head -c 3000000 /dev/urandom >page
  start_serve --reply-file page
  tcptool send 127.0.0.1 "$port" </dev/null >first
  tcptool send 127.0.0.1 "$port" 'a question' >second
  cmp page first
  cmp page second
  wait_for contains serve.out 'a question'
}

@test "serve --reply-file of a file that does not exist fails before listening" {
  run tcptool serve -p 0 --port-file port --reply-file missing
  expect_status 1
  expect_match "$output" 'missing.*No such file'
  [[ ! -e port ]]
}

@test "serve --reply-file takes a pipe, and gives every client all of it" {
  start_serve --reply-file <(printf 'from a pipe')
  tcptool send 127.0.0.1 "$port" </dev/null >first
  tcptool send 127.0.0.1 "$port" </dev/null >second
  expect_file first 'from a pipe'
  expect_file second 'from a pipe'
}

@test "serve --reply-file does not wait for a client's first data" {
  printf welcome >page
  start_serve --reply-file page
  mkfifo hold
  exec 7<>hold
  input=hold start client "$TCPTOOL" send 127.0.0.1 "$port"
  wait_for contains client.out welcome
  exec 7>&-
}

@test "serve --echo sends everything back and prints nothing" {
  head -c 5000000 /dev/urandom >data
  start_serve --echo
  tcptool send 127.0.0.1 "$port" <data >answer
  cmp data answer
  stop serve
  expect_file serve.out ''
}

@test "serve --echo holds when the client sends all before it reads" {
  start_serve --echo
  head -c 200000 /dev/urandom >data
  "$PYTHON" - "$port" data >answer <<'PYTHON'
import socket, sys
data = open(sys.argv[2], "rb").read()
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    sys.stdout.buffer.write(s.makefile("rb").read())
PYTHON
  cmp data answer
}

@test "serve --discard counts and discards" {
  start_serve --discard -v
  head -c 1000000 /dev/zero | tcptool send 127.0.0.1 "$port"
  wait_for contains serve.err 'closed: 1000000 bytes in, 0 bytes out'
  expect_file serve.out ''
}

@test "serve --once takes one client and exits with 0" {
  start_serve --once
  tcptool send 127.0.0.1 "$port" hello
  finish serve
  expect_status 0
  expect_file serve.out 'hello'
}

@test "serve --once sends its standard input, as nc -l does" {
  printf 'from the server' >greeting
  input=greeting start_serve --once
  run tcptool send 127.0.0.1 "$port" 'from the client'
  expect_status 0
  expect_equal "$output" 'from the server'
  finish serve
  expect_status 0
  expect_file serve.out 'from the client'
}

@test "serve --once with an empty input leaves its side open until the client ends" {
  start_serve --once
  mkfifo hold
  exec 7<>hold
  input=hold start client "$TCPTOOL" send 127.0.0.1 "$port"
  printf 'some text' >&7
  wait_for contains serve.out 'some text'
  # Had the server closed its side, the client's incoming direction would be in CLOSE-WAIT.
  run ss -tnH state close-wait "( dport = :$port )"
  expect_equal "$output" ''
  exec 7>&-
  finish client
  finish serve
}

@test "serve --once --reply replies and ends" {
  start_serve --once --reply 'thank you!'
  run tcptool send 127.0.0.1 "$port" hello
  expect_equal "$output" 'thank you!'
  finish serve
  expect_status 0
  expect_file serve.out 'hello'
}

@test "serve --once --echo and --discard end with their client" {
  start_serve -n echo --once --echo
  run tcptool send 127.0.0.1 "$port" hello
  expect_equal "$output" 'hello'
  finish echo
  expect_status 0
  start_serve -n discard --once --discard
  tcptool send 127.0.0.1 "$port" hello
  finish discard
  expect_status 0
}

@test "serve prints the data of one client after the other in the order it came" {
  start_serve
  for i in 1 2 3 4 5; do
    tcptool send 127.0.0.1 "$port" "text $i;"
    wait_for contains serve.out "text $i;"
  done
  expect_file serve.out 'text 1;text 2;text 3;text 4;text 5;'
}

@test "serve: every client gets its own reply, many at once" {
  start_serve --echo
  run peer clients_many "$port" 100
  expect_equal "$output" 100
}

@test "a tutorial's client gets its reply" {
  start_serve --reply 'thank you!'
  run peer client_one_recv 127.0.0.1 "$port" 'hello server'
  expect_status 0
  expect_equal "$output" 'thank you!'
  wait_for contains serve.out 'hello server'
}

@test "a tutorial's client that leaves its reply unread disturbs no other" {
  start_serve --reply 'thank you!'
  for i in 1 2 3 4 5; do
    peer client_send_only "$port" "text $i;"
  done
  run peer client_one_recv 127.0.0.1 "$port" hello
  expect_equal "$output" 'thank you!'
  for i in 1 2 3 4 5; do
    wait_for contains serve.out "text $i;"
  done
}

@test "a tutorial's client that only sends is printed" {
  start_serve
  peer client_send_only "$port" 'only this'
  wait_for contains serve.out 'only this'
  expect_file serve.out 'only this'
}

@test "a tutorial's client that prompts for everything" {
  start_serve --reply 'thank you!'
  run peer client_prompts <<<$'127.0.0.1\n'"$port"$'\nhello'
  expect_status 0
  expect_match "$output" 'reply: thank you!'
}

@test "the kernel picks the client's port unless -b names it" {
  start_serve -v
  tcptool send 127.0.0.1 "$port" hello
  wait_for contains serve.err connected
  expect_match "$(cat serve.err)" '127\.0\.0\.1:[1-9][0-9]* connected'
}

@test "serve --recv-size is the most that one read takes" {
  start_serve --recv-size 3 --echo
  run tcptool send 127.0.0.1 "$port" 'a longer text'
  expect_equal "$output" 'a longer text'
}

@test "serve --idle-timeout ends a connection on which nothing moves, and says so" {
  start_serve --idle-timeout 200ms -v
  input=/dev/zero start client "$PYTHON" -c 'import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"hello")
print(s.recv(1))' "$port"
  finish client
  wait_for contains serve.err '--idle-timeout'
  not is_gone serve
  expect_file serve.out 'hello'
  # The failure was the connection's own; the server itself stops well.
  stop serve
  expect_status 0
}

@test "serve --once --idle-timeout exits with 124" {
  start_serve --once --idle-timeout 200ms
  mkfifo hold
  exec 7<>hold
  input=hold start client "$TCPTOOL" send 127.0.0.1 "$port"
  finish serve
  expect_status 124
  exec 7>&-
}

@test "the status of --deadline is 124, whatever it cuts off" {
  start_serve --deadline 300ms --echo --rate 10
  head -c 100000 /dev/zero | not tcptool send 127.0.0.1 "$port" >/dev/null
  finish serve
  expect_status 124
  expect_match "$(cat serve.err)" 'closed before all of its data was delivered'
}

@test "serve --deadline ends everything with status 124" {
  start_serve --deadline 300ms
  finish serve
  expect_status 124
  expect_match "$(cat serve.err)" 'deadline'
}

@test "a slow reader gets everything, and the others do not wait for it" {
  head -c 3000000 /dev/urandom >page
  start_serve --reply-file page
  start slow "$PYTHON" "$PEERS/client_slow_reader.py" "$port"
  wait_for has_content slow.out
  tcptool send 127.0.0.1 "$port" </dev/null >fast
  cmp page fast
  not is_gone slow
  finish slow
  cmp page slow.out
}

urgent() {
  "$PYTHON" -c '
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall(b"abc"); s.send(b"!", socket.MSG_OOB); s.sendall(b"efg\n"); s.shutdown(socket.SHUT_WR)
while data := s.recv(100): sys.stdout.buffer.write(data)' "$port"
}

@test "serve: data after an urgent byte is delivered, to a pipe, to a file and back" {
  start serve bash -c '"$TCPTOOL" serve --once -b 127.0.0.1 -p 0 --port-file serve.port | cat'
  wait_for_port serve
  urgent
  finish serve
  expect_equal "$(cat serve.out)" abcefg
  start_serve -n echo --echo
  expect_equal "$(urgent)" abcefg
}

@test "serve --once --progress stopped with a client that stays ends with its last line" {
  start_serve --once --progress --drain 200ms
  mkfifo hold
  exec 7<>hold
  input=hold start client "$PYTHON" "$PEERS/client_idle.py" "$port" hello
  wait_for contains serve.out hello
  stop serve
  contains serve.err average
}
