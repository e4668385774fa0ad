#!/usr/bin/env bats
# A person at a terminal: questions, typing, and what a terminal does.
load helpers/common

@test "send alone asks for host, port and message" {
  start_serve --reply 'thank you!'
  on_terminal -w 'host: ' -t '127.0.0.1\n' -w 'port: ' -t "$port\\n" -w 'message: ' -t 'hello there\n' \
    -w 'thank you!' -- "$TCPTOOL" send >shown
  wait_for contains serve.out 'hello there'
  expect_file serve.out 'hello there'
  expect_match "$(cat shown)" '^host: port: message: thank you!$'
}

@test "send with a host asks for port and message; with both, for the message" {
  start_serve
  on_terminal -w 'port: ' -t "$port\\n" -w 'message: ' -t 'one.\n' -- "$TCPTOOL" send 127.0.0.1 >shown
  not contains shown host
  wait_for contains serve.out one.
  on_terminal -w 'message: ' -t 'two.\n' -- "$TCPTOOL" send "127.0.0.1:$port" >shown
  not contains shown port
  wait_for contains serve.out two.
  on_terminal -w 'message: ' -t 'three.\n' -- "$TCPTOOL" send 127.0.0.1 "$port" >shown
  wait_for contains serve.out three.
  expect_file serve.out one.two.three.
}

@test "send with everything given asks nothing" {
  start_serve --reply yes
  on_terminal -- "$TCPTOOL" send 127.0.0.1 "$port" hello >shown
  expect_file shown 'yes\n'
}

@test "send -f on a terminal asks for no message" {
  start_serve --reply yes
  printf hello >file
  on_terminal -- "$TCPTOOL" send -f file 127.0.0.1 "$port" >shown
  expect_file shown 'yes\n'
}

@test "what is asked for may be HOST:PORT" {
  start_serve
  on_terminal -w 'host: ' -t "127.0.0.1:$port\\n" -w 'message: ' -t 'hello\n' -- "$TCPTOOL" send >shown
  wait_for contains serve.out hello
  not contains shown 'port: '
}

@test "a wrong answer is a usage error that quotes it" {
  run on_terminal -w 'host: ' -t '127.0.0.1\n' -w 'port: ' -t '99999\n' -- "$TCPTOOL" send
  expect_status 2
  expect_match "$output" '"99999"'
}

@test "the end of the input instead of an answer is a usage error" {
  run on_terminal -w 'host: ' -t '\x04' -- "$TCPTOOL" send
  expect_status 2
  expect_match "$output" 'host'
  start_serve
  run on_terminal -w 'message: ' -t '\x04' -- "$TCPTOOL" send 127.0.0.1 "$port"
  expect_status 2
}

@test "an empty message is a message" {
  start_serve --reply-file /dev/null
  on_terminal -w 'message: ' -t '\n' -- "$TCPTOOL" send 127.0.0.1 "$port" >shown
  expect_file serve.out ''
}

@test "questions are asked on standard error, so that the answer can go to a file" {
  start_serve --reply 'thank you!'
  on_terminal -f 02 -w 'message: ' -t 'hello\n' -- bash -c '"$TCPTOOL" send 127.0.0.1 "$1" >answer' bash "$port" >shown
  expect_file shown 'message: '
  expect_file answer 'thank you!'
}

@test "nobody is asked when standard input or standard error is no terminal" {
  run on_terminal -f 12 -- "$TCPTOOL" send </dev/null
  expect_status 2
  run on_terminal -f 01 -- "$TCPTOOL" send
  expect_status 2
}

@test "interrupted at a question, send dies of the signal" {
  run on_terminal -w 'host: ' -t '\x03' -- "$TCPTOOL" send
  expect_status 130
}

@test "ended while it waits, send dies of the signal" {
  start_peer server server_silent
  start send "$PYTHON" "$PEERS/pty_run.py" -w 'message: ' -t 'hello\n' -- "$TCPTOOL" send 127.0.0.1 "$port"
  wait_for contains server.out hello
  kill -TERM "$(pgrep -P "${pids[send]}")"
  finish send
  expect_status 143
}

@test "serve --once at a terminal is a conversation" {
  start shown "$PYTHON" "$PEERS/pty_run.py" -w 'from the client' -t 'from the server\n' -t '\x04' -- \
    "$TCPTOOL" serve --once --raw -b 127.0.0.1 -p 0 --port-file shown.port
  wait_for_port shown
  run peer client_one_recv 127.0.0.1 "$port" 'from the client'
  expect_equal "$output" 'from the server'
  finish shown
  expect_status 0
}

@test "serve at a terminal ends with the interrupt key" {
  start shown "$PYTHON" "$PEERS/pty_run.py" -w listening -t '\x03' -- \
    "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file shown.port
  finish shown
  expect_status 0
}

@test "a hang-up of the terminal ends serve" {
  start shown "$PYTHON" "$PEERS/pty_run.py" -w listening -s 1 -- \
    "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file shown.port
  finish shown
  expect_status 129
}

@test "a CRLF is a line ending on a terminal, also in two pieces; a lone CR is visible" {
  start_peer one server_steps 'hear ask' 'say 200 OK\r\n\r\na\rb\r' 'pause 0.2' 'say \nend\r' close
  on_terminal -- "$TCPTOOL" send 127.0.0.1 "$port" ask >shown
  expect_file shown '200 OK\n\na\\x0db\nend\\x0d\n'
  start_peer two server_steps 'hear hello' 'say 220 ready\r\n' 'hear bye'
  on_terminal -t 'hello\n' -w '220 ready' -t 'bye\n' -- "$TCPTOOL" chat 127.0.0.1 "$port" >shown
  not contains shown 'x0d'
}

@test "a reply on a terminal that may be GBK is said to be, once, at its end" {
  start_peer gbk server_steps 'hear ask' 'say \xce\xc2\xb6\xc8' 'pause 0.2' 'say \xd5\xfd\xb3\xa3\n\xd5\xfd\xb3\xa3' close
  run on_terminal -- "$TCPTOOL" send 127.0.0.1 "$port" ask
  expect_status 0
  expect_equal "${lines[-1]}" 'tcptool: these bytes may be GBK: try -e gbk'
  expect_equal "$(grep -c 'try -e' <<<"$output")" 1
  start_peer sjis server_steps 'hear ask' 'say \x83G\x83\x89\x81[\n' close
  run on_terminal -- "$TCPTOOL" send 127.0.0.1 "$port" ask
  expect_match "$output" 'may be Shift_JIS: try -e shift_jis$'
}

@test "no encoding is suggested for UTF-8, for other bytes, with -e, with -q, or off a terminal" {
  start_peer utf8 server_steps 'hear ask' 'say \xe6\xad\xa3' close
  run on_terminal -- "$TCPTOOL" send 127.0.0.1 "$port" ask
  expect_equal "$output" 正
  start_peer noise server_steps 'hear ask' 'say \xff\xfe\x00\x81 ' close
  run on_terminal -- "$TCPTOOL" send 127.0.0.1 "$port" ask
  expect_equal "$output" '\xff\xfe\x00\x81 '
  start_peer encoded server_steps 'hear ask' 'say \xd5\xfd' close
  run on_terminal -- "$TCPTOOL" send -e gbk 127.0.0.1 "$port" ask
  expect_equal "$output" 正
  start_peer quiet server_steps 'hear ask' 'say \xd5\xfd' close
  run on_terminal -- "$TCPTOOL" send -q 127.0.0.1 "$port" ask
  expect_equal "$output" '\xd5\xfd'
  start_peer pipe server_steps 'hear ask' 'say \xd5\xfd' close
  run --separate-stderr on_terminal -f 02 -- bash -c '"$TCPTOOL" send 127.0.0.1 "$1" ask | cat >reply' bash "$port"
  expect_file reply '\xd5\xfd'
  expect_equal "$output" ''
}
