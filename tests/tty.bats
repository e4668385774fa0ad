#!/usr/bin/env bats
# A person at a terminal: questions, typing, and what a terminal does.
load helpers/common

# What was shown, without what moves the cursor.
text_of() {
  sed 's/\x1b\[[?0-9;]*[A-Za-z]//g' "$1" | tr -d '\r'
}

@test "send alone prompts for host, port and message" {
  local terminal
  for terminal in dumb xterm; do
    start_serve -n "$terminal" --reply 'thank you!'
    TERM=$terminal on_terminal -w 'host: ' -t '127.0.0.1\n' -w 'port: ' -t "$port\\n" -w 'message: ' \
      -t 'hello there\n' -w 'thank you!' -- "$TCPTOOL" send >shown
    wait_for contains "$terminal.out" 'hello there'
    expect_file "$terminal.out" 'hello there'
    expect_match "$(text_of shown | tr -d '\n')" '^host: port: message: thank you!$'
  done
}

@test "send with a host prompts for port and message" {
  start_serve
  on_terminal -w 'port: ' -t "$port\\n" -w 'message: ' -t 'one.\n' -- "$TCPTOOL" send 127.0.0.1 >shown
  not contains shown host
  wait_for contains serve.out one.
}

@test "send prompts again after an empty host or port" {
  local terminal
  for terminal in dumb xterm; do
    start_serve -n "$terminal"
    TERM=$terminal on_terminal -w 'host: ' -t '\n' -w 'host: ' -t '127.0.0.1\n' -w 'port: ' -t '\n' -w 'port: ' \
      -t "$port\\n" -w 'message: ' -t 'hello\n' -- "$TCPTOOL" send
    wait_for contains "$terminal.out" hello
  done
}

@test "prompts are edited: wide characters, arrows, the history of the session" {
  start_serve
  PYTHONCOERCECLOCALE=0 LC_ALL=C TERM=xterm on_terminal -w 'host: ' -t '127.0.0.2\x7f1\n' -w 'port: ' -t "$port\\n" \
    -w 'message: ' -t '你好吗\x7f\x1b[D\x7f我\n' -- "$TCPTOOL" send
  wait_for contains serve.out 我好
  TERM=xterm on_terminal -w 'host: ' -t "127.0.0.1:$port\\n" -w 'message: ' -t '\x1b[A\n' -- "$TCPTOOL" send
  wait_for contains serve.out "127.0.0.1:$port"
}

@test "send with host and port on a terminal sends each line as it is typed, and shows replies" {
  local terminal
  for terminal in dumb xterm; do
    start_serve -n "$terminal" --echo
    TERM=$terminal NO_COLOR=1 on_terminal -w 'Ctrl-D ends the input' -t 'PING\n' -w 'PING\n' -t '再见\n' -w '再见\n' -t '\x04' \
      -- "$TCPTOOL" send 127.0.0.1 "$port" >shown
    not contains shown 'message: '
    mkfifo "$terminal.say"
    exec 7<>"$terminal.say"
    input=$terminal.say start_serve -n "$terminal-lines" --once
    TERM=$terminal start "$terminal-typist" "$PYTHON" "$PEERS/pty_run.py" -w 'Ctrl-D ends the input' -t 'one\n' \
      -w seen -t '\x04' -- "$TCPTOOL" send --eol crlf "127.0.0.1:$port"
    wait_for contains "$terminal-lines.out" one
    echo seen >&7
    exec 7>&-
    finish "$terminal-typist"
    expect_status 0
    expect_file "$terminal-lines.out" 'one\r\n'
  done
}

@test "a live conversation ends when the server does" {
  start_peer server server_says 'bye\n'
  on_terminal -w bye -- "$TCPTOOL" send 127.0.0.1 "$port"
}

@test "interrupted in a live conversation, send leaves the terminal as it was" {
  start_peer server server_says 'hi\n' hold
  # shellcheck disable=SC2016
  TERM=xterm on_terminal -w hi -t '\x03' -- \
    sh -c 'trap : INT; stty -g >before; "$TCPTOOL" send 127.0.0.1 "$0"; echo "status $?" >ended; stty -g >after' "$port"
  expect_equal "$(cat ended)" 'status 130'
  cmp before after
}

@test "send with everything given prompts for nothing" {
  start_serve --reply yes
  on_terminal -- "$TCPTOOL" send 127.0.0.1 "$port" hello >shown
  expect_file shown 'yes\n'
}

@test "send -f on a terminal prompts for no message" {
  start_serve --reply yes
  printf hello >file
  on_terminal -- "$TCPTOOL" send -f file 127.0.0.1 "$port" >shown
  expect_file shown 'yes\n'
}

@test "HOST:PORT may be typed at the host prompt" {
  start_serve
  on_terminal -w 'host: ' -t "127.0.0.1:$port\\n" -w 'message: ' -t 'hello\n' -- "$TCPTOOL" send >shown
  wait_for contains serve.out hello
  not contains shown 'port: '
}

@test "an invalid word at a prompt is a usage error that quotes it" {
  run on_terminal -w 'host: ' -t '127.0.0.1\n' -w 'port: ' -t '99999\n' -- "$TCPTOOL" send
  expect_status 2
  expect_match "$output" '"99999"'
}

@test "the end of the input at a prompt is a usage error" {
  run on_terminal -w 'host: ' -t '\x04' -- "$TCPTOOL" send
  expect_status 2
  expect_match "$output" 'host'
  start_serve
  run on_terminal -w 'port: ' -t "$port\\n" -w 'message: ' -t '\x04' -- "$TCPTOOL" send 127.0.0.1
  expect_status 2
}

@test "an empty message is a message" {
  start_serve --reply-file /dev/null
  on_terminal -w 'port: ' -t "$port\\n" -w 'message: ' -t '\n' -- "$TCPTOOL" send 127.0.0.1 >shown
  expect_file serve.out ''
}

@test "prompts go to standard error, so that the reply can go to a file" {
  start_serve --reply 'thank you!'
  local terminal
  for terminal in dumb xterm; do
    TERM=$terminal on_terminal -f 02 -w 'port: ' -t "$port\\n" -w 'message: ' -t 'hello\n' -- \
      bash -c '"$TCPTOOL" send 127.0.0.1 >answer' >shown
    expect_equal "$(text_of shown | tr -d '\n')" 'port: message: '
    expect_file answer 'thank you!'
  done
}

@test "no prompt when standard input or standard error is no terminal" {
  run on_terminal -f 12 -- "$TCPTOOL" send </dev/null
  expect_status 2
  run on_terminal -f 01 -- "$TCPTOOL" send
  expect_status 2
}

@test "interrupted at a prompt, send dies of the signal, and the terminal is as it was" {
  local terminal
  for terminal in dumb xterm; do
    TERM=$terminal run on_terminal -w 'host: ' -t '\x03' -- "$TCPTOOL" send
    expect_status 130
  done
  # shellcheck disable=SC2016
  TERM=xterm on_terminal -w 'host: ' -t '\x03' -- \
    sh -c 'trap : INT; stty -g >before; "$TCPTOOL" send; stty -g >after'
  cmp before after
}

@test "ended while it waits, send dies of the signal" {
  start_peer server server_silent
  start send "$PYTHON" "$PEERS/pty_run.py" -w 'port: ' -t "$port\\n" -w 'message: ' -t 'hello\n' -- \
    "$TCPTOOL" send 127.0.0.1
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

@test "a reply on a terminal that may be GBK ends with one notice" {
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

# Each state of the line that is redrawn, without what redraws it.
redrawn() {
  sed 's/\r\x1b\[K/\n/g' "$1" | grep -a 'iB\|B/s'
}

@test "send --progress: the line fits the terminal, and follows a resize" {
  start_peer server server_stalled
  truncate -s 100M big
  # shellcheck disable=SC2016
  on_terminal -w average -t '\n' -w 'left\r\x1b[K' -t '\n' -- sh -c '
    stty cols 64
    "$TCPTOOL" send --progress -f big 127.0.0.1 "$0" &
    read -r _
    stty cols 30
    read -r _
    kill $!' "$port" >shown
  has_content shown
  redrawn shown >lines
  expect_equal "$(awk 'length > 63' lines)" ''
  expect_equal "$(awk '/average/ { wide = 1; next } wide && length <= 29 { narrow = 1 } END { print narrow }' lines)" 1
}

@test "send --progress: the last line shows totals" {
  start_serve --discard
  truncate -s 3M file
  on_terminal -- "$TCPTOOL" send --progress -f file 127.0.0.1 "$port" >shown
  expect_match "$(grep -v 'no reply;' shown | tail -n 1)" 'tcptool: 3\.0 MiB in [0-9.]+ s, average [0-9.]+ [KMGT]?i?B/s$'
  truncate -s 100M big
  start_peer server server_reset 1000 x
  run -1 tcptool send --progress -f big 127.0.0.1 "$port"
  expect_match "$output" 'tcptool: .* of 100\.0 MiB in [0-9.]+ s, average'
}
