#!/usr/bin/env bats
# serve PROGRAM behind TLS: pipes, which a program cannot tell from the socket.
load helpers/common
load helpers/certificates

setup_file() {
  make_certificates
  (
    cd "$CERTS" || return 1
    sign $'a "quoted", name\nSSL_CIPHER=evil' our-ca 'extendedKeyUsage=clientAuth'
    mv a*name*.pem strange.pem
  ) >/dev/null 2>&1
}

# start_tls [OPTIONS...] PROGRAM [ARGUMENTS...]
start_tls() {
  start_serve --tls --tls-cert "$CERTS/server.pem" "$@"
}

# secure [ARGUMENTS...]: a client that trusts our authority.
secure() {
  tcptool send --tls --tls-ca "$CERTS/our-ca.crt" "$@"
}

# steps NAME STEP...: a client in the background that waits until descriptor 7 is closed.
steps() {
  local name=$1
  shift
  mkfifo hold
  exec 7<>hold
  input=hold start "$name" "$PYTHON" "$PEERS/client_steps.py" "tls:$port" "$@"
}

dead() {
  [[ $(ps -o stat= -p "$1") != [!Z]* ]]
}

has_no_children() {
  [[ -z $(ps -o pid= --ppid "${pids[serve]}") ]]
}

# Without those of OpenSSL, which the tests may have been started with.
variables='env | grep -a "^SSL_" | grep -av "^SSL_CERT_" | LC_ALL=C sort'

@test "program with --tls: version, cipher, server name and subject are in the environment" {
  export SSL_PROTOCOL=evil SSL_CLIENT_S_DN=evil SSL_TLS_SNI_SERVERNAME=evil
  start_tls --tls-ca "$CERTS/our-ca.crt" sh -c "$variables"
  run secure --tls-cert "$CERTS/client.pem" localhost "$port" ''
  expect_match "$output" '^SSL_CIPHER=TLS_[A-Z0-9_]+
SSL_CLIENT_S_DN=CN=client
SSL_PROTOCOL=TLSv1.3
SSL_TLS_SNI_SERVERNAME=localhost$'
  run peer tls_peer "$port" connect --max 1.2 --cert "$CERTS/client.pem" </dev/null
  expect_match "$output" '^SSL_CIPHER=ECDHE-[A-Z0-9-]+
SSL_CLIENT_S_DN=CN=client
SSL_PROTOCOL=TLSv1.2
ended'
}

@test "program with --tls: a subject has one line, in which only letters are as they were" {
  start_tls --tls-ca "$CERTS/our-ca.crt" sh -c "$variables"
  run secure --tls-cert "$CERTS/strange.pem" localhost "$port" ''
  [[ $output == *$'\nSSL_CLIENT_S_DN=CN=a \\"quoted\\"\\, name\\0ASSL_CIPHER=evil\nSSL_PROTOCOL='* ]] ||
    fail "$output"
}

@test "program with --tls: a subject that no authority has signed is not in the environment" {
  for trust in "--tls-pin=$(pin_of client)" --tls-min=1.3; do
    rm -f serve.port
    start_tls "$trust" sh -c "$variables"
    run -0 secure --tls-cert "$CERTS/client.pem" localhost "$port" ''
    [[ $output == *SSL_PROTOCOL=TLSv1.3* && $output != *SSL_CLIENT* ]] || fail "$output"
    stop serve
  done
}

@test "program with --tls: a server name that is none is not in the environment" {
  start_tls sh -c "$variables"
  run timeout 30 openssl s_client -quiet -servername '() { :; }; echo' -connect "127.0.0.1:$port" </dev/null
  [[ $output == *SSL_PROTOCOL=* && $output != *SERVERNAME* ]] || fail "$output"
}

@test "program with --tls: the environment of a client without TLS has none of it" {
  export SSL_PROTOCOL=evil
  start_serve sh -c "$variables"
  run tcptool send 127.0.0.1 "$port" ''
  expect_equal "$output" ''
}

@test "program with --tls: descriptors are 0, 1 and 2, which block" {
  start_tls sh -c 'ls -m /proc/$$/fd; cd /proc/$$/fdinfo; cat 0 1 2 | sed -n s/^flags:.//p'
  run secure localhost "$port" ''
  expect_equal "${lines[0]}" '0, 1, 2'
  for flags in "${lines[@]:1:3}"; do
    (((8#$flags & 8#4000) == 0)) || fail "$flags"
  done
}

@test "program with --tls: one that exits early still has its reply delivered" {
  start_tls sh -c 'echo the reply'
  head -c 5000000 /dev/zero >data
  run -0 secure -f data localhost "$port"
  expect_equal "$output" 'the reply'
}

@test "program with --tls: a late reply is delivered" {
  start_tls sh -c 'cat; until test -e go; do sleep 0.01; done; echo late'
  start client "$TCPTOOL" send --tls --tls-ca "$CERTS/our-ca.crt" localhost "$port" early-
  wait_for contains client.out early-
  touch go
  finish client
  expect_status 0
  expect_file client.out 'early-late\n'
}

@test "program with --tls: one that closes only its output half-closes the client, and reads on" {
  start_tls sh -c 'echo hello; exec >&-; cat >got'
  mkfifo typed
  exec 7<>typed
  input=typed start client "$PYTHON" "$PEERS/tls_peer.py" "$port" connect
  wait_for contains client.err 'ended by close_notify'
  echo more >&7
  exec 7>&-
  finish client
  expect_file client.out 'hello\n'
  wait_for contains got more
  wait_for has_no_children
}

@test "program with --tls: what a child writes after its parent has ended is delivered" {
  start_tls sh -c '(until test -e go; do sleep 0.01; done; echo late) & echo soon'
  start client "$TCPTOOL" send --tls --tls-ca "$CERTS/our-ca.crt" localhost "$port" x
  wait_for contains client.out soon
  touch go
  finish client
  expect_file client.out 'soon\nlate\n'
}

@test "program with --tls: all processes of the group get SIGHUP when the client is reset" {
  start_tls sh -c 'sleep 1000 & echo $! >child; echo $$ >pid; wait'
  steps client wait reset
  wait_for has_content pid
  exec 7>&-
  wait_for dead "$(<pid)"
  wait_for dead "$(<child)"
  wait_for has_no_children
}

@test "program with --tls: a flood is slowed down by the client, and ends with it" {
  start_tls sh -c 'echo $$ >pid; exec yes'
  steps client first wait reset
  wait_for has_bytes client.out 1000
  not dead "$(<pid)"
  exec 7>&-
  wait_for dead "$(<pid)"
  wait_for has_no_children
}

@test "program with --tls: a client that was cut off has its reply, and a line" {
  start_tls --once sh -c 'cat; echo bye'
  run -0 peer tls_peer "$port" connect --end bare <<<hello
  expect_equal "${lines[0]} ${lines[1]}" 'hello bye'
  finish serve
  contains serve.err 'without a TLS close_notify'
  expect_status 1
}

@test "program with --tls: one that has closed its output reads all of a client that was cut off" {
  start_tls --once sh -c 'exec >closed; sleep 0.3; cat >got; exit 4'
  "$PYTHON" - "$port" <<'END'
import socket, ssl, sys
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
s = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))))
s.sendall(b"hello")
socket.socket.shutdown(s, socket.SHUT_WR)
while s.recv(100):
    pass
END
  finish serve
  expect_file got hello
  expect_match "$(cat serve.err)" 'close_notify'
}

@test "program with --tls: with --once its status is that of the server" {
  while read -r wanted command; do
    rm -f serve.port
    start_tls --once sh -c "$command"
    secure localhost "$port" hello >reply
    finish serve
    expect_status "$wanted"
  done <<'EOT'
0 cat
3 cat; exit 3
143 cat; kill -TERM $$
EOT
}

@test "program with --tls: a client that is idle for too long ends it" {
  start_tls --once --idle-timeout 200ms sh -c 'echo $$ >pid; exec cat'
  steps client send:hello first wait
  finish serve
  expect_status 124
  dead "$(<pid)"
}

@test "program with --tls: no process is left when the server stops, or is killed" {
  for signal in TERM KILL; do
    rm -f serve.port pid hold
    start_tls --drain 0 sh -c 'echo $$ >pid; exec sleep 1000'
    steps client wait
    wait_for has_content pid
    stop serve "$signal"
    wait_for dead "$(<pid)"
    exec 7>&-
  done
}
