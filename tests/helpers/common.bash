# What all suites share. Every test runs in a directory of its own; what it starts in
# the background is recorded, and killed when it ends. Nothing sleeps for luck: a
# test waits for a condition, for at most $LIMIT seconds.
# shellcheck shell=bash
bats_require_minimum_version 1.5.0

ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
export ROOT PEERS=$ROOT/tests/peers
export TCPTOOL=${TCPTOOL:-$ROOT/tcptool} PYTHON=${PYTHON:-python3}
LIMIT=30

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  # Away from standard error, which tests look at; teardown looks here.
  export ASAN_OPTIONS=log_path=$PWD/sanitizer.log UBSAN_OPTIONS=log_path=$PWD/sanitizer.log
  # The same terminal for everybody, also where there is none.
  export TERM=xterm
  declare -gA pids=()
  mkdir pids
}

teardown() {
  local pid
  for pid in pids/*; do
    kill -KILL "${pid#*/}" 2>/dev/null || true
  done
  wait 2>/dev/null || true
  # A program that is killed while it looks for leaks leaves a note, which is no report.
  if grep -qsE 'ERROR: |runtime error: ' sanitizer.log*; then
    cat sanitizer.log*
    return 1
  fi
}

fail() {
  printf '%s\n' "$@"
  return 1
}

# not COMMAND...: a "!" before a command would not fail a test.
not() {
  if "$@"; then
    fail "succeeded: $*"
  fi
}

# Runs the program in the foreground; a test that hangs ends by the time limit.
tcptool() {
  timeout --foreground -k 5 "$LIMIT" "$TCPTOOL" "$@"
}

peer() {
  local name=$1
  shift
  timeout --foreground -k 5 "$LIMIT" "$PYTHON" "$PEERS/$name.py" "$@"
}

# Repeats a command until it succeeds.
wait_for() {
  local end=$((SECONDS + LIMIT))
  until "$@"; do
    ((SECONDS < end)) || fail "waited in vain for: $*"
    sleep 0.01
  done
}

has_content() {
  [[ -s $1 ]]
}

# contains FILE TEXT
contains() {
  grep -qsF -e "$2" "$1"
}

has_bytes() {
  [[ -e $1 && $(stat -c %s "$1") -ge $2 ]]
}

# start NAME COMMAND...: in the background. Its output goes to NAME.out, or the file
# $into, and NAME.err; its input is the file $input, or empty. Descriptor 7 is closed
# in it: tests keep their end of a pipe open there.
start() {
  local name=$1
  shift
  "$@" <"${input:-/dev/null}" >"${into:-$name.out}" 2>"$name.err" 3>&- 4>&- 7>&- &
  pids[$name]=$!
  touch "pids/$!"
}

# start_command COMMAND [-n NAME] [ARGUMENTS...]: a COMMAND that listens on the loopback; $port is
# where. The NAME is that of the command unless it is given.
start_command() {
  local command=$1 name=$1
  shift
  if [[ ${1-} == -n ]]; then
    name=$2
    shift 2
  fi
  start "$name" "$TCPTOOL" "$command" -b 127.0.0.1 -p 0 --port-file "$name.port" "$@"
  wait_for_port "$name"
}

start_serve() {
  start_command serve "$@"
}

start_relay() {
  start_command relay "$@"
}

# start_peer NAME PEER [ARGUMENTS...]: a listening script of tests/peers; $port is
# where it listens.
start_peer() {
  local name=$1 script=$2
  shift 2
  start "$name" "$PYTHON" -u "$PEERS/$script.py" "$name.port" "$@"
  wait_for_port "$name"
}

# Sets $port to what NAME wrote into NAME.port.
wait_for_port() {
  wait_for has_port_or_is_gone "$1"
  if [[ ! -s $1.port ]]; then
    fail "$1 ended before it listened:" "$(cat "$1.err")"
  fi
  # shellcheck disable=SC2034 # the tests use it
  port=$(head -n 1 "$1.port")
}

has_port_or_is_gone() {
  [[ -s $1.port ]] || is_gone "$1"
}

# start_listener NAME COMMAND...: a foreign program that was told to listen on port 0;
# $port is what it got.
start_listener() {
  start "$@"
  wait_for find_port "$1"
}

find_port() {
  local line
  line=$(ss -ltnpH | grep -F "pid=${pids[$1]},") || return 1
  [[ $line =~ :([0-9]+)[[:space:]] ]] && port=${BASH_REMATCH[1]}
}

is_gone() {
  ! kill -0 "${pids[$1]}" 2>/dev/null
}

# Waits until NAME has ended, and sets $status.
finish() {
  wait_for is_gone "$1"
  status=0
  wait "${pids[$1]}" || status=$?
  rm -f "pids/${pids[$1]}"
}

# stop NAME [SIGNAL]: ends it, and sets $status.
stop() {
  kill "-${2:-TERM}" "${pids[$1]}"
  finish "$1"
}

expect_equal() {
  [[ $1 == "$2" ]] || fail "is:     $(printf %q "$1")" "wanted: $(printf %q "$2")"
}

expect_status() {
  [[ $status == "$1" ]] ||
    fail "ended with status $status instead of $1" "${output-}" "${stderr-}" "$(cat -- *.err 2>/dev/null)"
}

# expect_match TEXT REGEX
expect_match() {
  [[ $1 =~ $2 ]] || fail "is:           $(printf %q "$1")" "wanted match: $2"
}

# expect_file FILE TEXT: exactly this; TEXT as for printf %b.
expect_file() {
  printf %b "$2" | cmp - "$1" || fail "$1 is:" "$(od -c "$1" | head -20)" "wanted: $2"
}

# One line on standard error, in the form of an error.
expect_one_error() {
  expect_match "$1" '^tcptool: [^'$'\n'']+$'
}

# closed_port: a port of 127.0.0.1 that nobody listens on. A socket that only holds it keeps
# it from all that ask for any port; who asks for this one may still have it.
closed_port() {
  local name=closed$BASHPID
  start "$name" "$PYTHON" -uc 'import signal, socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])
signal.pause()'
  wait_for has_content "$name.out"
  cat "$name.out"
}

# How a person's terminal shows it: see tests/peers/pty_run.py.
on_terminal() {
  timeout --foreground -k 5 "$LIMIT" "$PYTHON" "$PEERS/pty_run.py" "$@"
}

# Gives a namespace of network and mounts to a command, as root in it.
in_namespace() {
  local user=()
  ((EUID == 0)) || user=(--map-root-user)
  unshare --net --mount "${user[@]}" -- "$@"
}

need_namespace() {
  in_namespace true 2>/dev/null || skip "network namespaces are not permitted here"
}
