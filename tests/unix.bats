#!/usr/bin/env bats
# Unix sockets, by path and abstract: what differs from TCP, and that nothing else does.
load helpers/common

# start_at ADDRESS COMMAND [OPTIONS...]: a listening command; its name is that of the command.
start_at() {
  local address=$1 command=$2
  shift 2
  rm -f "$command.err" # of one that ran before
  start "$command" "$TCPTOOL" "$command" -b "$address" "$@"
  wait_for listens_or_is_gone "$command"
  contains "$command.err" 'listening on unix:' || fail "$(cat "$command.err")"
}

listens_or_is_gone() {
  contains "$1.err" 'listening on ' || is_gone "$1"
}

# A server in Python that does what is written to descriptor 7.
start_told() {
  mkfifo told
  exec 7<>told
  input=told start told "$PYTHON" -u "$PEERS/unix_server.py" "$@"
  wait_for contains told.out listening
}

tell() {
  echo "$1" >&7
  wait_for contains told.out "${1%% *} done"
}

# leave_stale PATH: the socket of a server that is dead.
leave_stale() {
  "$PYTHON" -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$1"
}

mode_of() {
  stat -c %a "$1"
}

exists_not() {
  [[ ! -e $1 && ! -L $1 ]]
}

@test "serve: prints what nc, ncat, socat, Python and send send to a path" {
  start_at unix:s serve
  printf 'nc. ' | nc.openbsd -UN s
  printf 'ncat. ' | ncat -U s
  printf 'socat. ' | socat - UNIX-CONNECT:s
  "$PYTHON" -c 'import socket
s = socket.socket(socket.AF_UNIX); s.connect("s"); s.sendall(b"python. ")'
  wait_for contains serve.out python.
  tcptool send unix:s 'send. '
  wait_for contains serve.out send.
  expect_file serve.out 'nc. ncat. socat. python. send. '
}

@test "serve: the listening line names the path, and there is one line per address" {
  start serve "$TCPTOOL" serve -b unix:s -b 127.0.0.1:0 -b unix:@"$BATS_TEST_TMPDIR" --port-file serve.port
  wait_for_port serve
  wait_for contains serve.err '@'
  expect_equal "$(cat serve.err)" "tcptool: listening on unix:s
tcptool: listening on 127.0.0.1:$port
tcptool: listening on unix:@$BATS_TEST_TMPDIR"
  expect_equal "$(wc -l <serve.port)" 1
  tcptool send unix:s path.
  wait_for contains serve.out path.
  tcptool send 127.0.0.1 "$port" tcp.
  wait_for contains serve.out tcp.
  tcptool send unix:@"$BATS_TEST_TMPDIR" abstract.
  wait_for contains serve.out abstract.
}

@test "--port-file: empty where only unix sockets are listened on" {
  start_at unix:s serve --port-file ports
  expect_file ports ''
}

@test "labels and messages name a client by path and process" {
  start_at ./s serve --label -v
  start send "$TCPTOOL" send ./s hello
  pid=${pids[send]}
  finish send
  expect_status 0
  wait_for contains serve.err closed
  expect_file serve.out "unix:./s (pid $pid): hello\n"
  contains serve.err "tcptool: unix:./s (pid $pid) connected"
  contains serve.err "tcptool: unix:./s (pid $pid) closed: 5 bytes in, 0 bytes out"
}

@test "send: errors name the process of the server" {
  start_told s
  start send "$TCPTOOL" send unix:s hello
  tell accept
  tell close
  finish send
  expect_status 1
  expect_equal "$(cat send.err)" \
    "tcptool: error receiving from unix:s (pid ${pids[told]}): Connection reset by peer"
}

@test "abstract sockets: with send, socat and Python" {
  name=$BATS_TEST_TMPDIR/a
  start_at "unix:@$name" serve --echo
  expect_equal "$(tcptool send "unix:@$name" one)" one
  expect_equal "$(printf two | socat - "ABSTRACT-CONNECT:$name")" two
  run ! tcptool serve -b "unix:@$name"
  expect_match "$output" "cannot listen on unix:@$name: Address already in use"
  exists_not "@$name"
  stop serve
  expect_status 0
  start_told "@$name"
  start send "$TCPTOOL" send "unix:@$name" three
  tell accept
  tell read
  tell 'say yes'
  tell close
  finish send
  expect_status 0
  expect_file send.out yes
}

@test "a host with a slash is a path, for send, -b and chat" {
  mkdir d
  start_at d/s serve
  tcptool send d/s 'as a word. '
  tcptool send "$PWD/d/s" 'with the root'
  wait_for contains serve.out root
  expect_file serve.out 'as a word. with the root'
  start chat "$TCPTOOL" chat "$PWD/d/s"
  finish chat
  expect_status 0
}

@test "a URL is no path: the error shows its host and port" {
  local url
  while read -r url host port; do
    for command in 'send' 'chat' 'serve -b'; do
      # shellcheck disable=SC2086
      run -2 --separate-stderr tcptool $command "$url"
      expect_one_error "$stderr"
      [[ $stderr == *"\"$url\""*": $host $port "* ]] || fail "$stderr"
    done
  done <<'END'
http://example.org:8080/a/b example.org 8080
http://example.org/ example.org 80
https://user:pass@example.org:444?x example.org 444
tcp://[2001:db8::1]:99 2001:db8::1 99
END
  for url in file:///etc/passwd unix:///tmp/x; do
    run -2 tcptool send "$url" x
    expect_match "$output" 'unix:PATH'
  done
}

@test "a path or name of 107 bytes works, and one of 108 is a usage error that says so" {
  local directory name
  directory=$(printf 'd%.0s' {1..50})
  mkdir "$directory"
  name=$directory/$(printf 'n%.0s' {1..56})
  for name in "$name" "@$(printf '%0107d' "$((BASHPID))")"; do
    start_at "unix:$name" serve --echo
    expect_equal "$(tcptool send "unix:$name" hello)" hello
    stop serve
    for command in 'send' 'serve -b'; do
      # shellcheck disable=SC2086
      run -2 --separate-stderr tcptool $command "unix:${name}y"
      expect_match "$stderr" '108 bytes.* 107'
    done
  done
}

@test "malformed addresses are usage errors that quote the word" {
  for word in unix: unix:@ vsock: vsock:1 vsock:x:1 vsock:1:x vsock::1 vsock:1:4294967296 vsock:4294967295:1; do
    for command in 'send' 'serve -b'; do
      # shellcheck disable=SC2086
      run -2 --separate-stderr tcptool $command "$word"
      expect_match "$stderr" "\"$word\""
    done
  done
  for word in vsock:any:1 vsock:1:0; do
    run -2 --separate-stderr tcptool send "$word"
    expect_match "$stderr" "\"$word\""
  done
}

@test "the mode is 0600 less the umask, and --socket-mode sets another one exactly" {
  (umask 0000 && exec "$TCPTOOL" serve -q -b unix:open --accept-timeout 20s) 3>&- &
  touch "pids/$!"
  (umask 0277 && exec "$TCPTOOL" serve -q -b unix:less --accept-timeout 20s) 3>&- &
  touch "pids/$!"
  (umask 0077 && exec "$TCPTOOL" serve -q -b unix:mode --socket-mode 0662 --accept-timeout 20s) 3>&- &
  touch "pids/$!"
  for name in open less mode; do
    wait_for test -S $name
  done
  expect_equal "$(mode_of open)" 600
  expect_equal "$(mode_of less)" 400
  wait_for has_mode mode 662
}

has_mode() {
  [[ $(mode_of "$1") == "$2" ]]
}

@test "--socket-group sets the group, and an unknown one is a usage error" {
  group=$(id -G | awk '{ print $NF }')
  ((EUID == 0)) && group=12
  start_at unix:s serve --socket-group "$group" --socket-mode 660
  expect_equal "$(stat -c '%g %a' s)" "$group 660"
  stop serve
  start_at unix:s serve --socket-group "$(id -gn)"
  expect_equal "$(stat -c '%G %a' s)" "$(id -gn) 600"
  run -2 tcptool serve -b unix:t --socket-group no-such-group
  expect_match "$output" '"no-such-group"'
  exists_not t
}

@test "--socket-mode: an invalid mode, or no unix:PATH, is a usage error" {
  for mode in 8 1000 '' 07777 rw; do
    run -2 --separate-stderr tcptool serve -b unix:s --socket-mode "$mode"
    expect_match "$stderr" "\"$mode\""
  done
  run -2 tcptool serve --socket-mode 600
  expect_match "$output" 'requires --bind unix:PATH'
  run -2 tcptool serve -b unix:@x --socket-group "$(id -gn)"
  expect_match "$output" 'requires --bind unix:PATH'
  exists_not s
}

@test "a path on which a server listens is an error, and that server does not notice" {
  start_at unix:s serve --once -v
  run -1 --separate-stderr tcptool serve -b unix:s
  expect_equal "$stderr" 'tcptool: cannot listen on unix:s: a server already listens there'
  not contains serve.err connected
  tcptool send unix:s hello
  finish serve
  expect_status 0
  expect_file serve.out hello
}

@test "a server of another program is left alone, too" {
  start nc nc.openbsd -lU s
  wait_for test -S s
  run -1 tcptool serve -b unix:s
  start dgram socat -u UNIX-RECV:d -
  wait_for test -S d
  run -1 tcptool serve -b unix:d
  expect_match "$output" 'already listens'
  [[ -S s && -S d ]]
  not is_gone nc
}

@test "the socket of a dead server is taken over" {
  start_at unix:s serve
  stop serve KILL
  [[ -S s ]]
  start_at unix:s serve
  tcptool send unix:s hello
  wait_for contains serve.out hello
  stop serve
  exists_not s
}

# alone N: of the servers s1 to sN all but one have ended.
alone() {
  local i running=0
  for ((i = 1; i <= $1; i++)); do
    is_gone "s$i" || running=$((running + 1))
  done
  ((running == 1))
}

@test "of many servers that take over a path at once, exactly one wins" {
  local i winner
  leave_stale s
  for i in {1..8}; do
    start "s$i" "$TCPTOOL" serve --echo -b unix:s
  done
  wait_for alone 8
  for i in {1..8}; do
    if is_gone "s$i"; then
      finish "s$i"
      expect_status 1
      contains "s$i.err" 'a server already listens there'
    else
      winner=s$i
    fi
  done
  expect_equal "$(tcptool send unix:s hello)" hello
  stop "$winner"
  expect_status 0
  exists_not s
}

@test "a path is taken over under a lock of its directory, which is not waited for for ever" {
  leave_stale s
  exec 8<.
  flock 8
  run -1 --separate-stderr tcptool serve -b unix:s 8>&-
  expect_match "$stderr" '^tcptool: cannot listen on unix:s: the file exists, and its directory cannot be locked: '
  [[ -S s ]]
  exec 8>&-
  start_at unix:s serve
}

@test "a file that is no socket is never removed" {
  echo precious >file
  mkdir directory
  leave_stale stale
  ln -s stale link
  for name in file directory link; do
    run -1 --separate-stderr tcptool serve -b "unix:$name"
    expect_equal "$stderr" "tcptool: cannot listen on unix:$name: the file exists and is not a socket"
  done
  expect_file file 'precious\n'
  [[ -d directory && -L link && -S stale ]]
  run -1 --separate-stderr tcptool serve -b unix:none/s
  expect_equal "$stderr" 'tcptool: cannot listen on unix:none/s: No such file or directory'
}

@test "the file is removed after a signal, after --once, and when the start fails" {
  start_at unix:s serve
  stop serve INT
  exists_not s
  start_at unix:s serve --once
  exec 7> >(exec "$TCPTOOL" send unix:s 3>&-)
  wait_for exists_not s
  echo hello >&7
  exec 7>&-
  finish serve
  expect_file serve.out 'hello\n'
  start_serve -n other
  run -1 tcptool serve -b unix:s -b "127.0.0.1:$port"
  exists_not s
  run -124 tcptool serve -b unix:s --accept-timeout 50ms
  exists_not s
}

@test "the file is not removed when it is another server's by now" {
  start_at unix:s serve
  mv s old
  start told nc.openbsd -lU s
  wait_for test -S s
  stop serve
  expect_status 0
  [[ -S s && -S old ]]
}

@test "a connection that is accepted outlives its file" {
  start_at unix:s serve --echo
  mkfifo in
  exec 7<>in
  input=in start send "$TCPTOOL" send unix:s
  echo one >&7
  wait_for contains send.out one
  rm s
  echo two >&7
  wait_for contains send.out two
}

@test "send: no listener, no such path, a dead server" {
  leave_stale s
  run -1 --separate-stderr tcptool send unix:s x
  expect_equal "$stderr" 'tcptool: cannot connect to unix:s: Connection refused'
  run -1 --separate-stderr tcptool send ./none x
  expect_equal "$stderr" 'tcptool: cannot connect to unix:./none: No such file or directory'
}

@test "send --retry: waits for a server that is still starting" {
  start send "$TCPTOOL" send -v --retry 20s unix:s hello
  wait_for contains send.err 'trying again'
  start_at unix:s serve
  finish send
  expect_status 0
  wait_for contains serve.out hello
}

@test "send: waits while the backlog is full, for --connect-timeout" {
  start_told s 0
  start first "$TCPTOOL" send unix:s first
  wait_for has_pending s 1
  run -124 --separate-stderr tcptool send --connect-timeout 100ms unix:s x
  expect_equal "$stderr" 'tcptool: cannot connect to unix:s: timed out after 100ms (--connect-timeout)'
  start second "$TCPTOOL" send unix:s second
  tell accept
  tell close
  finish first
  tell accept
  tell read
  contains told.out 'got 6 second'
}

# has_pending PATH N: so many clients wait to be accepted.
has_pending() {
  [[ $(ss -xlH | awk -v path="$1" '$5 == path { print $3 }') == "$2" ]]
}

@test "half-close: the reply comes after the end of the input, however late" {
  start_told s
  start send "$TCPTOOL" send unix:s question
  tell accept
  tell read
  contains told.out 'got 8 question'
  not is_gone send
  tell 'say the answer'
  tell close
  finish send
  expect_status 0
  expect_file send.out 'the answer'
}

@test "half-close: serve --once is a two-way pipe with nc and socat" {
  start_at unix:s serve --once
  stop serve
  echo reply >in
  input=in start_at unix:s serve --once
  expect_equal "$(echo question | nc.openbsd -UN s)" reply
  finish serve
  expect_status 0
  expect_file serve.out 'question\n'
  input=in start_at unix:s serve --once
  expect_equal "$(echo question | socat -t 20 - UNIX-CONNECT:s)" reply
  finish serve
  expect_file serve.out 'question\n'
}

@test "delivered: the peer has read everything" {
  start_told s
  start send "$TCPTOOL" send --until none unix:s "$(printf 'x%.0s' {1..5000})"
  tell accept
  tell 'read 1'
  expect_equal "$(grep -c '^got' told.out)" 1
  finish send
  expect_status 0

  rm told s
  start_told s
  start send "$TCPTOOL" send --until none unix:s unread
  tell accept
  tell peek
  wait_for sleeps send
  not is_gone send
  tell read
  finish send
  expect_status 0
}

# sleeps NAME: the process waits for something, or is gone.
sleeps() {
  is_gone "$1" || [[ $(cut -d ' ' -f 3 "/proc/${pids[$1]}/stat") == S ]]
}

@test "delivered: a peer that closes without reading is a failure" {
  start_told s
  start send "$TCPTOOL" send --until none unix:s unread
  tell accept
  tell peek
  wait_for sleeps send
  tell close
  finish send
  expect_status 1
  expect_match "$(cat send.err)" 'Connection reset by peer'
}

@test "delivered: the same when the input ends at that moment" {
  start_told s
  mkfifo in
  exec 8<>in
  input=in start send "$TCPTOOL" send --until none unix:s 8>&-
  tell accept
  echo unread >&8
  tell peek
  kill -STOP "${pids[send]}"
  wait_for is_stopped send
  exec 8>&-
  tell close
  kill -CONT "${pids[send]}"
  finish send
  expect_status 1
  expect_match "$(cat send.err)" 'Connection reset by peer'
}

is_stopped() {
  [[ $(cut -d ' ' -f 3 "/proc/${pids[$1]}/stat") == T ]]
}

@test "much data arrives whole, both ways, from and into files and pipes" {
  head -c 30000000 /dev/urandom >data
  start_at unix:s serve --echo --workers 2
  tcptool send unix:s <data >back
  cmp data back
  # shellcheck disable=SC2002
  cat data | tcptool send -f - unix:s | cat >back
  cmp data back
  stop serve
  start_at unix:s serve --reply-file data
  tcptool send unix:s hello >back
  cmp data back
  nc.openbsd -UN s </dev/null >back
  cmp data back
  stop serve
  start_at unix:s serve
  tcptool send -f data unix:s
  wait_for has_bytes serve.out 30000000
  cmp data serve.out
}

@test "discarded data is read all the same: --discard, /dev/null and --until none" {
  head -c 3000000 /dev/zero >data
  start_at unix:s serve --discard -v
  tcptool send unix:s <data
  wait_for contains serve.err 'closed: 3000000 bytes in'
  stop serve
  into=/dev/null start_at unix:s serve -v
  tcptool send unix:s <data
  wait_for contains serve.err 'closed: 3000000 bytes in'
  stop serve
  start_at unix:s serve --reply-file data
  tcptool send --until none unix:s hello
  wait_for contains serve.out hello
}

@test "workers share one path, and its limits" {
  start_at unix:s serve --echo --workers 3
  run -0 peer clients_unix s 100
  expect_equal "$output" 100
  stop serve
  expect_status 0
  exists_not s
}

@test "--max-conns: the others wait in the backlog" {
  start_at unix:s serve --echo --max-conns 1
  mkfifo in
  exec 7<>in
  input=in start first "$TCPTOOL" send unix:s
  echo one >&7
  wait_for contains first.out one
  start second "$TCPTOOL" send unix:s two
  wait_for has_pending s 1
  stop first
  finish second
  expect_status 0
  expect_file second.out two
}

@test "limits: --idle-timeout, --deadline" {
  start_told s
  run -124 tcptool send --idle-timeout 100ms unix:s x
  expect_match "$output" '^tcptool: unix:s \(pid [0-9]+\): idle for 100ms'
  run -124 tcptool send --deadline 100ms unix:s x
}

@test "options of TCP alone do no harm" {
  start_at unix:s serve --echo --nodelay --keepalive=5s --user-timeout 5s -4
  expect_equal "$(tcptool send --nodelay --keepalive=5s --user-timeout 5s -6 unix:s hello)" hello
}

@test "upper replies on a path, to nc, ncat and socat" {
  start_at unix:s upper
  expect_equal "$(printf straße | nc.openbsd -UN s)" STRASSE
  expect_equal "$(printf straße | ncat -U s)" STRASSE
  expect_equal "$(printf straße | socat -t 20 - UNIX-CONNECT:s)" STRASSE
}

@test "send: to servers of nc, ncat, socat and an abstract one of socat" {
  echo reply >in
  input=in start nc nc.openbsd -lNU nc
  wait_for test -S nc
  expect_equal "$(tcptool send --retry 10s unix:nc 'to nc')" reply
  finish nc
  expect_file nc.out 'to nc'
  input=in start ncat ncat -lU ncat
  wait_for test -S ncat
  tcptool send --retry 10s --until line unix:ncat 'to ncat' >got
  expect_file got 'reply\n'
  finish ncat
  expect_file ncat.out 'to ncat'
  input=in start socat socat -t 20 UNIX-LISTEN:socat -
  wait_for test -S socat
  expect_equal "$(tcptool send --retry 10s unix:socat 'to socat')" reply
  finish socat
  expect_file socat.out 'to socat'
  input=in start abstract socat -t 20 "ABSTRACT-LISTEN:$BATS_TEST_TMPDIR/x" -
  expect_equal "$(tcptool send --retry 20s "unix:@$BATS_TEST_TMPDIR/x" 'to a name')" reply
  finish abstract
  expect_file abstract.out 'to a name'
}

@test "chat: two parties on a path" {
  mkfifo in
  exec 7<>in
  input=in start_at unix:s chat --listen
  mv chat.out heard 2>/dev/null
  printf 'hello\nbye\n' | tcptool chat unix:s >said
  finish chat
  expect_status 0
  expect_file heard 'hello\nbye\n'
  exists_not s
}

@test "room: guests from a path and from TCP, and none is shown by address" {
  start chat "$TCPTOOL" chat --listen --room -b unix:s -b 127.0.0.1:0 --port-file chat.port
  wait_for_port chat
  mkfifo in
  exec 7<>in
  input=in start guest nc.openbsd -U s
  wait_for contains guest.out guest1
  printf 'from tcp\n/quit\n' | tcptool chat 127.0.0.1 "$port" >said
  wait_for contains guest.out 'guest2: from tcp'
  not grep -E 'unix:|pid|127\.0' guest.out chat.out
}

@test "--allow and --deny: the rule unix" {
  start_at unix:s serve --echo --deny unix -v
  expect_equal "$(tcptool send unix:s x 2>/dev/null)" ''
  wait_for contains serve.err 'refused: --deny unix'
  stop serve
  start_at unix:s serve --echo --allow 127.0.0.1 -v
  expect_equal "$(tcptool send unix:s x 2>/dev/null)" ''
  wait_for contains serve.err 'refused: no --allow rule matches'
  stop serve
  start_at unix:s serve --echo --allow unix
  expect_equal "$(tcptool send unix:s x)" x
}

@test "PROXY headers: read on a path, and sent without addresses" {
  start_at unix:s serve --accept-proxy --label
  printf 'PROXY TCP4 192.0.2.1 192.0.2.2 11 22\r\nhello\n' | nc.openbsd -UN s
  wait_for contains serve.out hello
  expect_file serve.out '192.0.2.1:11: hello\n'
  tcptool send --send-proxy unix:s local
  wait_for contains serve.out ': local'
  expect_match "$(tail -n 1 serve.out)" '^unix:s \(pid [0-9]+\): local$'
  stop serve
  start_at unix:s serve
  tcptool send --send-proxy unix:s v1
  tcptool send --send-proxy=v2 unix:s v2
  wait_for contains serve.out v2
  expect_file serve.out 'PROXY UNKNOWN\r\nv1\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00v2'
}

@test "-b: a local address of another kind, or a path, is a usage error to connect" {
  run -2 tcptool send -b 127.0.0.1 unix:s x
  expect_match "$output" '127.0.0.1 and unix:s cannot be used together'
  run -2 tcptool send -b unix:@a 127.0.0.1 1 x
  expect_match "$output" 'unix:@a and 127.0.0.1 cannot be used together'
  run -2 tcptool chat -b unix:a unix:s
  expect_match "$output" 'unix:a: a path can be used only to listen'
  exists_not a
}

@test "-b: an abstract local address to connect from" {
  start_told s
  start send "$TCPTOOL" send -v -b "unix:@$BATS_TEST_TMPDIR" unix:s hello
  tell accept
  tell read
  contains send.err "connected, from unix:@$BATS_TEST_TMPDIR"
  tell close
  finish send
  expect_status 0
}

@test "-v tells how long it took, without what only TCP measures" {
  start_at unix:s serve --echo -v
  run -0 --separate-stderr tcptool send -v unix:s hello
  expect_match "$stderr" 'unix:s \(pid [0-9]+\) took [0-9.]+ s'
  wait_for contains serve.err took
  not grep 'round trip' serve.err
}

@test "a truncated reply looks like an end of data, for a unix socket has no reset" {
  start_told s
  start send "$TCPTOOL" send unix:s question
  tell accept
  tell read
  tell 'say half of the ans'
  stop told KILL
  finish send
  expect_status 0
  expect_file send.out 'half of the ans'
}

@test "options of nc and ncat for unix sockets have hints" {
  run -2 tcptool send -U s
  expect_match "$output" 'unix:PATH'
  run -2 tcptool serve -U s
  expect_match "$output" 'unix:PATH'
}

@test "SIGHUP ends a server without files, and removes its path" {
  start_at unix:s serve
  kill -HUP "${pids[serve]}"
  finish serve
  expect_status 129
  exists_not s
}
