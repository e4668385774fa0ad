#!/usr/bin/env bats
# --log: one JSON object for each event, for programs to read.
load helpers/common

# The keys and types of the manual's table, "KEY TYPE" a line.
keys_of_manual() {
  sed -n '/^\.Sh THE LOG/,/^\.Sh /s/^\.It \([a-z_]*\) Ta \([a-z]*\) Ta.*/\1 \2/p' "$ROOT/man/tcptool.1"
}

events_of_manual() {
  sed -n '/^\.Sh THE LOG/,/^\.Sh /s/^\.It Cm \([a-z]*\)$/\1/p' "$ROOT/man/tcptool.1"
}

# check_log FILE: every line is one object with the keys and types of the manual, in its order.
check_log() {
  keys_of_manual >keys
  has_content keys
  "$PYTHON" - "$1" keys <<'END'
import datetime, json, sys
keys = dict(line.split() for line in open(sys.argv[2]))
types = {"string": str, "number": int}
data = open(sys.argv[1], "rb").read()
assert data.endswith(b"\n"), data[-200:]
for line in data.decode("utf-8").splitlines():
    event = json.loads(line)
    assert list(event) == list(keys), line
    for key, value in event.items():
        assert type(value) is types[keys[key]], (key, line)
    datetime.datetime.strptime(event["time"], "%Y-%m-%dT%H:%M:%S.%fZ")
END
}

# field FILE EVENT KEY: the values, a line each.
field() {
  "$PYTHON" -c 'import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    event = json.loads(line)
    if event["event"] == sys.argv[2]:
        print(event[sys.argv[3]])' "$@"
}

has_events() {
  [[ $(field "$1" "$2" event | wc -l) -ge $3 ]]
}

# A client that stays, and sends nothing.
hold_client() {
  mkfifo held
  exec 7<>held
  input=held start idle "$PYTHON" -u "$PEERS/client_idle.py" "$port"
  wait_for has_content idle.out
}

@test "every kind of event has the keys and types of the manual's table" {
  start_serve --discard --log all.log --idle-timeout 200ms --deny 127.0.0.2
  tcptool send 127.0.0.1 "$port" 12345
  not tcptool send -b 127.0.0.2 127.0.0.1 "$port" x
  hold_client
  wait_for has_events all.log dropped 1
  stop serve
  not tcptool send --log all.log 127.0.0.1 "$(closed_port)" x
  check_log all.log
  events_of_manual | sort >known
  has_content known
  field all.log listening event >found
  for event in connected refused closed dropped failed; do field all.log "$event" event >>found; done
  sort -u found | diff known -
}

@test "a closed connection is logged with its counts, and without a reason" {
  start_serve --echo --once --log it.log
  tcptool send 127.0.0.1 "$port" 12345
  finish serve
  expect_status 0
  check_log it.log
  expect_equal "$(field it.log closed bytes_in) $(field it.log closed bytes_out)" '5 5'
  expect_equal "$(field it.log closed reason)" ''
  expect_equal "$(field it.log closed status)" 0
  expect_equal "$(field it.log closed peer)" "$(field it.log connected peer)"
  expect_equal "$(field it.log listening peer)" "127.0.0.1:$port"
}

@test "a reset is logged as closed, with its reason and status 1, once" {
  start_serve --once --log it.log
  peer client_reset "$port" hello </dev/null
  finish serve
  expect_status 1
  check_log it.log
  expect_equal "$(field it.log closed status)" 1
  expect_match "$(field it.log closed reason)" 'Connection reset by peer'
  expect_equal "$(field it.log failed event)" ''
  expect_equal "$(grep -c 'reset by peer' serve.err)" 1
}

@test "a refused client is logged neither as connected nor as closed" {
  start_serve --echo --log it.log --deny 127.0.0.1
  not tcptool send 127.0.0.1 "$port" x
  wait_for has_events it.log refused 1
  stop serve
  check_log it.log
  expect_equal "$(field it.log connected event)$(field it.log closed event)" ''
  expect_equal "$(field it.log refused status)" 0
}

@test "a client cut off when the server stops is logged as dropped" {
  start_serve --discard --drain 0 --log it.log
  hold_client
  wait_for has_events it.log connected 1
  stop serve
  check_log it.log
  expect_equal "$(field it.log dropped event)" dropped
  expect_equal "$(field it.log closed event)" ''
}

@test "--log - prints the log on standard error, also with -q" {
  start_serve --echo --once -q --log -
  tcptool send 127.0.0.1 "$port" hello >/dev/null
  finish serve
  check_log serve.err
  expect_equal "$(field serve.err closed bytes_in)" 5
}

@test "send and chat log their connection, and a failure to connect" {
  start_serve --reply hello --once
  tcptool send --log it.log 127.0.0.1 "$port" hi >/dev/null
  finish serve
  check_log it.log
  expect_equal "$(field it.log connected peer)" "127.0.0.1:$port"
  expect_equal "$(field it.log closed bytes_in) $(field it.log closed bytes_out)" '5 2'
  run -1 tcptool chat --log it.log 127.0.0.1 "$(closed_port)"
  check_log it.log
  expect_match "$(field it.log failed reason)" 'Connection refused'
  expect_equal "$(field it.log failed status)" 1
}

@test "a file that was moved away is opened again at SIGHUP, and no line is lost" {
  start_serve --echo --log it.log
  local i
  for i in 1 2 3 4; do
    tcptool send 127.0.0.1 "$port" x >/dev/null
    wait_for has_events it.log closed 1
    mv it.log "it.log.$i"
    kill -HUP "${pids[serve]}"
    wait_for test -e it.log
  done
  stop serve
  cat it.log.? it.log >all.log
  check_log all.log
  expect_equal "$(field all.log connected event | wc -l)" 4
  expect_equal "$(field all.log closed event | wc -l)" 4
  expect_equal "$(cat serve.err)" "tcptool: listening on 127.0.0.1:$port"
}

@test "when the file cannot be opened again, the old one is kept" {
  mkdir logs
  start_serve --echo --log logs/it.log
  mv logs old
  kill -HUP "${pids[serve]}"
  wait_for contains serve.err 'cannot open logs/it.log: No such file or directory'
  tcptool send 127.0.0.1 "$port" x >/dev/null
  wait_for has_events old/it.log closed 1
  stop serve
  check_log old/it.log
}

# rotate: moves the log away while clients come, as logrotate does.
rotate() {
  local i
  for ((i = 0; i < 20; i++)); do
    wait_for has_content it.log
    mv it.log "it.log.$i"
    kill -HUP "${pids[serve]}"
    wait_for test -e it.log
  done
}

@test "no line is lost or split when the log is moved away under load" {
  start_serve --echo --log it.log
  start many bash -c 'for ((i = 0; i < 200; i++)); do "$0" send 127.0.0.1 "$1" x || exit; done' \
    "$TCPTOOL" "$port"
  rotate
  finish many
  expect_status 0
  stop serve
  cat it.log.* it.log >all.log
  check_log all.log
  expect_equal "$(field all.log connected event | wc -l)" 200
  expect_equal "$(field all.log closed event | wc -l)" 200
}

@test "SIGHUP opens the log again, and reads access rules again" {
  echo 127.0.0.1 >rules
  start_serve --echo --log it.log --deny @rules
  not tcptool send 127.0.0.1 "$port" x
  mv it.log old.log
  : >rules
  kill -HUP "${pids[serve]}"
  wait_for test -e it.log
  expect_equal "$(tcptool send 127.0.0.1 "$port" x)" x
  stop serve
  check_log old.log
  check_log it.log
  expect_equal "$(field old.log refused event)" refused
  expect_equal "$(field it.log closed event)" closed
}

@test "SIGHUP ends a server that has no file to open again" {
  start_serve --echo --log -
  stop serve HUP
  expect_status 129
}

@test "a full disk is reported once, clients are served, and the status is 1" {
  start_serve --echo --log /dev/full
  expect_equal "$(tcptool send 127.0.0.1 "$port" one)" one
  expect_equal "$(tcptool send 127.0.0.1 "$port" two)" two
  stop serve
  expect_status 1
  expect_equal "$(grep -c 'error writing /dev/full: No space left on device' serve.err)" 1
  expect_match "$(tail -n 1 serve.err)" 'error writing /dev/full: [0-9]+ lines were lost$'
}

@test "a disk that has room again gets every line, and none is split" {
  need_namespace
  in_namespace bash -s >out 2>&1 <<END || fail "$(cat out)"
    set -e
    ip link set lo up
    mkdir disk
    mount -t tmpfs -o size=16k none disk
    head -c 1M /dev/zero >disk/filler 2>/dev/null || true
    "$TCPTOOL" serve -b 127.0.0.1 -p 0 --port-file port --echo --log disk/it.log 2>err &
    server=\$!
    until [[ -s port ]]; do sleep 0.01; done
    "$TCPTOOL" send 127.0.0.1 \$(cat port) x >reply
    [[ \$(cat reply) == x ]]
    rm disk/filler
    "$TCPTOOL" send 127.0.0.1 \$(cat port) x >reply
    kill \$server
    wait \$server
    cp disk/it.log it.log
END
  check_log it.log
  expect_equal "$(field it.log closed event | wc -l)" 2
  expect_equal "$(grep -c 'No space left' err)" 1
}

@test "a log that cannot be opened is a failure before the server listens" {
  run -1 --separate-stderr tcptool serve -b 127.0.0.1 -p 0 --log no/such/dir
  expect_equal "$stderr" 'tcptool: cannot open no/such/dir: No such file or directory'
}

@test "workers share a log, and no line is split" {
  start_serve --echo --workers 4 --log it.log
  local i
  for i in {1..40}; do
    start "client$i" "$TCPTOOL" send 127.0.0.1 "$port" x
  done
  for i in {1..40}; do
    finish "client$i"
  done
  stop serve
  check_log it.log
  expect_equal "$(field it.log closed event | wc -l)" 40
}

@test "what is strange in a path is valid JSON" {
  local path=$'a"b\\c\xff\x01é'
  start_serve -n odd -b "unix:$path" --discard --once --log it.log
  tcptool send "unix:$path" x
  finish odd
  check_log it.log
  expect_match "$(field it.log listening peer | cat -v)" 'unix:a"b'
}

@test "the counts are right of a program that has the socket, and of one that has pipes" {
  local options name
  for options in '' '-e utf-8'; do
    name=it$((${#options} > 0))
    # shellcheck disable=SC2086 # two words
    start_serve -n "$name" --once --log "$name.log" $options sh -c 'read -r line; echo "got $line"; cat >/dev/null'
    head -c 70000 /dev/zero | tr '\0' '\n' | tcptool send 127.0.0.1 "$port"
    finish "$name"
    expect_status 0
    check_log "$name.log"
    expect_equal "$(field "$name.log" closed bytes_in) $(field "$name.log" closed bytes_out)" \
      '70000 5'
    expect_equal "$(field "$name.log" closed reason)" ''
  done
}

@test "a program whose client is reset is logged as closed, with what it has read" {
  mkfifo held
  exec 7<>held
  start_serve --once --log it.log sh -c 'read -r line; echo read >was-read; read -r more'
  input=held start client "$PYTHON" -u "$PEERS/client_reset.py" "$port" $'hello\n'
  wait_for has_content was-read
  exec 7>&-
  finish serve
  check_log it.log
  expect_equal "$(field it.log closed bytes_in) $(field it.log closed bytes_out)" '6 0'
  expect_equal "$(field it.log closed status)" 1
  expect_equal "$(field it.log dropped event)" ''
}

@test "a program whose client is idle for too long, or that is stopped, is logged as dropped" {
  start_serve --once --log it.log --drain 0 --idle-timeout 100ms cat
  hold_client
  finish serve
  check_log it.log
  expect_equal "$(field it.log dropped status)" 124
  expect_equal "$(field it.log closed event)" ''
  start_serve -n stopped --log stopped.log --drain 0 sh -c 'echo started >started; cat'
  input=held start idle "$PYTHON" -u "$PEERS/client_idle.py" "$port"
  wait_for has_content started
  stop stopped
  check_log stopped.log
  expect_equal "$(field stopped.log dropped event)" dropped
}

@test "--log - on a standard error that is full serves, and fails" {
  start full bash -c 'exec "$0" serve -b 127.0.0.1 -p 0 --port-file full.port --echo --log - 2>/dev/full' \
    "$TCPTOOL"
  wait_for_port full
  expect_equal "$(tcptool send 127.0.0.1 "$port" one)" one
  stop full
  expect_status 1
}
