#!/usr/bin/env bats
# --user and --chroot: what the process may still do after it has given up its rights.
load helpers/common
load helpers/certificates

setup_file() {
  make_certificates
}

need_root() {
  ((EUID == 0)) || skip "only root can change the user and the root directory"
  # Leaks are looked for through /proc and ptrace(2), which a new root and a new user lack.
  export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
  # The directories of the test are nobody's to enter otherwise.
  chmod 755 "$BATS_TEST_TMPDIR" "$BATS_TEST_DIRNAME"
  open_parents "$BATS_TEST_TMPDIR"
}

# open_parents DIR: lets everybody through to DIR.
open_parents() {
  local directory=$1
  while [[ $directory != / ]]; do
    chmod o+x "$directory"
    directory=${directory%/*} directory=${directory:-/}
  done
}

# status_of NAME FIELD: prints the field of every thread.
status_of() {
  awk -v "field=$2:" '$1 == field { sub(/^[^\t]*\t/, ""); print }' "/proc/${pids[$1]}/task"/*/status
}

# echoes PORT: the echo server there echoes.
echoes() {
  expect_equal "$(tcptool send -q 127.0.0.1 "$1" hello)" hello
}

nobody=$(id -u nobody)
nogroup=$(id -g nobody)

@test "--user: every thread has the user and the group, and no other group and no capability" {
  need_root
  start_serve --echo --workers 3 --user nobody
  echoes "$port"
  wait_for [ "$(status_of serve Uid | wc -l)" = 3 ]
  expect_equal "$(status_of serve Uid | sort -u)" "$nobody"$'\t'"$nobody"$'\t'"$nobody"$'\t'"$nobody"
  expect_equal "$(status_of serve Gid | sort -u)" "$nogroup"$'\t'"$nogroup"$'\t'"$nogroup"$'\t'"$nogroup"
  expect_equal "$(status_of serve Groups | tr -d ' ' | sort -u)" ''
  expect_equal "$(status_of serve CapEff | sort -u)" 0000000000000000
  expect_equal "$(status_of serve CapPrm | sort -u)" 0000000000000000
  stop serve
  expect_status 0
}

@test "--user NAME:GROUP, and numbers" {
  need_root
  start_serve --echo --user nobody:daemon
  expect_equal "$(status_of serve Gid | cut -f 1)" "$(getent group daemon | cut -d: -f3)"
  start_serve -n numbers --echo --user 4711:4712
  expect_equal "$(status_of numbers Uid | cut -f 1)" 4711
  expect_equal "$(status_of numbers Gid | cut -f 1)" 4712
}

@test "--user: an unknown user or group is a usage error, before anything listens" {
  local word
  for word in no-such-user 'nobody:no-such-group' '' :nogroup 4711 -1; do
    run tcptool serve -b 127.0.0.1 -p 0 --port-file port --user "$word"
    expect_status 2
    expect_one_error "$output"
    expect_match "$output" '--user: unknown (user|group) "'
    [[ ! -e port ]]
  done
}

@test "--user by a process that may not change it fails with 1" {
  need_root
  run setpriv --reuid nobody --regid nogroup --clear-groups "$TCPTOOL" serve -b 127.0.0.1 -p 0 \
    --user daemon
  expect_status 1
  expect_match "$output" 'cannot become the user daemon: Operation not permitted'
}

@test "--chroot: a directory that cannot be used fails with 1" {
  touch file
  run tcptool serve -b 127.0.0.1 -p 0 --chroot missing
  expect_status 1
  expect_match "$output" '--chroot: cannot open missing: No such file'
  run tcptool serve -b 127.0.0.1 -p 0 --chroot file
  expect_status 1
  expect_match "$output" '--chroot: cannot open file: Not a directory'
}

@test "--chroot changes the root and the working directory" {
  need_root
  mkdir jail
  start_serve --echo --workers 2 --chroot jail --user nobody
  expect_equal "$(readlink "/proc/${pids[serve]}/root")" "$PWD/jail"
  expect_equal "$(readlink "/proc/${pids[serve]}/cwd")" "$PWD/jail"
  echoes "$port"
  stop serve
  expect_status 0
}

@test "--chroot: files outside of it are read again on SIGHUP, and a socket there is removed" {
  need_root
  mkdir -p jail rules
  cp "$CERTS"/server.* .
  echo 127.0.0.2 >rules/list
  start serve "$TCPTOOL" serve --echo -b 127.0.0.1:0 -b unix:./socket --port-file serve.port \
    --chroot jail --deny @rules/list --tls --tls-cert server.crt --tls-key server.key
  wait_for_port serve
  not tcptool send -q --tls --tls-ca "$CERTS/our-ca.crt" -b 127.0.0.2 127.0.0.1 "$port" hello
  echo 127.0.0.3 >rules/new
  mv rules/new rules/list
  kill -HUP "${pids[serve]}"
  wait_for contains serve.err 'read the access rules again'
  wait_for contains serve.err 'the files of TLS were read again'
  expect_equal "$(tcptool send -q --tls --tls-ca "$CERTS/our-ca.crt" -b 127.0.0.2 127.0.0.1 "$port" hello)" hello
  not tcptool send -q --tls --tls-ca "$CERTS/our-ca.crt" -b 127.0.0.3 127.0.0.1 "$port" hello
  [[ -S socket ]]
  stop serve
  expect_status 0
  [[ ! -e socket ]]
}

@test "--chroot and --user: the log is opened again where it was" {
  need_root
  mkdir jail logs
  chown nobody logs
  start_serve --echo --chroot jail --user nobody --log logs/log
  contains serve.err 'logs/log: cannot be opened again on SIGHUP: Permission denied'
  mv logs/log logs/old
  kill -HUP "${pids[serve]}"
  wait_for [ -e logs/log ]
  expect_equal "$(stat -c %U logs/log)" nobody
  expect_equal "$(tcptool send -q 127.0.0.1 "$port" hello)" hello
  wait_for contains logs/log '"event":"closed"'
}

@test "--chroot: a directory of authorities is read at the start and on SIGHUP" {
  need_root
  mkdir jail authorities
  cp "$CERTS"/server.* .
  cp "$CERTS/our-ca.crt" authorities
  openssl rehash authorities
  start_serve --echo --chroot jail --user nobody --tls --tls-cert server.crt --tls-key server.key \
    --tls-ca authorities
  expect_equal "$(tcptool send -q --tls --tls-ca "$CERTS/our-ca.crt" --tls-cert "$CERTS/client.pem" \
    127.0.0.1 "$port" hello)" hello
  not tcptool send -q --tls --tls-ca "$CERTS/our-ca.crt" 127.0.0.1 "$port" hello
}

@test "--chroot: encodings are loaded before" {
  need_root
  mkdir jail
  start upper "$TCPTOOL" upper -b 127.0.0.1 -p 0 --port-file upper.port --chroot jail -e shift_jis
  wait_for_port upper
  expect_equal "$(tcptool send -e shift_jis 127.0.0.1 "$port" 'ａbc')" ＡBC
  start_serve -q --label --chroot jail -e gbk --local-encoding big5
  tcptool send -q -e gbk 127.0.0.1 "$port" 中文
  wait_for contains serve.out "$(printf 中文 | iconv -t big5)"
}

@test "--user: what is not permitted any more is reported at the start" {
  need_root
  mkdir -m 755 held
  cp "$CERTS"/server.* .
  chmod 644 server.crt
  echo 127.0.0.2 >rules
  chmod 644 rules
  chmod 600 server.key
  start_serve --echo -b unix:held/socket --user nobody --deny @rules --tls --tls-cert server.crt \
    --tls-key server.key
  wait_for contains serve.err 'server.key: cannot be opened again on SIGHUP: Permission denied'
  contains serve.err 'unix:held/socket: cannot be removed at the end: Permission denied'
  not contains serve.err 'rules: cannot be opened again'
  kill -HUP "${pids[serve]}"
  wait_for contains serve.err 'cannot read a key from server.key: Permission denied'
  wait_for contains serve.err 'read the access rules again'
  expect_equal "$(tcptool send -q --tls --tls-ca "$CERTS/our-ca.crt" 127.0.0.1 "$port" hello)" hello
  stop serve
  expect_status 0
  [[ -S held/socket ]]
}

@test "--user: a socket in a directory of the user is removed at the end" {
  need_root
  mkdir held
  chown nobody held
  start serve "$TCPTOOL" serve --echo -b unix:held/socket --user nobody --workers 2
  wait_for [ -S held/socket ]
  wait_for contains serve.err 'listening on'
  not contains serve.err 'cannot be removed'
  stop serve
  expect_status 0
  [[ ! -e held/socket ]]
}

@test "--user and --chroot apply to the programs of clients" {
  need_root
  start_serve --user nobody:daemon id -un
  expect_equal "$(tcptool send -q 127.0.0.1 "$port" x)" nobody
  mkdir jail
  run tcptool serve -b 127.0.0.1 -p 0 --chroot jail id
  expect_status 2
  expect_match "$output" 'cannot run "/[^"]*/id": No such file or directory'
}

@test "--port-file: a FIFO whose reader comes after --chroot gets the port" {
  need_root
  mkdir jail
  mkfifo port
  start serve "$TCPTOOL" serve --echo -b 127.0.0.1 -p 0 --port-file port --chroot jail
  wait_for contains serve.err 'listening on'
  expect_match "$(cat port)" '^[0-9]+$'
}

@test "chat --listen edits lines on a terminal after --chroot" {
  need_root
  mkdir jail
  start chat on_terminal -w 'connected to' -t 'helo\x02l\n' -w said -t '\x04' -- \
    "$TCPTOOL" chat -b unix:./socket --listen --chroot jail
  wait_for [ -S socket ]
  expect_equal "$(echo said | tcptool send -q --until line unix:./socket)" hello
  finish chat
  expect_status 0
}
