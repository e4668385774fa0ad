#!/usr/bin/env bats
# What the program does to the descriptors that it is started with, and with its own.
load helpers/common

@test "send leaves inherited pipes, terminals and sockets blocking" {
  start_serve --echo
  for kind in pipe pty socket; do
    run peer inherited "$kind" "$TCPTOOL" send 127.0.0.1 "$port"
    expect_equal "$output" 'blocking 0' || fail "as $kind"
  done
}

@test "send with a message leaves inherited pipes, terminals and sockets blocking" {
  start_serve --echo
  for kind in pipe pty socket; do
    run peer inherited "$kind" "$TCPTOOL" send 127.0.0.1 "$port" hello
    expect_equal "$output" 'blocking 0' || fail "as $kind"
  done
}

@test "serve leaves inherited pipes, terminals and sockets blocking" {
  for kind in pipe pty socket; do
    start shared "$PYTHON" "$PEERS/inherited.py" "$kind" \
      "$TCPTOOL" serve --once -b 127.0.0.1 -p 0 --port-file "$kind.port"
    wait_for has_content "$kind.port"
    tcptool send 127.0.0.1 "$(cat "$kind.port")" hello >answer
    finish shared
    expect_file shared.out 'blocking 0\n'
  done
}

@test "serve and send killed while they run leave inherited pipes blocking" {
  for kind in pipe pty socket; do
    start shared "$PYTHON" "$PEERS/inherited.py" "$kind" timeout -s KILL 0.5 \
      "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file "$kind.port"
    finish shared
    expect_file shared.out 'blocking -9\n' || expect_file shared.out 'blocking 137\n'
  done
}

# Runs a command with nothing open but 0 to 2: the tests' own surroundings leak.
with_nothing_open() {
  # shellcheck disable=SC2016 # for the shell inside
  exec bash -c 'for fd in /proc/$$/fd/*; do
      fd=${fd##*/}
      ((fd <= 2)) || eval "exec $fd>&-"
    done
    exec "$@"' bash "$@"
}

# Prints the descriptors above 2 of a process that a child of it would inherit.
inheritable() {
  local info flags
  for info in "/proc/$1/fdinfo"/*; do
    [[ ${info##*/} -gt 2 ]] || continue
    flags=$(awk '$1 == "flags:" {print $2}' "$info" 2>/dev/null) || continue
    [[ $flags ]] && (((8#$flags & 8#2000000) == 0)) &&
      echo "${info##*/}: $(readlink "/proc/$1/fd/${info##*/}")"
  done
  return 0
}

@test "serve opens nothing that a child could inherit" {
  printf page >page
  start serve with_nothing_open \
    "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file serve.port --reply-file page
  wait_for_port serve
  mkfifo hold
  exec 7<>hold
  input=hold start client with_nothing_open "$TCPTOOL" send 127.0.0.1 "$port"
  wait_for contains client.out page
  expect_equal "$(inheritable "${pids[serve]}")" ''
  expect_equal "$(inheritable "${pids[client]}")" ''
  exec 7>&-
}

@test "send opens nothing that a child could inherit" {
  start_peer server server_silent
  printf hello >file
  start client with_nothing_open "$TCPTOOL" send -f file 127.0.0.1 "$port"
  wait_for contains server.out hello
  expect_equal "$(inheritable "${pids[client]}")" ''
}

@test "serve closes the descriptors of clients that have left" {
  start_serve --echo
  before=$(find "/proc/${pids[serve]}/fd" | wc -l)
  peer clients_many "$port" 50
  wait_for has_descriptors "$before"
}

has_descriptors() {
  [[ $(find "/proc/${pids[serve]}/fd" | wc -l) == "$1" ]]
}

@test "serve works with standard input closed" {
  start serve bash -c 'exec "$@" <&-' bash "$TCPTOOL" serve --once -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for_port serve
  tcptool send 127.0.0.1 "$port" hello >answer
  finish serve
  expect_status 0
  expect_file serve.out hello
  expect_file answer ''
}

@test "serve --echo works with 0, 1 and 2 closed" {
  start serve bash -c 'exec "$@" <&- >&- 2>&-' bash \
    "$TCPTOOL" serve --once --echo -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for_port serve
  run tcptool send 127.0.0.1 "$port" hello
  expect_equal "$output" hello
  finish serve
  expect_status 0
}

@test "serve with standard output closed fails with 1, and gives nothing to a client" {
  start serve bash -c 'exec "$@" >&-' bash "$TCPTOOL" serve --once -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for has_port_or_is_gone serve
  if [[ -s serve.port ]]; then
    run --separate-stderr tcptool send 127.0.0.1 "$(cat serve.port)" hello
    expect_equal "$output" ''
  fi
  finish serve
  expect_status 1
  expect_match "$(tail -n 1 serve.err)" 'standard output: Bad file descriptor'
}

@test "with standard error closed, no message lands in another file" {
  start serve bash -c 'exec "$@" 2>&-' bash \
    "$TCPTOOL" serve --once -v -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for_port serve
  run bash -c '"$TCPTOOL" send -v 127.0.0.1 "$1" hello 2>&-' bash "$port"
  expect_status 0
  expect_equal "$output" ''
  finish serve
  expect_file serve.out hello
}

@test "send with 0 to 2 closed sends its message" {
  start_serve
  run bash -c '"$TCPTOOL" send --until none 127.0.0.1 "$1" hello <&- >&- 2>&-' bash "$port"
  expect_status 0
  wait_for contains serve.out hello
}

@test "send from a terminal in the background, where it may not read, does not stop" {
  start_serve
  # As "tcptool send … &" at a shell's prompt: another group has the terminal.
  run on_terminal -- bash -m -c '"$TCPTOOL" send 127.0.0.1 "$1" & wait $!; echo "status $?"' bash "$port"
  # It gets an end of input instead.
  expect_match "$output" 'status 0$'
  [[ $output != *Stopped* ]]
}

@test "a descriptor that is open for both, as nc is given by inetd, works as input and output" {
  start_serve --echo
  run "$PYTHON" - "$TCPTOOL" "$port" <<'PYTHON'
import socket, subprocess, sys
ours, its = socket.socketpair()
child = subprocess.Popen([sys.argv[1], "send", "127.0.0.1", sys.argv[2]], stdin=its, stdout=its)
its.close()
ours.sendall(b"there and back")
ours.shutdown(socket.SHUT_WR)
print(ours.makefile().read())
child.wait()
PYTHON
  expect_equal "$output" 'there and back'
}

@test "output to the controlling side of a terminal reaches that terminal" {
  start serve "$PYTHON" "$PEERS/master_output.py" \
    "$TCPTOOL" serve -1 --raw -b 127.0.0.1 -p 0 --port-file serve.port
  wait_for_port serve
  tcptool send --eol lf 127.0.0.1 "$port" hello
  finish serve
  expect_equal "$status" 0
  expect_equal "$(<serve.out)" hello
}

@test "output appended to a file is appended" {
  printf 'before ' >log
  start_serve --reply answer
  tcptool send 127.0.0.1 "$port" hello >>log
  expect_file log 'before answer'
}

@test "output into a file goes on where it stands" {
  start_serve --reply answer
  bash -c '{ printf "before "; "$TCPTOOL" send 127.0.0.1 "$1" hello; printf " after"; } >log' bash "$port"
  expect_file log 'before answer after'
}
