#!/usr/bin/env bats
# serve PROGRAM: a program for each client.
load helpers/common

# What makes the server give pipes instead of the socket; both have to look the same.
MODES=(--backlog=128 --encoding=latin1)

# serve_program [OPTIONS...] PROGRAM [ARGUMENTS...]: as start_serve, anew each time.
serve_program() {
  rm -f serve.port
  start_serve "$@"
}

# steps NAME STEP...: a client in the background that waits until descriptor 7 is closed.
steps() {
  local name=$1
  shift
  rm -f "$name.out"
  [[ -p hold ]] || mkfifo hold
  exec 7<>hold
  input=hold start "$name" "$PYTHON" "$PEERS/client_steps.py" "$port" "$@"
}

# alive PID: a process that is no zombie.
alive() {
  [[ $(ps -o stat= -p "$1") == [!Z]* ]]
}

dead() {
  ! alive "$1"
}

# children PID: all child processes, zombies too.
children() {
  ps -o pid=,stat=,args= --ppid "$1"
}

has_no_children() {
  [[ -z $(children "${pids[serve]}") ]]
}

@test "program: it has the client as its input and output" {
  head -c 300000 /dev/urandom >data
  for mode in "${MODES[@]}"; do
    serve_program "$mode" cat
    tcptool send 127.0.0.1 "$port" <data >reply
    cmp data reply
    stop serve
    expect_status 0
  done
}

@test "program: one that exits early still has its reply delivered" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" sh -c 'echo the reply'
    run peer client_steps "$port" zeros:5000000 rest
    expect_status 0
    expect_equal "$output" 'the reply'
    stop serve
  done
}

@test "program: one that reads only the beginning has its reply delivered" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" head -c 5
    run peer client_steps "$port" send:hello zeros:5000000 rest
    expect_status 0
    expect_equal "$output" 'hello'
    stop serve
  done
}

@test "program: one that exits late has its reply delivered, and the client may have ended long ago" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" sh -c 'cat; until test -e go; do sleep 0.01; done; echo late'
    steps client send:early- end first rest
    wait_for contains client.out early-
    touch go
    finish client
    expect_status 0
    expect_file client.out 'early-late\n'
    stop serve
    rm go
  done
}

@test "program: what a child writes after its parent has ended is delivered" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" sh -c '(until test -e go; do sleep 0.01; done; echo late) & echo soon'
    steps client first rest
    wait_for contains client.out soon
    touch go
    finish client
    expect_file client.out 'soon\nlate\n'
    stop serve
    rm go
  done
}

@test "program: one that closes only its output half-closes the client, and reads on" {
  serve_program -e latin1 sh -c 'echo hello; exec >&-; cat >got'
  steps client rest say:end wait send:more end
  wait_for contains client.out end
  expect_file client.out 'hello\nend'
  exec 7>&-
  wait_for contains got more
  wait_for has_no_children
}

@test "program: one that closes its input has the rest discarded, and its output goes on" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" sh -c 'exec <&-; until test -e go; do sleep 0.01; done; echo late'
    steps client send:1 wait zeros:100000 end rest
    exec 7>&-
    touch go
    finish client
    expect_file client.out 'late\n'
    stop serve
    rm go
  done
}

@test "program: a flood is slowed down by the client, and ends with it" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" sh -c 'echo $$ >pid; exec yes'
    steps client first wait reset
    wait_for has_bytes client.out 1000
    alive "$(<pid)"
    exec 7>&-
    wait_for dead "$(<pid)"
    wait_for has_no_children
    stop serve
    expect_status 0
  done
}

@test "program: all processes of the group get SIGHUP when the client is reset" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" sh -c 'sleep 1000 & echo $! >child; echo $$ >pid; wait'
    steps client wait reset
    wait_for has_content pid
    exec 7>&-
    wait_for dead "$(<pid)"
    wait_for dead "$(<child)"
    wait_for has_no_children
    wait_for contains serve.err 'reset'
    stop serve
    rm pid child
  done
}

@test "program: one that reads nothing of what a reset client has sent gets SIGHUP" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" sh -c 'echo $$ >pid; exec sleep 1000'
    for sent in send:hello fill; do
      rm -f pid
      steps client "$sent" say:sent wait reset
      wait_for has_content pid
      wait_for contains client.out sent
      exec 7>&-
      wait_for dead "$(<pid)"
    done
    stop serve
  done
}

@test "program: one that reads after a reset gets all that came before" {
  serve_program sh -c 'until test -e go; do sleep 0.01; done; while head -c 1000 | cat >>got; do :; done'
  steps client zeros:50000 wait reset
  exec 7>&-
  finish client
  touch go
  wait_for has_bytes got 50000
}

@test "program: one that ignores SIGHUP gets SIGKILL after --drain" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" --drain 100ms sh -c 'trap "echo hup >got" HUP; echo $$ >pid; while :; do sleep 0.01; done'
    steps client wait reset
    wait_for has_content pid
    exec 7>&-
    wait_for dead "$(<pid)"
    expect_file got 'hup\n'
    wait_for has_no_children
    stop serve
    rm pid
  done
}

@test "program: a client that has closed in order is not gone" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" sh -c 'cat >got; until test -e go; do sleep 0.01; done; echo done >>got'
    steps client send:hello close
    finish client
    wait_for contains got hello
    touch go
    wait_for contains got 'done'
    stop serve
    rm go got
  done
}

@test "program: 1,000 clients at once with --max-conns 100" {
  serve_program --max-conns 100 --backlog 2000 cat
  run peer clients_many "$port" 1000
  expect_equal "$output" 1000
  wait_for has_no_children
  stop serve
  expect_status 0
  expect_equal "$(grep -vc 'listening\|backlog' serve.err)" 0
}

@test "program: clients beyond the limit of open files wait, and none is dropped" {
  for mode in "${MODES[@]}"; do
    rm -f serve.port
    start serve bash -c 'ulimit -n 40; exec "$@"' bash \
      "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file serve.port "$mode" --backlog 500 cat
    wait_for_port serve
    run peer clients_many "$port" 200
    expect_equal "$output" 200
    stop serve
    expect_equal "$(grep -v 'listening\|paused' serve.err)" ''
  done
}

@test "program: its descriptors are 0, 1 and 2 alone, and they block" {
  exec 5<"$BATS_TEST_FILENAME"
  for mode in "${MODES[@]}"; do
    serve_program "$mode" sh -c 'ls -m /proc/$$/fd; cd /proc/$$/fdinfo; cat 0 1 2 | sed -n s/^flags:.//p; cd ../fd; ls -l 0 1 | grep -oE "socket|pipe"; cat'
    steps other wait
    run tcptool send 127.0.0.1 "$port" ''
    expect_equal "${lines[0]}" '0, 1, 2'
    for i in 1 2 3; do
      (((8#${lines[i]} & 8#4000) == 0)) || fail "${lines[i]}"
    done
    if [[ $mode == --encoding* ]]; then
      expect_equal "${lines[4]} ${lines[5]}" 'pipe pipe'
    else
      expect_equal "${lines[4]} ${lines[5]}" 'socket socket'
    fi
    exec 7>&-
    stop serve
  done
}

@test "program: its standard error is the server's, and blocks" {
  mkfifo messages
  cat messages >got 3>&- &
  rm -f serve.port
  "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file serve.port \
    sh -c 'echo oops >&2; sed -n s/^flags:.//p /proc/$$/fdinfo/2' 2>messages 3>&- &
  pids[serve]=$!
  touch "pids/$!"
  wait_for_port serve
  run tcptool send 127.0.0.1 "$port" ''
  (((8#$output & 8#4000) == 0)) || fail "$output"
  wait_for contains got oops
  stop serve
}

@test "program: signals, limits and the mask are those of the start" {
  for mode in "${MODES[@]}"; do
    rm -f serve.port
    start serve "$PYTHON" -c 'import os, resource, signal, sys
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200))
os.execv(sys.argv[1], sys.argv[1:])' \
      "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file serve.port "$mode" \
      bash -c 'grep -E "Sig(Blk|Ign)" /proc/self/status; ulimit -n; ulimit -Hn'
    wait_for_port serve
    run tcptool send 127.0.0.1 "$port" ''
    # SIGUSR1 is 10, SIGUSR2 12, SIGCHLD 17; bash and Python treat SIGCHLD and others themselves.
    expect_match "${lines[0]}" '800$'
    (((16#${lines[1]##*[[:space:]]} & 0x10200) == 0x200)) || (((16#${lines[1]##*[[:space:]]} & 0x10200) == 0x10200))
    (((16#${lines[1]##*[[:space:]]} & 0x1000) == 0)) || fail "SIGPIPE: ${lines[1]}"
    expect_equal "${lines[2]} ${lines[3]}" '100 200'
    stop serve
  done
}

@test "program: it leads a process group of its own" {
  serve_program sh -c 'ps -o pgid= -p $$; echo $$'
  run tcptool send 127.0.0.1 "$port" ''
  expect_equal "$((lines[0]))" "${lines[1]}"
}

@test "program: the environment is that of UCSPI" {
  export PROTO=X TCPREMOTEHOST=evil TCPREMOTEINFO=evil TCPLOCALHOST=evil IPCREMOTEPID=1
  export SSL_CIPHER=evil SSL_CLIENT_S_DN=evil SSL_CERT_DIR=/kept LISTEN_FDS=3 LISTEN_PID=1
  export NOTIFY_SOCKET=/nowhere OWN=kept
  for mode in "${MODES[@]}"; do
    serve_program "$mode" sh -c 'env | LC_ALL=C sort | grep -E "^(PROTO|TCP|IPC|SSL|LISTEN|NOTIFY|OWN)" | grep -v ^TCPTOOL'
    run tcptool send -b 127.0.0.1:0 127.0.0.1 "$port" ''
    expect_match "$output" "^OWN=kept
PROTO=TCP
SSL_CERT_DIR=/kept
(SSL_CERT_FILE=[^
]*
)?TCPLOCALIP=127.0.0.1
TCPLOCALPORT=$port
TCPREMOTEIP=127.0.0.1
TCPREMOTEPORT=[0-9]+\$"
    stop serve
  done
}

@test "program: IPv6 addresses are in the environment without brackets" {
  rm -f serve.port
  start serve "$TCPTOOL" serve -b '[::1]:0' --port-file serve.port sh -c 'echo $PROTO $TCPLOCALIP $TCPREMOTEIP'
  wait_for_port serve
  run tcptool send '[::1]' "$port" ''
  expect_equal "$output" 'TCP ::1 ::1'
}

@test "program: clients of a unix socket have their process in the environment" {
  for mode in "${MODES[@]}"; do
    start serve "$TCPTOOL" serve -b "unix:$PWD/socket" "$mode" sh -c 'echo $PROTO $IPCREMOTEPID $IPCREMOTEEUID; env | grep -c ^TCP[LR]; cat'
    wait_for contains serve.err listening
    port=$PWD/socket
    steps client send:hello end rest
    finish client
    expect_file client.out "IPC ${pids[client]} $EUID\n0\nhello"
    stop serve
  done
}

@test "program: with --accept-proxy it sees the real client" {
  serve_program --accept-proxy sh -c 'echo $TCPREMOTEIP $TCPREMOTEPORT $TCPLOCALIP $TCPLOCALPORT; cat'
  run peer client_steps "$port" $'send:PROXY TCP4 192.0.2.7 192.0.2.8 1000 2000\r\nhello' end rest
  expect_equal "$output" $'192.0.2.7 1000 192.0.2.8 2000\nhello'
}

@test "program: with --once its status is that of the server" {
  for mode in "${MODES[@]}"; do
    while read -r wanted command; do
      serve_program --once "$mode" sh -c "$command"
      tcptool send 127.0.0.1 "$port" hello >reply
      finish serve
      expect_status "$wanted"
    done <<'END'
0 true
0 cat
3 exit 3
143 kill -TERM $$
137 kill -KILL $$
129 kill -HUP $$
7 cat; exit 7
END
  done
}

@test "program: without --once its status is not that of the server" {
  serve_program -v sh -c 'exit 3'
  tcptool send 127.0.0.1 "$port" hello
  wait_for contains serve.err 'sh exited with status 3'
  stop serve
  expect_status 0
}

@test "program: one that cannot be started is a usage error before listening" {
  printf '#!/no/such/interpreter\n' >script
  printf 'echo hello\n' >text
  chmod +x script text
  : >plain
  for word in no-such-program ./no-such-program ./plain "$PWD" ./script ./text ''; do
    run --separate-stderr tcptool serve -b 127.0.0.1 -p 0 "$word"
    expect_status 2
    expect_one_error "$stderr"
    expect_match "$stderr" "cannot run \"$word\""
  done
}

@test "program: options end with it" {
  serve_program echo -v --nonsense -p
  run tcptool send 127.0.0.1 "$port" ''
  expect_equal "$output" '-v --nonsense -p'
  stop serve
  rm serve.port
  start serve "$TCPTOOL" serve 127.0.0.1:0 --port-file serve.port -- echo -n -v 8888
  wait_for_port serve
  run tcptool send 127.0.0.1 "$port" ''
  expect_equal "$output" '-v 8888'
}

@test "program: options that have no meaning beside it are usage errors" {
  for option in --reply=x --reply-file=x --echo --discard --label --raw --progress --no-sendall; do
    run --separate-stderr tcptool serve "$option" --once cat
    expect_status 2
    expect_match "$stderr" "${option%=*} and PROGRAM cannot be used together"
  done
}

@test "program: -e converts both directions" {
  serve_program -e gbk sh -c 'cat; echo 再见'
  run bash -c 'printf "你好\n" | iconv -t gbk | "$TCPTOOL" send 127.0.0.1 '"$port"' | iconv -f gbk'
  expect_equal "$output" $'你好\n再见'
}

@test "program: with --tls it reads and writes what is inside" {
  head -c 300000 /dev/urandom >data
  serve_program --tls sh -c 'cat; echo the end'
  local pin
  pin=$(grep -o 'sha256/[^ ]*' serve.err)
  tcptool send --tls --tls-pin "$pin" 127.0.0.1 "$port" <data >reply
  echo the end >>data
  cmp data reply
}

@test "program: a client that is idle for too long ends it" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" --once --idle-timeout 200ms sh -c 'echo $$ >pid; cat'
    steps client send:hello first rest
    finish client
    expect_match "$(<client.out)" '^hello'
    finish serve
    expect_status 124
    contains serve.err 'idle for 200ms (--idle-timeout)'
    dead "$(<pid)"
  done
}

@test "program: a client whose data moves is not idle" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" --idle-timeout 2s sh -c 'for i in 1 2 3 4 5; do echo $i; sleep 0.7; done'
    run tcptool send 127.0.0.1 "$port" ''
    expect_status 0
    expect_equal "$output" $'1\n2\n3\n4\n5'
    stop serve
  done
}

@test "program: clients of a unix socket have an idle limit, too" {
  start serve "$TCPTOOL" serve -b "unix:$PWD/socket" --once --idle-timeout 200ms cat
  wait_for contains serve.err listening
  port=$PWD/socket
  steps client send:hello first rest
  finish serve
  expect_status 124
}

@test "program: no zombie is left, not even of a process that has left its group" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" sh -c 'setsid sh -c "(sleep 0.1 &) ; echo \$\$ >left; exec sleep 0.2" >left.out 2>&1 </dev/null & sleep 0.05'
    tcptool send 127.0.0.1 "$port" ''
    wait_for has_content left
    wait_for dead "$(<left)"
    wait_for has_no_children
    stop serve
    rm left
  done
}

@test "program: as process 1 the server reaps what programs leave behind, and ends by SIGTERM" {
  (in_pid_namespace true) 2>/dev/null || skip "namespaces of processes are not permitted here"
  start space in_pid_namespace "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file serve.port \
    sh -c 'setsid sh -c "echo \$\$ >left; exec sleep 0.1" >left.out 2>&1 </dev/null & echo $PPID'
  wait_for has_content serve.port
  port=$(<serve.port)
  expect_equal "$(tcptool send 127.0.0.1 "$port" '')" 1
  wait_for has_content left
  pids[serve]=$(pgrep -P "${pids[space]}")
  wait_for has_no_children
  kill -TERM "${pids[serve]}"
  finish space
  expect_status 0
}

# in_pid_namespace COMMAND...: as process 1 there.
in_pid_namespace() {
  local user=()
  ((EUID == 0)) || user=(--map-root-user)
  exec unshare --pid --fork --kill-child "${user[@]}" -- "$@"
}

@test "program: a stopped server leaves no process of a program" {
  for mode in "${MODES[@]}"; do
    for trap in '' 'trap "" HUP;'; do
      serve_program "$mode" --drain 0 sh -c "$trap"'sleep 1000 & echo $! >child; echo $$ >pid; wait'
      steps client wait
      wait_for has_content pid
      stop serve
      expect_status 1
      contains serve.err '1 connection was closed before all of its data was delivered'
      dead "$(<pid)"
      dead "$(<child)"
      exec 7>&-
      rm pid child
    done
  done
}

@test "program: a server that is stopped waits for programs that end within --drain" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" sh -c 'echo begin; until test -e go; do sleep 0.01; done; echo end'
    steps client end first rest
    wait_for contains client.out begin
    kill -TERM "${pids[serve]}"
    wait_for contains serve.err stopping
    touch go
    finish serve
    expect_status 0
    finish client
    expect_file client.out 'begin\nend\n'
    rm go
  done
}

@test "program: when the server is killed, programs get SIGHUP" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" sh -c 'echo $$ >pid; exec sleep 1000'
    steps client wait
    wait_for has_content pid
    stop serve KILL
    wait_for dead "$(<pid)"
    exec 7>&-
    rm pid
  done
}

@test "program: a client that takes its reply slowly is not idle" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" --once --idle-timeout 2s \
      sh -c 'head -c 1000000 /dev/zero; until test -e go; do sleep 0.01; done'
    start client "$PYTHON" "$PEERS/client_slow_reader.py" "$port" 0.03
    wait_for has_bytes client.out 999000
    touch go
    finish serve
    expect_status 0
    finish client
    has_bytes client.out 1000000
    rm go
  done
}

@test "program: -v counts a reply that the client has not taken when the program ends" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" -v sh -c 'head -c 300000 /dev/zero; echo >ended'
    steps client wait rest
    wait_for has_content ended
    wait_for has_no_children
    exec 7>&-
    wait_for contains serve.err 'closed: 0 bytes in, 300000 bytes out'
    stop serve
    rm ended
  done
}

@test "program: -v counts what went through until a reset, and until a stop" {
  for mode in "${MODES[@]}"; do
    for end in reset stop; do
      serve_program "$mode" -v --drain 0 sh -c 'head -c 5; exec sleep 1000'
      steps client send:hello first wait reset
      wait_for contains client.out hello
      if [[ $end == reset ]]; then
        exec 7>&-
        wait_for contains serve.err closed
      fi
      stop serve
      exec 7>&-
      contains serve.err 'closed: 5 bytes in, 5 bytes out'
      expect_match "$(<serve.err)" 'took [0-9.]+ s, [1-9]'
    done
  done
}

@test "program: -v reports what went through the socket or the pipes" {
  for mode in "${MODES[@]}"; do
    serve_program "$mode" -v sh -c 'cat; echo bye'
    tcptool send 127.0.0.1 "$port" hello
    wait_for contains serve.err 'closed: 5 bytes in, 9 bytes out'
    stop serve
  done
  start serve "$TCPTOOL" serve -v -b "unix:$PWD/socket" sh -c 'cat; echo bye'
  wait_for contains serve.err listening
  tcptool send "unix:$PWD/socket" hello
  wait_for contains serve.err 'closed: 5 bytes in, 9 bytes out'
}

@test "a program that crashes is reported, one that its client has left is not" {
  start_serve sh -c 'echo part; kill -SEGV $$'
  expect_equal "$(tcptool send 127.0.0.1 "$port" hello)" part
  wait_for contains serve.err 'was killed by signal 11'
  expect_match "$(tail -n 1 serve.err)" \
    '^tcptool: 127\.0\.0\.1:[0-9]+: sh was killed by signal 11 \(Segmentation fault\)$'
  start_serve -n other yes
  tcptool send --until first 127.0.0.1 "$port" hello >out
  stop other
  not contains other.err 'killed by signal'
}

@test "--once: a program that has ended is not cut off by a client that stays" {
  mkfifo hold
  exec 7<>hold
  start_serve --once --drain 0 sh -c 'echo reply; exit 3'
  input=hold start client "$PYTHON" "$PEERS/client_steps.py" "$port" first wait
  wait_for has_content client.out
  stop serve
  expect_status 3
  not contains serve.err 'closed before'
}
