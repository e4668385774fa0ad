#!/usr/bin/env bats
# What a listening command can no longer do once it serves, and what it still can.
load helpers/common

# threads NAME FIELD: prints the field of every thread, each value once.
threads() {
  awk -v "field=$2:" '$1 == field { print $2 }' "/proc/${pids[$1]}/task"/*/status | sort -u
}

need_landlock() {
  [[ $TCPTOOL != */?san/* ]] || skip "sanitizers keep the access to files"
  tcptool serve -v -b 127.0.0.1 -p 0 --accept-timeout 1ms 2>&1 | grep -q 'no Landlock' &&
    skip "this kernel has no Landlock"
  return 0
}

# hang_up NAME TEXT: sends SIGHUP and waits for the outcome.
hang_up() {
  : >"$1.err"
  kill -HUP "${pids[$1]}"
  wait_for contains "$1.err" "$2"
}

need_filter() {
  tcptool serve -v -b 127.0.0.1 -p 0 --accept-timeout 1ms 2>&1 | grep -q 'system calls are not limited' &&
    skip "this build or this kernel has no filter of system calls"
  return 0
}

@test "no thread of a server can gain rights, unless --no-sandbox is given" {
  start_serve --echo --workers 3
  expect_equal "$(tcptool send -q 127.0.0.1 "$port" hello)" hello
  expect_equal "$(threads serve NoNewPrivs)" 1
  start_serve -n open --echo --workers 3 --no-sandbox
  expect_equal "$(threads open NoNewPrivs)" 0
}

@test "every thread of a server is under the filter of system calls, unless --no-sandbox is given" {
  need_filter
  start_serve --echo --workers 3
  expect_equal "$(tcptool send -q 127.0.0.1 "$port" hello)" hello
  expect_equal "$(threads serve Seccomp)" 2
  start_serve -n open --echo --workers 3 --no-sandbox
  expect_equal "$(threads open Seccomp)" "$(awk '$1 == "Seccomp:" { print $2 }' /proc/self/status)"
}

@test "upper, chat --listen and a room are sandboxed, a server that runs programs is not" {
  local name
  start upper "$TCPTOOL" upper -b 127.0.0.1 -p 0
  start chat "$TCPTOOL" chat --listen -b 127.0.0.1 -p 0
  start room "$TCPTOOL" chat --listen --room -b 127.0.0.1 -p 0
  start_serve -n program cat
  for name in upper chat room; do
    wait_for contains "$name.err" 'listening on'
    expect_equal "$(threads "$name" NoNewPrivs)" 1
  done
  expect_equal "$(threads program NoNewPrivs)" 0
  expect_equal "$(tcptool send -q 127.0.0.1 "$port" hello)" hello
}

@test "a file of rules is read again from its directory, and from no other" {
  need_landlock
  mkdir rules other
  echo 127.0.0.2 >rules/list
  echo 127.0.0.3 >other/list
  start_serve --echo --deny @rules/list
  echo 127.0.0.4 >rules/new
  mv rules/new rules/list
  hang_up serve 'read the access rules again'
  ln -sf ../other/list rules/list
  hang_up serve '--deny: cannot read rules/list: Permission denied; the access rules stay as they were'

  start_serve -n open --echo --no-sandbox --deny @rules/list
  rm other/list
  hang_up open 'cannot read rules/list: No such file'
}

@test "the log is opened again in its directory, and nowhere else" {
  need_landlock
  mkdir logs other
  start_serve --echo --log logs/log
  mv logs/log logs/old
  kill -HUP "${pids[serve]}"
  wait_for [ -e logs/log ]
  expect_equal "$(tcptool send -q 127.0.0.1 "$port" hello)" hello
  wait_for contains logs/log '"event":"closed"'
  ln -sf ../other/log logs/log
  hang_up serve 'cannot open logs/log: Permission denied'
  expect_equal "$(tcptool send -q 127.0.0.1 "$port" hello)" hello
  [[ ! -e other/log ]]
}

@test "a file of rules may be a link to another directory from the start" {
  mkdir rules other
  echo 127.0.0.2 >other/list
  ln -s ../other/list rules/list
  start_serve --echo --deny @rules/list
  echo 127.0.0.3 >other/new
  mv other/new other/list
  hang_up serve 'read the access rules again'
}

@test "names in a file of rules are looked up when it is read again" {
  echo 127.0.0.2 >rules
  start_serve --echo -v --deny @rules
  echo localhost >rules
  hang_up serve 'read the access rules again'
  run tcptool send -q 127.0.0.1 "$port" hello
  wait_for contains serve.err 'refused: --deny localhost'
}

@test "the path of a unix socket is removed at the end" {
  mkdir held
  start serve "$TCPTOOL" serve --echo -b unix:held/socket
  wait_for contains serve.err 'listening on'
  stop serve
  expect_status 0
  [[ ! -e held/socket ]]
}

@test "encodings are found for clients that come later" {
  start upper "$TCPTOOL" upper -b 127.0.0.1 -p 0 --port-file upper.port -e euc-jp
  wait_for_port upper
  expect_equal "$(tcptool send -q -e euc-jp 127.0.0.1 "$port" 'ａbc')" ＡBC
}

@test "--timestamps knows the time zone" {
  start serve env TZ=Asia/Kathmandu "$TCPTOOL" serve --echo -b 127.0.0.1 -p 0 --port-file serve.port \
    -v --timestamps
  wait_for_port serve
  tcptool send -q 127.0.0.1 "$port" hello
  wait_for contains serve.err closed
  expect_match "$(tail -n 1 serve.err)" '\+0545 tcptool: '
}
