#!/usr/bin/env bats
# How what clients send is shown: labels, bytes, and what a terminal must not see.
load helpers/common

# The output with every client's port replaced.
unported() {
  sed -E 's/127\.0\.0\.1:[0-9]+/CLIENT/g' "$1"
}

@test "--label labels each line with its client's address" {
  start_serve --label
  tcptool send 127.0.0.1 "$port" $'one\ntwo\n'
  wait_for contains serve.out two
  expect_equal "$(unported serve.out)" $'CLIENT: one\nCLIENT: two'
}

@test "--label: the label is the client's own port" {
  start_serve --label
  local_port=$(closed_port)
  tcptool send -b "127.0.0.1:$local_port" 127.0.0.1 "$port" $'one\n'
  wait_for contains serve.out "127.0.0.1:$local_port: one"
}

@test "--label shows text that has not ended its line after a moment" {
  start_serve --label
  mkfifo hold
  exec 7<>hold
  input=hold start client "$TCPTOOL" send 127.0.0.1 "$port"
  printf 'no line end' >&7
  wait_for contains serve.out 'no line end'
  expect_equal "$(unported serve.out)" 'CLIENT: no line end'
  printf ', and more\n' >&7
  wait_for contains serve.out 'and more'
  expect_equal "$(unported serve.out)" 'CLIENT: no line end, and more'
  exec 7>&-
}

@test "--label holds a line that arrives in pieces together" {
  start_serve --label
  printf 'a line in pieces\nand another\n' | peer client_bytewise "$port" &
  wait_for contains serve.out another
  wait $!
  expect_equal "$(unported serve.out)" $'CLIENT: a line in pieces\nCLIENT: and another'
}

@test "--label ends the unfinished line of a client that has left" {
  start_serve --label
  tcptool send 127.0.0.1 "$port" one
  wait_for contains serve.out one
  tcptool send 127.0.0.1 "$port" two
  wait_for contains serve.out two
  expect_equal "$(unported serve.out)" $'CLIENT: one\nCLIENT: two'
  wait_for ends_with_newline serve.out
}

ends_with_newline() {
  [[ $(tail -c 1 "$1" | od -An -c) == *'\n'* ]]
}

@test "--label: an unfinished line and a line of another client do not mix" {
  start_serve --label
  mkfifo hold
  exec 7<>hold
  input=hold start client "$TCPTOOL" send 127.0.0.1 "$port"
  printf 'first half' >&7
  wait_for contains serve.out 'first half'
  tcptool send 127.0.0.1 "$port" $'in between\n'
  wait_for contains serve.out 'in between'
  printf ', second half\n' >&7
  wait_for contains serve.out 'second half'
  expect_equal "$(unported serve.out)" $'CLIENT: first half\nCLIENT: in between\nCLIENT: , second half'
  exec 7>&-
}

@test "--label: empty lines stay, and a line ending alone is no line of its own" {
  start_serve --label
  tcptool send 127.0.0.1 "$port" $'one\n\nthree\n'
  wait_for contains serve.out three
  expect_equal "$(unported serve.out)" $'CLIENT: one\nCLIENT: \nCLIENT: three'
}

@test "--label: CRLF ends a line as LF does" {
  start_serve --label
  tcptool send 127.0.0.1 "$port" $'one\r\ntwo\r\n'
  wait_for contains serve.out two
  expect_equal "$(unported serve.out)" $'CLIENT: one\nCLIENT: two'
}

@test "--label: lines of 40 clients in random pieces never mix" {
  start_serve --label
  run peer clients_lines "$port" 40 50
  expect_status 0
  wait_for lines_arrived 2000
  # Every line is whole: "N:I xxx" with the letter of client N only, in each client's order.
  "$PYTHON" - serve.out <<'PYTHON'
import re, sys, collections
next_line = collections.Counter()
labels = {}
for line in open(sys.argv[1]):
    label, text = re.fullmatch(r"(127\.0\.0\.1:\d+): (.*)\n", line).groups()
    number, i, letters = re.fullmatch(r"(\d+):(\d+) (\w*)", text).groups()
    assert labels.setdefault(label, number) == number, line
    assert int(i) == next_line[number], line
    next_line[number] += 1
    assert set(letters) <= {chr(97 + int(number) % 26)}, line
assert len(next_line) == 40 and set(next_line.values()) == {50}
PYTHON
}

lines_arrived() {
  [[ $(wc -l <serve.out) -ge $1 ]]
}

@test "--label shows control characters, and what is no UTF-8, as \\xNN" {
  start_serve --label
  printf 'bell\a esc\e[31m del\177 nul\0 tab\tend\n' | tcptool send 127.0.0.1 "$port"
  wait_for contains serve.out end
  printf 'c1\xc2\x9b31m bad\xff\xc3 cut\xe4\xbd\nnext\n' | tcptool send 127.0.0.1 "$port"
  wait_for contains serve.out next
  unported serve.out >shown
  expect_equal "$(head -n 1 shown)" $'CLIENT: bell\\x07 esc\\x1b[31m del\\x7f nul\\x00 tab\tend'
  expect_match "$(sed -n 2p shown)" '^CLIENT: c1\\xc2\\x9b31m bad\\xff\\xc3 cut\\xe4\\xbd$'
}

@test "--label leaves the text of every script as it is" {
  start_serve --label
  text='中文 ελληνικά русский العربية हिन्दी 👩‍👩‍👧 é'
  tcptool send --eol lf 127.0.0.1 "$port" "$text"
  wait_for contains serve.out 'é'
  expect_equal "$(unported serve.out)" "CLIENT: $text"
}

@test "--label: a character split over reads is whole" {
  start_serve --label
  printf '中文 👍\n' | peer client_bytewise "$port"
  wait_for contains serve.out '中文 👍'
}

@test "--label makes controls that reorder a line visible" {
  start_serve --label
  printf 'a\u202eb\u2066c end\n' | tcptool send 127.0.0.1 "$port"
  wait_for contains serve.out end
  not grep -q $'\u202e' serve.out
  not grep -q $'\u2066' serve.out
}

@test "to a terminal, serve labels and makes visible" {
  start shown "$PYTHON" "$PEERS/pty_run.py" -f 01 -w later -- \
    "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file shown.port
  wait_for_port shown
  printf 'one\e[2J\n' | tcptool send 127.0.0.1 "$port"
  wait_for contains shown.out one
  expect_equal "$(unported shown.out)" 'CLIENT: one\x1b[2J'
}

@test "to a terminal with --raw, serve prints the bytes" {
  start shown "$PYTHON" "$PEERS/pty_run.py" -f 01 -w later -- \
    "$TCPTOOL" serve --raw -b 127.0.0.1 -p 0 --port-file shown.port
  wait_for_port shown
  printf 'one\e[2J\xff\n' | tcptool send 127.0.0.1 "$port"
  wait_for has_bytes shown.out 9
  expect_file shown.out 'one\e[2J\xff\n'
}

@test "to a pipe, serve prints the bytes of all clients, and controls too" {
  start_serve
  printf 'one\e[2J\xff' | tcptool send 127.0.0.1 "$port"
  wait_for has_bytes serve.out 8
  expect_file serve.out 'one\e[2J\xff'
}

@test "with a terminal as standard error, serve reports connections and their ends" {
  start shown "$PYTHON" "$PEERS/pty_run.py" -f 2 -w closed -- \
    "$TCPTOOL" serve --once -b 127.0.0.1 -p 0 --port-file shown.port
  wait_for_port shown
  tcptool send 127.0.0.1 "$port" hello
  finish shown
  expect_status 0
  expect_match "$(cat shown.out)" 'CLIENT|connected'
  expect_match "$(unported shown.out)" 'tcptool: CLIENT closed: 5 bytes in, 0 bytes out'
}

@test "to a terminal, send makes the reply visible and ends it with a newline" {
  start_peer server server_says 'an\x1b[31m answer\xff'
  run on_terminal -f 1 -- "$TCPTOOL" send 127.0.0.1 "$port" hello
  expect_status 0
  expect_equal "$output" 'an\x1b[31m answer\xff'
  start_peer second server_says 'no line end'
  on_terminal -f 1 -- "$TCPTOOL" send 127.0.0.1 "$port" hello >shown
  expect_file shown 'no line end\n'
  start_peer third server_says 'a line end\n'
  on_terminal -f 1 -- "$TCPTOOL" send 127.0.0.1 "$port" hello >shown
  expect_file shown 'a line end\n'
}

@test "to a terminal, send without a reply prints nothing" {
  start_peer server server_says ''
  on_terminal -f 1 -- "$TCPTOOL" send 127.0.0.1 "$port" hello >shown
  expect_file shown ''
}

@test "to a terminal with --raw, send prints the exact bytes" {
  start_peer server server_says 'an\x1b[31m answer\xff'
  on_terminal -f 1 -- "$TCPTOOL" send --raw 127.0.0.1 "$port" hello >shown
  expect_file shown 'an\e[31m answer\xff'
}

@test "elsewhere, send prints the exact bytes" {
  start_peer server server_says 'an\x1b[31m answer\xff'
  tcptool send 127.0.0.1 "$port" hello >shown
  expect_file shown 'an\e[31m answer\xff'
}

@test "an error message carries no control characters of what it quotes" {
  run tcptool send $'evil\e[31m\nname' 80 hello
  not grep -q $'\e' <<<"$output"
  expect_one_error "$output"
}

@test "an unfinished line that a reset follows is printed, and then the reset is reported" {
  start_serve --label
  peer client_reset "$port" unfinished </dev/null
  wait_for contains serve.err 'reset'
  contains serve.out ': unfinished'
}
