#!/usr/bin/env bats
# --explain: every step in the terms of the socket interface, and that nothing else changes.
load helpers/common

# Prints the steps in FILE, "NUMBER CALL"; those of a client begin with "> ".
steps() {
  peer explained "$1" calls
}

# Prints what the step CALL in FILE means.
meaning() {
  peer explained "$2" | sed 's/^> //' | CALL="$1: " awk 'index($0, ENVIRON["CALL"]) == 1 {
    print substr($0, length(ENVIRON["CALL"]) + 1) }'
}

@test "send explains a conversation with a tutorial's server, in its encoding" {
  start_peer server server_gbk
  tcptool send --explain -e gbk 127.0.0.1 "$port" 你好 >out 2>err
  expect_file out '谢谢你！'
  expect_equal "$(steps err)" "1 getaddrinfo 127.0.0.1
2 socket
3 connect 127.0.0.1:$port
4 send 4 bytes
5 shutdown SHUT_WR
6 recv 8 bytes
7 recv 0 bytes
8 close"
  expect_equal "$(meaning 'send 4 bytes' err)" '"你好" is c4 e3 ba c3 in GBK'
  expect_equal "$(meaning 'recv 8 bytes' err)" '"谢谢你！" is d0 bb d0 bb c4 e3 a3 a1 in GBK'
  expect_match "$(meaning "connect 127.0.0.1:$port" err)" \
    '^connected after [0-9]+\.[0-9]{2} ms by the three-way handshake \(SYN, SYN-ACK, ACK\); the kernel picked our port, [0-9]+$'
  expect_match "$(meaning close err)" \
    '^both sides are closed; (we closed first, so our port stays|the peer closed first, so TIME_WAIT remains)'
  expect_match "$(meaning TCP_INFO err)" \
    '^round trip [0-9.]+ ms, [0-9]+ retransmitted, congestion window [0-9]+ segments$'
}

@test "serve explains its two sockets to a tutorial's client" {
  start_serve --once --explain -e gbk --reply 好
  run -0 peer client_gbk "$port" 你好
  expect_equal "$output" 好
  finish serve
  expect_status 0
  steps serve.err | sed "s/:$port/:PORT/" >found
  expect_equal "$(grep -v '^>' found)" "1 getaddrinfo 127.0.0.1
2 socket
3 bind 127.0.0.1:0
4 listen 128
5 close"
  expect_equal "$(grep '^>' found)" "> 1 accept4
> 2 recv 4 bytes
> 3 send 2 bytes
> 4 shutdown SHUT_WR
> 5 recv 0 bytes
> 6 close"
  expect_match "$(meaning 'listen 128' serve.err)" "on 127.0.0.1:$port by itself; 128 connections can wait"
  expect_match "$(meaning accept4 serve.err)" '^a second socket, for this client alone; the listening socket goes on listening'
  expect_match "$(meaning close serve.err)" 'clients that are accepted are not affected'
}

@test "the backlog is the one that the kernel really has" {
  start_serve --backlog 100000000 --explain
  expect_match "$(meaning 'listen 100000000' serve.err)" \
    "it has reduced the backlog to $(</proc/sys/net/core/somaxconn) \(net.core.somaxconn\)$"
}

@test "a refused connection, and a name that is not found" {
  port=$(closed_port)
  not tcptool send --explain 127.0.0.1 "$port" hello 2>err
  expect_equal "$(steps err)" "1 getaddrinfo 127.0.0.1
2 socket
3 connect 127.0.0.1:$port
4 close"
  expect_equal "$(meaning "connect 127.0.0.1:$port" err)" 'refused: a RST came back; no server listens there'
  not tcptool send --explain no-such-name.invalid 80 hello 2>err
  expect_match "$(meaning 'getaddrinfo no-such-name.invalid' err)" '^failed: '
}

@test "a reset, and who may have caused it, in the kernel's copying too" {
  local name
  for name in utf-8 gbk; do
    [[ $name == utf-8 ]] && set -- || set -- -e gbk
    start_peer "$name" server_reset 5 ab
    not tcptool send --explain "$@" 127.0.0.1 "$port" hello >out 2>err
    peer explained err >steps
    grep 'reset: .*a RST came back' steps
    expect_match "$(meaning close err)" '^the connection was reset before'
  done
}

@test "what tcptool does otherwise than a tutorial is said: sendfile, splice" {
  head -c 1000 /dev/zero >zeros
  start serve "$TCPTOOL" serve --once --explain -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for_port serve
  tcptool send --explain -f zeros 127.0.0.1 "$port" 2>err
  finish serve
  expect_status 0
  expect_match "$(meaning 'sendfile 1000 bytes' err)" 'where a tutorial reads the file and calls send'
  expect_match "$(meaning 'splice 1000 bytes' serve.err)" 'where a tutorial calls recv and write'
}

@test "what is no text is shown as bytes, and at most 32 of them" {
  start_serve --echo --explain
  printf 'a\0b' | tcptool send 127.0.0.1 "$port" >/dev/null
  tcptool send 127.0.0.1 "$port" $'tab\tand "quote"\n' >/dev/null
  head -c 33 /dev/zero | tr '\0' x | tcptool send 127.0.0.1 "$port" >/dev/null
  tcptool send 127.0.0.1 "$port" 一二三四五六七八九十一二 >/dev/null
  printf '\033[31m' | tcptool send 127.0.0.1 "$port" >/dev/null
  wait_for contains serve.err 'recv 5 bytes'
  expect_equal "$(meaning 'recv 3 bytes' serve.err)" 'no text: 61 00 62'
  expect_equal "$(meaning 'recv 16 bytes' serve.err)" '"tab\tand \"quote\"\n"'
  expect_equal "$(meaning 'recv 33 bytes' serve.err)" '"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" and 1 more byte'
  expect_match "$(meaning 'recv 36 bytes' serve.err)" '^"一二三四五六七八九十" is e4 b8 80 .* in UTF-8; 4 more bytes follow$'
  expect_equal "$(meaning 'recv 5 bytes' serve.err)" 'no text: 1b 5b 33 31 6d'
  not grep -q $'\033' serve.err
}

@test "TLS: a line for each message of the handshake, and the data inside" {
  start serve "$TCPTOOL" serve --once --tls --explain -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for_port serve
  tcptool send --explain --tls --tls-insecure 127.0.0.1 "$port" hello 2>err
  finish serve
  expect_status 0
  expect_equal "$(steps err | sed -n 's/^[0-9]* TLS //p' | grep -v Ticket)" '> ClientHello
< ServerHello
< EncryptedExtensions
< Certificate
< CertificateVerify
< Finished
> Finished'
  expect_equal "$(meaning 'SSL_write 5 bytes' err)" '"hello"'
  expect_equal "$(meaning 'SSL_read 5 bytes' serve.err)" '"hello"'
  # Who closes first is chance, after close_notify, and so is whether the other side's FIN has come
  # by the end. But the two cannot say the same.
  local claim
  for claim in 'we closed first' 'the peer closed first'; do
    if [[ $(meaning close err) == *"$claim"* && $(meaning close serve.err) == *"$claim"* ]]; then
      fail "both say that $claim"
    fi
  done
  not contains serve.err 'no text'
}

@test "a pause at --max-conns" {
  start_serve --max-conns 1 --echo --explain
  tcptool send 127.0.0.1 "$port" hello >/dev/null
  wait_for contains serve.err 'accept4 paused'
  expect_match "$(meaning '(accept4 paused)' serve.err)" '^1 connection is served, which is the limit \(--max-conns\)'
}

@test "the steps are the calls that are made" {
  start_peer server server_gbk
  ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=socket,bind,listen,accept4,connect,sendto,recvfrom,shutdown -e signal=none -o trace \
    "$TCPTOOL" send --explain -e gbk 127.0.0.1 "$port" 你好 >out 2>err
  # The look-up of a number opens no socket; a try that has to wait is no step.
  sed -E 's/^[0-9]+ +//; /EAGAIN|EINPROGRESS|EALREADY/d; s/\(.* = ([0-9]+)$/ \1/; s/^sendto/send/; s/^recvfrom/recv/
    s/^(socket|connect|shutdown) .*/\1/' trace >calls
  steps err | sed -E 's/^[0-9]+ //; s/^(connect|shutdown) .*/\1/; s/ bytes?$//; /^(getaddrinfo|close)/d' >explained
  cmp calls explained
}

@test "nothing changes: the data, the status, and without it the calls" {
  start_serve --echo
  head -c 300000 /dev/urandom >data
  tcptool send --explain -f data 127.0.0.1 "$port" >back 2>err
  cmp data back
  ASAN_OPTIONS=detect_leaks=0 run -0 strace -f -qq -e trace=getsockopt,ioctl -o trace "$TCPTOOL" send 127.0.0.1 "$port" hello
  not grep -qE 'TCP_INFO|FIONREAD' trace
}

@test "no line of a connection's steps is wider than a terminal" {
  start_serve --echo --explain
  tcptool send --explain localhost "$port" 'many words, so that the line is broken' 2>err >/dev/null || true
  stop serve
  for file in err serve.err; do
    grep -v '^tcptool:' "$file" >lines
    not grep -E '^.{81}' lines
  done
}

# Prints the steps of display number N of the page, as they stand there.
of_page() {
  awk -v wanted="$1" '/^\.Ed/ { on = 0 } on && n == wanted { print } /^\.Bd/ { n++; on = 1 }' \
    "$ROOT/man/tcptool-explain.7" >display
  peer explained display
}

# What differs from run to run.
without_numbers() {
  sed -E "s/:$port\b/:8888/; s/[0-9]+\.[0-9]+ ms/N ms/; s/port, [0-9]+/port, N/; s/window [0-9]+/window N/"
}

@test "the conversation in the manual is real" {
  start_serve --once -q --explain -e gbk --reply 谢谢
  tcptool send --explain -e gbk 127.0.0.1 "$port" 你好 >out 2>err
  finish serve
  peer explained err | without_numbers | grep -v '^getaddrinfo' >client
  of_page 2 | without_numbers | grep -v '^getaddrinfo' >page
  diff <(grep -v '^close' page) <(grep -v '^close' client)
  # Whether the end of the client's data comes before the reply is sent is chance, and so is who
  # closes first.
  local by_chance='^> (recv 0|shutdown|close)'
  peer explained serve.err | without_numbers | sed 's/^bind .*:0: .*/bind/' | sort >server
  of_page 3 | without_numbers | sed 's/^bind .*/bind/' | sort >page
  diff <(grep -vE "$by_chance" page) <(grep -vE "$by_chance" server)
  if [[ $(meaning shutdown\ SHUT_WR serve.err) == 'our side is closed, too (FIN)' ]]; then
    diff page server
  fi
}

@test "the steps between connecting and the data are named" {
  start_serve --once --explain --accept-proxy
  tcptool send --explain --send-proxy 127.0.0.1 "$port" hello 2>err
  finish serve
  expect_equal "$(steps err | grep -A 9 connect | sed -E 's/ [0-9]+ bytes/ N bytes/; s/:[0-9]+$//')" '3 connect 127.0.0.1
4 send N bytes
5 (PROXY header)
6 send N bytes
7 shutdown SHUT_WR
8 recv N bytes
9 close'
  expect_match "$(meaning '(PROXY header)' serve.err)" '^done: '
  expect_match "$(peer explained serve.err)" '> recv [0-9]+ bytes: "PROXY TCP4 127'
}

@test "a path with control characters does not break a step into lines" {
  local path=$'odd\n\e[31mpath'
  start serve "$TCPTOOL" serve -b "unix:$path" --once --explain
  wait_for test -e "$path"
  tcptool send --explain "unix:$path" hello 2>err
  finish serve
  run -0 grep -c '^unix:odd??\[31mpath (pid [0-9]*):$' serve.err
  run -1 grep -h $'\e' serve.err err
}
