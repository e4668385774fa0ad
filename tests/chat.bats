#!/usr/bin/env bats
# chat between two: tcptool, nc, and scripts that take strict turns.
load helpers/common

# start_chat [OPTIONS...]: waits for a partner; its input is the fifo "say".
start_chat() {
  mkfifo say
  exec 7<>say
  input=say start chat "$TCPTOOL" chat --listen -b 127.0.0.1 -p 0 --port-file chat.port "$@"
  wait_for_port chat
}

say() {
  printf '%s\n' "$1" >&7
}

# start_chat_once WORD: a chat that hears only this line ends, while neither side ends its data.
start_chat_once() {
  start_chat
  exec 9<>"/dev/tcp/127.0.0.1/$port"
  echo "$1" >&9
  finish chat
  expect_status 0
  exec 7>&- 9>&-
  rm say
}

@test "chat: lines go both ways, and a bye ends both sides with 0" {
  start_chat
  mkfifo caller
  exec 8<>caller
  input=caller start caller "$TCPTOOL" chat 127.0.0.1 "$port"
  say 你好
  wait_for contains caller.out 你好
  echo 'hello there' >&8
  wait_for contains chat.out 'hello there'
  echo bye >&8
  finish caller
  expect_equal "$status" 0
  finish chat
  expect_equal "$status" 0
  expect_equal "$(cat chat.out)" $'hello there\nbye'
}

@test "chat: 再见 from the listening side ends both sides with 0" {
  start_chat
  mkfifo caller
  exec 8<>caller
  input=caller start caller "$TCPTOOL" chat 127.0.0.1 "$port"
  say 再见
  finish caller
  expect_equal "$status" 0
  finish chat
  expect_equal "$status" 0
  expect_equal "$(cat caller.out)" 再见
}

@test "chat: a line with bye in it ends nothing" {
  start_chat
  start caller nc.openbsd 127.0.0.1 "$port"
  say 'goodbye'
  say 'bye bye'
  say 'still here'
  wait_for contains caller.out 'still here'
  say bye
  finish chat
  expect_equal "$status" 0
}

@test "chat: --bye replaces the words" {
  start_chat --bye tschüss --bye ciao
  start caller nc.openbsd 127.0.0.1 "$port"
  say bye
  say after
  wait_for contains caller.out after
  say ciao
  finish chat
  expect_equal "$status" 0
}

@test "chat: what the peer says after the bye is shown" {
  start_chat
  mkfifo caller
  exec 8<>caller
  input=caller start caller nc.openbsd 127.0.0.1 "$port"
  say bye
  wait_for contains caller.out bye
  echo 'one more thing' >&8
  finish chat
  expect_equal "$status" 0
  expect_equal "$(cat chat.out)" 'one more thing'
}

@test "chat: the end of the input ends it, after the peer's last lines" {
  start_peer server server_says 'last words\n'
  run -0 tcptool chat 127.0.0.1 "$port" <<<'my line'
  expect_equal "$output" 'last words'
}

@test "chat: the end of the other's side ends it, after what the input still has" {
  start_chat
  exec 8<>"/dev/tcp/127.0.0.1/$port"
  say 'my line'
  read -r line <&8
  expect_equal "$line" 'my line'
  exec 8>&-
  finish chat
  expect_status 0
  # One that still reads is sent everything that comes in time.
  start_peer server server_steps end
  { echo one; wait_for contains server.out one; echo two; } |
    tcptool chat --bye none-of-these 127.0.0.1 "$port"
  finish server
  expect_file server.out 'one\ntwo\nEND\n'
}

@test "chat: accepts one peer and stops listening" {
  start_chat
  start caller nc.openbsd 127.0.0.1 "$port"
  say x
  wait_for contains caller.out x
  run ! tcptool send 127.0.0.1 "$port" hi
  [[ $output == *refused* ]]
  say bye
  finish chat
}

turns() {
  local encoding=$1 said=$2
  printf '%s\n' one two | iconv -t utf-8 >answers
  input=answers start_peer server chat_server_turns "$encoding"
  printf '你好\n第二\n%s\n' "$said" >lines
  tcptool chat --eol none -e "$encoding" 127.0.0.1 "$port" <lines >heard
  finish server
  expect_equal "$status" 0
  expect_equal "$(cat server.out)" "heard: 你好
heard: 第二
heard: $said"
  expect_equal "$(cat heard)" onetwo
}

@test "chat --eol none: calls a server that takes strict turns, utf-8 and bye" {
  turns utf-8 bye
}

@test "chat --eol none: calls a server that takes strict turns, gbk and 再见" {
  turns gbk 再见
}

@test "chat --eol none: a strict server's bye ends it" {
  printf 'one\n再见\n' >answers
  input=answers start_peer server chat_server_turns gbk
  printf 'a\nb\nc\nd\n' >lines
  tcptool chat --eol none -e gbk 127.0.0.1 "$port" <lines >heard
  finish server
  expect_equal "$(cat server.out)" $'heard: a\nheard: b'
  expect_equal "$(cat heard)" one再见
}

@test "chat --eol none: waits for a client that takes strict turns" {
  start_chat --eol none -e gbk
  printf '早\n吃了吗\nbye\n' >lines
  input=lines start caller "$PYTHON" -u "$PEERS/chat_client_turns.py" "$port" gbk
  wait_for contains chat.out 早
  say 晚安
  wait_for contains chat.out 吃了吗
  say 吃了
  finish chat
  expect_equal "$status" 0
  finish caller
  expect_equal "$status" 0
  expect_equal "$(cat caller.out)" $'heard: 晚安\nheard: 吃了'
  expect_equal "$(cat chat.out)" 早吃了吗bye
}

@test "chat: a reset gives status 1 with a line that says so, and the data before it is shown" {
  start_chat
  start caller "$PYTHON" "$PEERS/client_reset.py" "$port" hello
  finish chat
  expect_equal "$status" 1
  contains chat.err 'reset'
  expect_equal "$(cat chat.out)" hello
}

@test "chat: nothing reaches a terminal raw, and Ctrl-D leaves the terminal as it was" {
  start_peer server server_says '\x1b[31mred \xe5\x86\x8d\n'
  # shellcheck disable=SC2016 # the inner shell expands
  run -0 peer pty_run -w 再 -t '\x04' -- \
    sh -c 'stty -g >before; "$TCPTOOL" chat 127.0.0.1 "$0"; echo "status $?" >ended; stty -g >after' "$port"
  [[ $output == *'\x1b[31mred 再'* ]]
  [[ $output != *$'\e[31mred'* ]]
  expect_equal "$(cat ended)" 'status 0'
  cmp before after
}

@test "chat: Ctrl-C leaves with 0, and the terminal as it was" {
  start_peer server server_says 'hi\n' hold
  # shellcheck disable=SC2016
  run -0 peer pty_run -w hi -t '\x03' -- \
    sh -c 'trap : INT; stty -g >before; "$TCPTOOL" chat 127.0.0.1 "$0"; echo "status $?" >ended; stty -g >after' "$port"
  expect_equal "$(cat ended)" 'status 0'
  cmp before after
}

@test "chat: a line that arrives does not tear the line that is typed" {
  mkfifo says
  exec 8<>says
  input=says start_listener caller nc.openbsd -l 127.0.0.1 0
  # readline shows nothing on a terminal that does not echo
  # shellcheck disable=SC2016
  NO_COLOR=1 start typist "$PYTHON" "$PEERS/pty_run.py" -w '> ' -t 'half' -w half -t ' a line' -w 'a line' -w arriving \
    -w 'half a line' -t '\x7fe!\n' -t 'bye\n' -- sh -c 'stty echo; exec "$TCPTOOL" chat 127.0.0.1 "$0"' "$port"
  wait_for contains typist.out 'a line'
  echo arriving >&8
  finish typist
  expect_equal "$status" 0
  finish caller
  expect_equal "$(cat caller.out)" $'half a line!\nbye'
}

@test "chat: on a terminal it reports how to end it, except with -q" {
  start_peer server server_says 'hi\n' hold
  run -0 peer pty_run -w ends -t 'Bye!\n' -- "$TCPTOOL" chat 127.0.0.1 "$port"
  expect_match "$output" "connected to 127\.0\.0\.1:$port; bye, 再见 or Ctrl-D ends it"
  start_peer second server_says 'hi\n' hold
  run -0 peer pty_run -w hi -t '\x04' -- "$TCPTOOL" chat -q 127.0.0.1 "$port"
  [[ $output != *connected* ]]
  start_peer third server_says 'hi\n' hold
  run -0 peer pty_run -w 'connected to' -w '; Ciao! or Ctrl-D ends it' -t ' CIAO. \n' -- \
    "$TCPTOOL" chat --bye 'Ciao!' 127.0.0.1 "$port"
  start chat "$PYTHON" "$PEERS/pty_run.py" -w 'connected to' -w '再见 or Ctrl-D ends it' -t '再见。\n' -- \
    "$TCPTOOL" chat --listen -b 127.0.0.1 -p 0 --port-file chat.port
  wait_for_port chat
  mkfifo silence
  exec 8<>silence
  run -0 tcptool chat 127.0.0.1 "$port" <silence
  expect_equal "$output" 再见。
  finish chat
  expect_status 0
}

@test "chat: on a terminal every row of the peer's has a mark, so that it cannot pass for the user" {
  local says='> one\ntwo\n\n> three'
  start_peer server server_says "$says"
  TERM=xterm NO_COLOR=1 run -0 peer pty_run -w three -t '\x04' -- "$TCPTOOL" chat 127.0.0.1 "$port"
  [[ $output == *$'\r< > one\n< two\n< \n< > three\n'* ]] || fail "$(cat -v <<<"$output")"
  # in colour: no peer can show a coloured mark or prompt
  start_peer coloured server_says "$says\x1b[1m>\x1b[0m"
  TERM=xterm run -0 peer pty_run -w three -t '\x04' -- "$TCPTOOL" chat 127.0.0.1 "$port"
  [[ $output == *$'\e[36m<\e[0m two\n'*$'\e[36m<\e[0m > three\\x1b[1m>\\x1b[0m\n'* ]] || fail "$(cat -v <<<"$output")"
  [[ $output == *$'\e[1m>\e[0m '* ]] || fail "$(cat -v <<<"$output")"
  # where lines are not edited
  start_peer dumb server_says "$says"
  TERM=dumb run -0 peer pty_run -w three -t '\x04' -- "$TCPTOOL" chat 127.0.0.1 "$port"
  [[ $output == *$'\n< > one\n< two\n< \n< > three'* ]] || fail "$(cat -v <<<"$output")"
  # and not off a terminal
  start_peer plain server_says "$says"
  run -0 --keep-empty-lines tcptool chat 127.0.0.1 "$port" </dev/null
  expect_equal "$output" "$(printf "%b" "$says")"
}

@test "chat: messages without a line ending get a mark each" {
  start_chat --eol none
  TERM=xterm NO_COLOR=1 start typist "$PYTHON" "$PEERS/pty_run.py" -w one -w '> two' -t '\x04' -- \
    "$TCPTOOL" chat --eol none 127.0.0.1 "$port"
  say one
  wait_for contains typist.out one
  say '> two'
  finish typist
  expect_status 0
  contains typist.out '< one'
  contains typist.out '< > two'
}

@test "chat: a bye in any case, with blanks or a mark, from either side" {
  local word
  mkfifo silence
  exec 8<>silence
  for word in ' BYE ' '再见！' '再见。' 'Bye.' $'bye\r'; do
    rm -f server.port chat.port
    start_chat_once "$word"
    start_peer server server_says 'hi\n' hold
    echo "$word" >&8
    run -0 tcptool chat 127.0.0.1 "$port" <silence
    finish server
  done
}

@test "chat: names have colours on a terminal, unless NO_COLOR forbids them" {
  start_peer server server_says 'alice: hi\n'
  TERM=xterm run -0 peer pty_run -w hi -t '\x04' -- "$TCPTOOL" chat 127.0.0.1 "$port"
  [[ $output == *$'malice\e[0m: hi'* ]]
  start_peer plain server_says 'alice: hi\n'
  TERM=xterm NO_COLOR=1 run -0 peer pty_run -w hi -t '\x04' -- "$TCPTOOL" chat 127.0.0.1 "$port"
  [[ $output == *'alice: hi'* && $output != *$'malice'* ]]
}

@test "chat: from a pipe, lines that cannot be encoded are omitted, and it exits with 65" {
  local eol
  for eol in lf none; do
    start_peer "$eol" server_says 'hi\n' hold
    printf 'one\n😀 x\ntwo\n\xff\nbye\n' >lines
    run -65 --separate-stderr tcptool chat -e gbk --eol "$eol" 127.0.0.1 "$port" <lines
    expect_match "$stderr" 'your line was not sent: .*U\+1F600'
    expect_equal "$(grep -c 'your line was not sent' <<<"$stderr")" 2
    finish "$eol"
  done
  expect_file lf.out 'one\ntwo\nbye\nEND\n'
  expect_file none.out 'onetwobyeEND\n'
}

@test "chat: on a terminal, a line that cannot be encoded is rejected, and the conversation continues" {
  local terminal
  for terminal in xterm dumb; do
    rm -f server.port
    start_peer server server_says 'hi\n' hold
    TERM=$terminal run -0 peer pty_run -w ends -t 'one 😀\n' -w 'your line was not sent' -w U+1F600 -t '二\n' \
      -t 'bye\n' -- "$TCPTOOL" chat -e gbk 127.0.0.1 "$port"
    finish server
    expect_equal "$(iconv -f gbk server.out)" $'二\nbye\nEND'
  done
}

@test "chat --errors strict: incoming data that cannot be decoded ends it with 65" {
  start_peer server server_says '\xff\xff\n' hold
  mkfifo silence
  exec 8<>silence
  run -65 tcptool chat -e gbk --errors strict 127.0.0.1 "$port" <silence
}

# The sending side of the connection to $port is closed, and the peer has not read all.
has_shut() {
  ss -tnH state fin-wait-1 "( dport = :$port )" | grep -q .
}

@test "chat --no-sendall: a short send is not forgiven when the peer then says bye" {
  mkfifo hold
  exec 7<>hold
  input=hold start server "$PYTHON" -u -c 'import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], file=open(sys.argv[1], "w"))
c = s.accept()[0]
sys.stdin.read()
while c.recv(65536):
    pass
c.sendall(b"bye\n")' server.port
  wait_for_port server
  yes "$(printf '%0999d' 0)" | head -n 20000 >lines
  input=lines start chat "$TCPTOOL" chat --no-sendall 127.0.0.1 "$port"
  wait_for has_shut
  exec 7>&-
  finish chat
  expect_status 1
  expect_match "$(cat chat.err)" "127\.0\.0\.1:$port.* [0-9]+ of [0-9]+ bytes"
  finish server
}

@test "chat: what is typed arrives whatever the locale is" {
  local terminal locale
  for terminal in dumb xterm; do
    for locale in C POSIX en_US.ISO-8859-1; do
      rm -f server.port
      start_peer server server_says 'hi\n' hold
      PYTHONCOERCECLOCALE=0 LC_ALL='' LC_CTYPE='' LANG=$locale TERM=$terminal run -0 peer pty_run -w ends -t '你好ä\n' -t '再见\n' -- \
        "$TCPTOOL" chat 127.0.0.1 "$port"
      finish server
      expect_equal "$(cat server.out)" $'你好ä\n再见\nEND'
    done
  done
}
