#!/usr/bin/env bats
# A room for many, on real sockets; its logic without them is tested by tests/unit.
load helpers/common

# start_room [OPTIONS...]: a room without a console.
start_room() {
  start room "$TCPTOOL" chat --listen --room -b 127.0.0.1 -p 0 --port-file room.port "$@"
  wait_for_port room
}

# join NAME [COMMAND...]: a member with the fifo NAME.say as its input; nc unless
# COMMAND says otherwise.
join() {
  local name=$1
  shift
  mkfifo "$name.say"
  exec {said}<>"$name.say"
  fds[$name]=$said
  input=$name.say start "$name" "${@:-nc.openbsd}" 127.0.0.1 "$port"
  wait_for contains "$name.out" 'welcome'
}

say() {
  printf '%s\n' "$2" >&"${fds[$1]}"
}

setup_file() {
  bats_require_minimum_version 1.5.0
}

@test "room: the greeting says what to type, and a line goes to all others" {
  declare -gA fds=()
  start_room
  join one
  join two ncat
  contains one.out '/nick NAME'
  say one 'hello from nc'
  wait_for contains two.out 'guest1: hello from nc'
  say two 'hello from ncat'
  wait_for contains one.out 'guest2: hello from ncat'
  not contains one.out guest1:
  wait_for contains room.out 'guest2: hello from ncat'
}

@test "room: names, renames, leaves and guest numbers" {
  declare -gA fds=()
  start_room
  join one
  join two
  say one '/nick Alice'
  wait_for contains two.out 'guest1 is now Alice'
  say two '/nick alice'
  wait_for contains two.out 'alice'
  say two "$(printf '/nick a\u00a0b')"
  say two '/nick 小明'
  wait_for contains one.out 'guest2 is now 小明'
  say two '/who'
  wait_for contains two.out 'Alice, 小明'
  say two '/quit'
  wait_for contains one.out '小明 left'
  join three
  contains three.out guest3
}

@test "room: an unknown command gets a reply, to its sender only" {
  declare -gA fds=()
  start_room
  join one
  join two
  say one '/dance'
  wait_for contains one.out dance
  say one '/me dances'
  wait_for contains two.out '* guest1 dances'
  not contains two.out '/dance'
}

@test "room: no member is shown another's address" {
  declare -gA fds=()
  start_room
  join one
  join two
  say one '/who'
  wait_for contains one.out guest2
  not grep -q '127\.0\.0\.1' one.out two.out
}

@test "room: the console takes part, and tcptool chat brings its name" {
  declare -gA fds=()
  mkfifo console
  exec 7<>console
  input=console start_room
  mkfifo ann
  exec 8<>ann
  input=ann start ann "$TCPTOOL" chat --name Ann 127.0.0.1 "$port"
  wait_for contains room.out 'guest1 is now Ann'
  echo '大家好' >&7
  wait_for contains ann.out 'host: 大家好'
  echo 'hello host' >&8
  wait_for contains room.out 'Ann: hello host'
  echo bye >&8
  finish ann
  expect_equal "$status" 0
  wait_for contains room.out 'Ann left'
}

@test "room: continues without a console, and exits with 0 on SIGTERM, after notifying the members" {
  declare -gA fds=()
  start_room
  join one
  stop room
  expect_equal "$status" 0
  wait_for contains one.out 'the room closes'
}

@test "room --once: closes when its guest has left, and ends with 0" {
  mkfifo say
  exec 7<>say
  input=say start room "$TCPTOOL" chat --listen --room --once -b 127.0.0.1 -p 0 --port-file room.port
  wait_for_port room
  run -0 tcptool chat 127.0.0.1 "$port" <<<'hello'
  finish room
  expect_status 0
  expect_file room.out '-- guest1 joined\nguest1: hello\n-- guest1 left\n-- the room closes\n'
}

@test "room: a new member sees the last lines" {
  declare -gA fds=()
  start_room --history 3
  join one
  for i in 1 2 3 4 5; do say one "line $i"; done
  wait_for contains room.out 'line 5'
  join two
  wait_for contains two.out 'line 5'
  contains two.out 'line 3'
  not contains two.out 'line 2'
}

@test "room -e gbk: members speak GBK, the console UTF-8" {
  declare -gA fds=()
  start_room -e gbk
  mkfifo one.say two.say
  exec 7<>one.say 8<>two.say
  input=one.say start one nc.openbsd 127.0.0.1 "$port"
  input=two.say start two "$TCPTOOL" chat -e gbk 127.0.0.1 "$port"
  wait_for contains room.out 'guest2 joined'
  printf '你好\n' | iconv -t gbk >&7
  wait_for contains two.out '你好'
  wait_for contains room.out '你好'
  echo '再会' >&8
  wait_for contains one.out "$(printf '再会' | iconv -t gbk)"
}

@test "room: a line of more than 4096 characters is cut, and its sender notified" {
  declare -gA fds=()
  start_room
  join one
  join two
  say one "$(printf '中%.0s' {1..5000})"
  wait_for contains two.out 中
  wait_for contains one.out 4096
  expect_equal "$(grep -o 中 two.out | wc -l)" 4096
}

# bats test_tags=alone
@test "room: 500 members, and misbehaving members do not disturb the others" {
  ulimit -n 4096
  start_room --max-conns 2000
  timeout 110 "$PYTHON" "$PEERS/room_crowd.py" "$port" 500 4
  # The log is 8M at most; what else a member costs is small.
  run -0 awk '/VmHWM/ { print $2 }' "/proc/${pids[room]}/status"
  ((output < 65536)) || [[ $TCPTOOL == *asan* ]] || fail "it took $output kB"
}

@test "room: a flood from one member disconnects no member that reads" {
  start_room --buffer 64K
  start reader "$PYTHON" -c '
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
seen = 0
for line in s.makefile("rb"):
    seen += b"flood" in line
    if seen == 20000:
        break
print(seen)' "$port"
  wait_for contains room.out 'guest1 joined'
  yes flood | head -n 20000 | timeout 60 nc.openbsd -N 127.0.0.1 "$port" >/dev/null
  finish reader
  expect_equal "$(cat reader.out)" 20000
}

@test "room: a member that falls behind by the whole log is disconnected, and the others are notified" {
  declare -gA fds=()
  start_room --buffer 64K
  join one
  mkfifo hold
  exec 8<>hold
  input=hold start deaf "$PYTHON" "$PEERS/client_idle.py" "$port"
  wait_for contains one.out 'guest2 joined'
  # More than the kernel's buffers and the log hold, said while the deaf one does not read.
  yes "$(printf 'x%.0s' {1..1000})" | head -n 20000 >&"${fds[one]}" &
  wait_for contains one.out 'guest2 fell behind'
  kill $! || true
}

@test "room: guests that quit, take nothing more and reset leave their places" {
  declare -gA fds=()
  start_room --max-conns 10 --history 100000
  # More than a window takes, and less than the kernel keeps for a connection.
  seq -f "line %g $(printf '%0200d' 0)" 100 | nc.openbsd -N 127.0.0.1 "$port" >/dev/null
  wait_for contains room.out 'guest1 left'
  mkfifo hold
  exec 7<>hold
  input=hold start guests "$PYTHON" "$PEERS/guests_reset.py" "$port" 10
  wait_for contains room.out 'guest11 left'
  exec 7>&-
  finish guests
  wait_for has_sockets 1 # which listens
  join one
}

has_sockets() {
  [[ $(find "/proc/${pids[room]}/fd" -lname 'socket:*' | wc -l) == "$1" ]]
}

# The console of a room says 200,000 lines, which a guest counts.
floods_from_the_console() {
  mkfifo console
  exec 7<>console
  input=console start_room "$@"
  start reader nc.openbsd -d 127.0.0.1 "$port"
  wait_for contains reader.out welcome
  seq -f 'line %g' 200000 >said
  cat said >&7
  wait_for contains reader.out 'line 200000'
  sed -n 's/^host: //p' reader.out | cmp said -
}

@test "room: a flood from the console reaches a guest that reads" {
  floods_from_the_console
}

@test "room --buffer 64K: a flood from the console reaches a guest that reads" {
  floods_from_the_console --buffer 64K
}

@test "room: on a terminal a command that was typed is not shown again behind its reply" {
  # readline shows nothing on a terminal that does not echo
  # shellcheck disable=SC2016
  NO_COLOR=1 TERM=xterm run -0 peer pty_run -w listening -t '/who\n' -w 'here: host' -t '/foo\n' \
    -w 'unknown command /foo' -t '/quit\n' -- \
    sh -c 'stty echo; exec "$TCPTOOL" chat --listen --room -b 127.0.0.1 -p 0'
  expect_equal "$(grep -o '> /[a-z]*' <<<"$output")" $'> /who\n> /foo\n> /quit'
}

@test "room: /msg reaches one member, and /kick at the console ends one" {
  declare -gA fds=()
  mkfifo console
  exec {console}<>console
  input=console start_room
  join one
  join two "$TCPTOOL" chat --name bob
  join three
  wait_for contains room.out 'guest2 is now bob'
  say one '/msg BOB for you only'
  wait_for contains two.out '-- guest1 to you: for you only'
  wait_for contains one.out '-- to bob: for you only'
  say one '/kick bob'
  wait_for contains one.out 'unknown command /kick'
  echo '/kick bob' >&"$console"
  wait_for contains two.out 'the host has removed you from the room'
  wait_for contains three.out 'bob was removed'
  not contains three.out 'for you only'
  echo '/help' >&"$console"
  wait_for contains room.out 'close the room'
}

@test "room: joins and leaves push no line out of a new member's history" {
  declare -gA fds=()
  start_room --history 2
  join one
  say one 'first line'
  say one 'second line'
  wait_for contains room.out 'second line'
  for i in 1 2 3; do
    tcptool chat 127.0.0.1 "$port" <<<'/quit' >/dev/null
    wait_for contains room.out "guest$((i + 1)) left"
  done
  join two
  wait_for contains two.out 'second line'
  contains two.out 'first line'
  not contains two.out 'left'
}
