#!/usr/bin/env bats
# Started by others: by systemd with sockets, by inetd with a client, and as process 1.
load helpers/common

# started KIND... -- COMMAND...: in the background as "server", with sockets; $port is the first port.
started() {
  rm -f server.port
  start server "$PYTHON" "$PEERS/pass_sockets.py" server.port "$@"
  wait_for_port server
}

# ask WORDS...: prints the reply.
ask() {
  tcptool send -q 127.0.0.1 "$port" "$@"
}

is_ready() {
  contains server.err 'listening on'
}

@test "LISTEN_FDS: a listening socket that is passed is used" {
  started tcp -- "$TCPTOOL" upper
  run -0 --separate-stderr ask straße
  expect_equal "$output" STRASSE
  stop server
  expect_status 0
  expect_equal "$(cat server.err)" "tcptool: listening on 127.0.0.1:$port"
}

@test "LISTEN_FDS: several sockets, TCP, IPv6, unix and abstract, are served by all workers" {
  local name=tcptool-$$-$RANDOM
  for workers in 1 3; do
    rm -f path
    started tcp tcp6 "unix:$PWD/path" "abstract:$name" -- "$TCPTOOL" serve --echo --workers "$workers"
    wait_for is_ready
    for i in 1 2 3 4 5 6; do
      expect_equal "$(ask "tcp $i")" "tcp $i"
      expect_equal "$(tcptool send ::1 "$(sed -n 2p server.port)" "tcp6 $i")" "tcp6 $i"
      expect_equal "$(tcptool send "unix:path" "unix $i")" "unix $i"
      expect_equal "$(tcptool send "unix:@$name" "abstract $i")" "abstract $i"
    done
    stop server
    expect_status 0
    expect_equal "$(sort server.err)" "$(sort <<END
tcptool: listening on 127.0.0.1:$port
tcptool: listening on [::]:$(sed -n 2p server.port)
tcptool: listening on unix:$PWD/path
tcptool: listening on unix:@$name
END
    )"
  done
}

@test "LISTEN_FDS: the file of a unix socket is not removed" {
  started "unix:$PWD/path" tcp -- "$TCPTOOL" serve --label
  wait_for is_ready
  tcptool send -q unix:path 'a line'
  wait_for contains server.out 'a line'
  expect_match "$(cat server.out)" "^unix:$PWD/path \(pid [0-9]+\): a line$"
  stop server
  expect_status 0
  [[ -S path ]]
}

@test "LISTEN_FDS: an IPv4 client of an IPv6 socket is named by its IPv4 address" {
  started tcp6 -- "$TCPTOOL" serve -v sh -c 'echo "$TCPREMOTEIP $TCPLOCALIP"'
  expect_equal "$(ask x)" '127.0.0.1 127.0.0.1'
  stop server
  expect_match "$(cat server.err)" 'tcptool: 127\.0\.0\.1:[0-9]+ connected'
}

@test "LISTEN_FDS: replaces --bind and --port, which a notice says" {
  started tcp -- "$TCPTOOL" serve --echo -b unix:own -p 1
  expect_equal "$(ask hello)" hello
  [[ ! -e own ]]
  stop server
  contains server.err 'tcptool: LISTEN_FDS: using the sockets passed instead of --bind and --port'
  started tcp -- "$TCPTOOL" serve -q --echo 1
  expect_equal "$(ask hello)" hello
  stop server
  expect_file server.err ''
}

@test "LISTEN_FDS: --port-file, --once and --max-conns work" {
  started tcp -- "$TCPTOOL" serve --once --port-file own.port
  ask 'only one'
  finish server
  expect_status 0
  expect_file server.out 'only one'
  expect_equal "$(cat own.port)" "$port"
  started tcp -- "$TCPTOOL" serve --echo --max-conns 1
  run -0 peer clients_in_turn "$port" 20
  stop server
  expect_status 0
}

@test "LISTEN_FDS: variables for another process are ignored" {
  start serve env LISTEN_PID=1 LISTEN_FDS=1 "$TCPTOOL" serve --echo -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for_port serve
  expect_equal "$(ask hello)" hello
  stop serve
  expect_status 0
}

# refused TEXT KIND... -- [NAME=VALUE...]: a server with these sockets fails with status 1.
refused() {
  local text=$1
  shift
  run --separate-stderr -1 peer pass_sockets ports "$@" "$TCPTOOL" upper
  expect_equal "$stderr" "tcptool: $text"
}

@test "LISTEN_FDS: descriptors of another kind are an error" {
  local kinds='not a TCP, unix or vsock stream socket'
  refused "cannot use descriptor 3 (LISTEN_FDS): $kinds" udp --
  refused "cannot use descriptor 4 (LISTEN_FDS): neither listening nor still connected" tcp fresh --
  refused "cannot use descriptor 3 (LISTEN_FDS): neither listening nor still connected" gone --
  refused "cannot use descriptor 3 (LISTEN_FDS): Socket operation on non-socket" file --
  refused "cannot use descriptor 4 (LISTEN_FDS): Bad file descriptor" tcp -- env LISTEN_FDS=2
  refused 'invalid LISTEN_FDS "x": expected a number of sockets' tcp -- env LISTEN_FDS=x
  refused 'invalid LISTEN_PID "": expected a process ID' tcp -- env LISTEN_PID=
}

@test "LISTEN_FDS: a program inherits neither sockets nor variables for the server" {
  started tcp tcp -- env LISTEN_FDNAMES=a:b NOTIFY_SOCKET="$PWD/none" WATCHDOG_USEC=1000000 \
    "$TCPTOOL" serve sh -c 'ls /proc/$$/fd; env'
  ask x >reply
  expect_equal "$(head -n 3 reply)" $'0\n1\n2'
  not grep -qE '^(LISTEN|NOTIFY|WATCHDOG)_' reply
  stop server
  expect_status 0
}

@test "Accept=yes: one connection is served alone" {
  started accepted -- "$TCPTOOL" upper -v --workers 2 --accept-timeout 20ms
  expect_equal "$(ask straße)" STRASSE
  finish server
  expect_status 0
  expect_match "$(cat server.err)" 'tcptool: 127\.0\.0\.1:[0-9]+ connected'
  not contains server.err 'listening on'
}

@test "Accept=yes: serve prints, and the outcome of the connection is the status" {
  started accepted -- "$TCPTOOL" serve
  ask 'to be printed'
  finish server
  expect_status 0
  expect_file server.out 'to be printed'
  started accepted -- "$TCPTOOL" serve
  mkfifo hold
  exec 7<>hold
  input=hold start client "$PYTHON" "$PEERS/client_reset.py" "$port" text
  wait_for contains server.out text
  exec 7>&-
  finish server
  expect_status 1
  contains server.err 'Connection reset by peer'
}

@test "Accept=yes: a program's status is the server's" {
  started accepted -- "$TCPTOOL" serve sh -c 'cat; exit 7'
  expect_equal "$(ask hello)" hello
  finish server
  expect_status 7
}

@test "Accept=yes: a client that a rule refuses is no failure" {
  started accepted -- "$TCPTOOL" upper --deny 127.0.0.1
  run ask hello
  finish server
  expect_status 0
  contains server.err 'refused 1 client'
}

@test "Accept=yes: TLS and chat" {
  started accepted -- "$TCPTOOL" upper --tls
  expect_equal "$(tcptool send --tls --tls-insecure -q 127.0.0.1 "$port" hello)" HELLO
  finish server
  expect_status 0
  started accepted -- "$TCPTOOL" chat --listen
  run -0 tcptool chat 127.0.0.1 "$port" <<<$'hello\nbye'
  finish server
  expect_status 0
  contains server.out hello
}

@test "inetd: the client that is standard input and output is served alone" {
  echo 'the file' >file
  started inetd -- "$TCPTOOL" upper
  expect_equal "$(ask straße)" STRASSE
  finish server
  expect_status 0
  for words in --echo '--reply hello' 'cat'; do
    # shellcheck disable=SC2086
    started inetd -- "$TCPTOOL" serve $words
    expect_equal "$(ask hello)" hello
    finish server
    expect_status 0
  done
  started inetd -- "$TCPTOOL" serve --reply-file file
  expect_equal "$(ask hello)" 'the file'
  finish server
  expect_status 0
  started inetd -- "$TCPTOOL" serve --discard
  expect_equal "$(ask hello)" ''
  finish server
  expect_status 0
}

@test "inetd: the connection is explained, with where it comes from" {
  started inetd -- "$TCPTOOL" upper --explain
  expect_equal "$(ask straße)" STRASSE
  finish server
  peer explained server.err >steps
  expect_equal "$(head -n 1 steps)" \
    '(inherited): a connected socket from the program that started this one, which has accepted it'
  expect_equal "$(sed -n 's/^\(recv 7 bytes\): .*/\1/p' steps)" 'recv 7 bytes'
}

@test "inetd: messages go to standard error, and never to the client" {
  started inetd -- "$TCPTOOL" upper -v
  expect_equal "$(ask hello)" HELLO
  finish server
  expect_match "$(cat server.err)" 'tcptool: 127\.0\.0\.1:[0-9]+ closed: 5 bytes in, 5 bytes out'
  started inetd-all -- "$TCPTOOL" upper -v
  expect_equal "$(ask hello)" HELLO
  finish server
  expect_status 0
  expect_file server.err ''
}

@test "inetd: a mistake on the command line is reported to the client if it is standard error" {
  started inetd-all -- "$TCPTOOL" serve --discard --backlog x
  expect_match "$(ask hello)" '^tcptool: serve: --backlog: invalid number "x"'
  finish server
  expect_status 2
}

@test "inetd: what would print to the client is a usage error" {
  for words in serve 'serve --label' 'chat --listen' 'chat --listen --room'; do
    # shellcheck disable=SC2086
    started inetd -- "$TCPTOOL" $words
    run ask hello
    finish server
    expect_status 2
    expect_match "$(cat server.err)" '^tcptool: [a-z]+: standard output is the client, .*; use --port to listen'
  done
}

@test "inetd: with --port or --bind, a server listens as ever" {
  for place in '-p 0' '-b 127.0.0.1:0' 127.0.0.1:0; do
    # shellcheck disable=SC2086
    started inetd -- "$TCPTOOL" serve --discard --port-file own.port $place
    start client "$TCPTOOL" send -q 127.0.0.1 "$port" hello
    wait_for has_content own.port
    expect_match "$(cat server.err)" 'listening on'
    stop server
    expect_status 0
    rm own.port
  done
}

@test "systemd: systemd-socket-activate passes its sockets, connections and inetd's client" {
  command -v systemd-socket-activate >/dev/null || skip "there is no systemd-socket-activate here"
  start server systemd-socket-activate -l "$PWD/path" "$TCPTOOL" upper
  wait_for test -S path
  expect_equal "$(tcptool send -q unix:path straße)" STRASSE
  stop server
  expect_status 0
  for mode in --accept '--accept --inetd'; do
    rm -f path
    # shellcheck disable=SC2086
    start server systemd-socket-activate $mode -l "$PWD/path" "$TCPTOOL" upper
    wait_for test -S path
    expect_equal "$(tcptool send -q unix:path hello)" HELLO
    expect_equal "$(tcptool send -q unix:path again)" AGAIN
    stop server
    not contains server.err 'listening on'
  done
}

# manager PLACE: a service manager, whose messages go to manager.out.
manager() {
  start manager "$PYTHON" "$PEERS/notify_socket.py" "$1"
  wait_for has_content manager.out
  export NOTIFY_SOCKET=$1
}

# The messages, without those of the watchdog.
messages() {
  sed 1d manager.out | grep -v '^WATCHDOG=1$'
}

# says TEXT: the last message is TEXT.
says() {
  [[ $(messages | tail -n 1) == "$1" ]]
}

@test "NOTIFY_SOCKET: a server says when it is ready, whom it serves, and when it stops" {
  for place in "$PWD/notify" "@tcptool-$$-$RANDOM"; do
    rm -f serve.port
    manager "$place"
    start_serve --echo
    wait_for says 'READY=1 STATUS=0 clients, 0 refused'
    mkfifo hold
    exec 7<>hold
    input=hold start client "$PYTHON" "$PEERS/client_idle.py" "$port"
    wait_for says 'STATUS=1 client, 0 refused'
    exec 7>&-
    finish client
    wait_for says 'STATUS=0 clients, 0 refused'
    stop serve
    wait_for says 'STOPPING=1 STATUS=0 clients, 0 refused'
    expect_status 0
    not grep -q WATCHDOG manager.out
    stop manager
    rm hold
  done
}

@test "NOTIFY_SOCKET: refused clients are counted, by all workers" {
  manager "$PWD/notify"
  start_serve --echo --workers 3 --deny 127.0.0.1
  for i in 1 2 3; do
    run tcptool send 127.0.0.1 "$port" hello
  done
  wait_for says 'STATUS=0 clients, 3 refused'
  stop serve
  wait_for says 'STOPPING=1 STATUS=0 clients, 3 refused'
}

@test "NOTIFY_SOCKET: many clients make few messages" {
  manager "$PWD/notify"
  local began=$SECONDS
  start_serve --echo
  run -0 peer clients_in_turn "$port" 500
  stop serve
  wait_for contains manager.out STOPPING=1
  (($(messages | wc -l) <= SECONDS - began + 4)) || fail "$(messages)"
}

@test "NOTIFY_SOCKET: SIGHUP is reported around the reading of files, also of bad ones" {
  manager "$PWD/notify"
  echo 127.0.0.1 >rules
  start_serve --echo --allow @rules
  wait_for reloads 0
  echo localhost >rules
  kill -HUP "${pids[serve]}"
  wait_for reloads 1
  echo 'no such rule' >rules
  kill -HUP "${pids[serve]}"
  wait_for reloads 2
  stop serve
  expect_status 0
}

# reloads N: the server was ready, and is again after reading its files N times.
reloads() {
  local wanted='READY=1 STATUS=0 clients, 0 refused'
  for ((i = 0; i < $1; i++)); do
    wanted+=' RELOADING=1 MONOTONIC_USEC=N READY=1 STATUS=0 clients, 0 refused'
  done
  [[ $(messages | sed -E 's/USEC=[0-9]+$/USEC=N/' | paste -sd ' ') == "$wanted" ]]
}

@test "NOTIFY_SOCKET: the watchdog is served at half of its time, if it is meant" {
  manager "$PWD/notify"
  start serve env WATCHDOG_USEC=200000 "$TCPTOOL" serve --echo -b 127.0.0.1:0
  wait_for beats 3
  stop serve
  expect_status 0
  stop manager
  rm notify
  manager "$PWD/notify"
  start serve env WATCHDOG_USEC=2000 WATCHDOG_PID=1 "$TCPTOOL" serve --echo -b 127.0.0.1:0
  wait_for contains manager.out READY=1
  stop serve
  wait_for contains manager.out STOPPING=1
  not grep -q WATCHDOG manager.out
}

# beats N
beats() {
  (($(grep -c '^WATCHDOG=1$' manager.out) >= $1))
}

@test "NOTIFY_SOCKET: a manager that cannot be reached changes nothing" {
  for place in "$PWD/none" vsock:2:1 "@$(printf 'x%.0s' {1..200})" relative; do
    rm -f serve.port
    NOTIFY_SOCKET=$place start_serve --echo
    expect_equal "$(tcptool send 127.0.0.1 "$port" hello)" hello
    stop serve
    expect_status 0
    expect_match "$(head -n 1 serve.err)" "^tcptool: cannot notify NOTIFY_SOCKET=$place: "
  done
  manager "$PWD/notify"
  rm -f serve.port
  start_serve --echo
  stop manager KILL
  expect_equal "$(tcptool send 127.0.0.1 "$port" hello)" hello
  stop serve
  expect_status 0
}

@test "NOTIFY_SOCKET: a manager that does not read is told later" {
  manager "$PWD/notify"
  kill -STOP "${pids[manager]}"
  "$PYTHON" - "$PWD/notify" <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setblocking(False)
try:
    while True:
        s.sendto(b"full", sys.argv[1])
except BlockingIOError:
    pass
END
  start_serve --echo
  expect_equal "$(tcptool send 127.0.0.1 "$port" hello)" hello
  not contains manager.out READY
  kill -CONT "${pids[manager]}"
  wait_for contains manager.out READY=1
  stop serve
  expect_status 0
}

# as_first_process NAME WORDS...: as process 1; $first is its number here.
as_first_process() {
  local name=$1
  local user=()
  shift
  ((EUID == 0)) || user=(--map-root-user)
  # A shell starts what is in the background with SIGINT ignored.
  # shellcheck disable=SC2086
  start "$name" unshare --pid --fork --mount-proc ${namespaces-} "${user[@]}" -- env --default-signal=INT "$@"
  wait_for find_first "$name"
}

# It handles SIGTERM by now: the kernel would drop the signal otherwise.
find_first() {
  local caught
  first=$(pgrep -P "${pids[$1]}") && [[ $(readlink "/proc/$first/exe") == "$TCPTOOL" ]] &&
    caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$first/status") && ((0x$caught & 1 << 14))
}

need_pid_namespace() {
  local user=()
  ((EUID == 0)) || user=(--map-root-user)
  unshare --pid --fork --mount-proc "${user[@]}" true 2>/dev/null ||
    skip 'the kernel permits no PID namespaces here'
}

@test "process 1: a server ends by SIGTERM and SIGINT, and removes its socket" {
  need_pid_namespace
  for signal in TERM INT; do
    as_first_process serve "$TCPTOOL" serve --echo -b "unix:$PWD/path"
    wait_for contains serve.err 'listening on'
    expect_equal "$(tcptool send unix:path hello)" hello
    kill "-$signal" "$first"
    finish serve
    expect_status 0
    [[ ! -e path ]]
  done
}

@test "process 1: SIGTERM and SIGINT end the other commands" {
  need_pid_namespace
  start_peer silent server_silent
  mkfifo hold
  exec 7<>hold
  for signal in TERM:143 INT:130; do
    for words in "send 127.0.0.1 $port" "chat 127.0.0.1 $port" "wait --gone 127.0.0.1:$port" \
      'send --connect-timeout 0 --retry 1h 127.0.0.1 1 x' 'serve --once -b 127.0.0.1:0'; do
      # shellcheck disable=SC2086
      input=hold as_first_process other "$TCPTOOL" $words
      kill "-${signal%:*}" "$first"
      finish other
      [[ $words == chat* || $status == "${signal#*:}" ]] || fail "$words: $status" "$(cat other.err)"
    done
  done
  exec 7>&-
}

# Becomes a command with a name server that does not reply.
slow_names='ip link set lo up && mount --bind resolv.conf /etc/resolv.conf && exec "$PYTHON" -c "
import os, socket, sys
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((\"127.0.0.1\", 53))
server.set_inheritable(True)
os.execv(sys.argv[1], sys.argv[1:])" "$@"'

@test "process 1: SIGTERM ends it while a name is looked up" {
  need_pid_namespace
  need_namespace
  [[ -e /etc/resolv.conf ]] || skip 'there is no /etc/resolv.conf to replace'
  echo 'nameserver 127.0.0.1' >resolv.conf
  for words in 'send --connect-timeout 0 slow.test 9 x' 'wait slow.test:9' \
    'serve --bind slow.test -p 0'; do
    # shellcheck disable=SC2086
    namespaces='--net --mount' as_first_process other sh -c "$slow_names" sh "$TCPTOOL" $words
    wait_for has_threads
    kill -TERM "$first"
    finish other
    expect_status 143
  done
}

# The name is being looked up.
has_threads() {
  (($(find "/proc/$first/task" -mindepth 1 -maxdepth 1 | wc -l) > 1))
}

@test "process 1: what others leave behind is reaped" {
  need_pid_namespace
  for words in '--echo' 'cat'; do
    # shellcheck disable=SC2086
    as_first_process serve "$TCPTOOL" serve -b "unix:$PWD/path" $words
    wait_for contains serve.err 'listening on'
    # Its parent ends first, and leaves it to process 1.
    nsenter -t "$first" -p -m sh -c '(sleep 0.05 & exec true) & exec true'
    nsenter -t "$first" -p -m sh -c 'sleep 0.1 & exec true'
    wait_for has_no_zombie
    kill -TERM "$first"
    finish serve
    expect_status 0
  done
}

has_no_zombie() {
  [[ -z $(ps -o pid= --ppid "$first") ]]
}
