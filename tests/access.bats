#!/usr/bin/env bats
# --allow and --deny: which clients are served, and what a refusal is.
load helpers/common

# knock ADDRESS: what an echoing server on $port does with a client of this address of the
# loopback: "served" or "refused".
knock() {
  local host=127.0.0.1
  [[ $1 != *:* ]] || host=::1
  tell_verdict tcptool send -b "$1" "$host" "$port" served
}

# knock_proxied TCP4|TCP6 ADDRESS: the same, behind a proxy.
knock_proxied() {
  local local_end=192.0.2.254
  [[ $1 == TCP4 ]] || local_end=2001:db8::fe
  tell_verdict send_proxied "PROXY $1 $2 $local_end 5000 80"
}

send_proxied() {
  printf '%s\r\nserved' "$1" | tcptool send 127.0.0.1 "$port"
}

# A refused client sees its connection closed, and nothing of its data come back.
tell_verdict() {
  local answer
  answer=$("$@" 2>error) || true
  if [[ $answer ]]; then
    printf '%s\n' "$answer"
  elif grep -q 'reset by peer' error; then
    echo refused
  else
    cat error
  fi
}

# expect_knocks [VERDICT ADDRESS...]: one verdict for several addresses.
expect_knocks() {
  local verdict=$1 address
  shift
  for address in "$@"; do
    [[ $(knock "$address") == "$verdict" ]] || fail "$address: $(knock "$address") instead of $verdict"
  done
}

# start_proxied [OPTIONS...]: an echoing server that takes its clients' addresses from a header.
start_proxied() {
  start_serve --echo --accept-proxy "$@"
}

@test "without rules everyone is served" {
  start_serve --echo
  expect_knocks served 127.0.0.1 127.0.0.2
}

@test "--allow ADDRESS: only this address is served" {
  start_serve --echo --allow 127.0.0.2
  expect_knocks served 127.0.0.2
  expect_knocks refused 127.0.0.1 127.0.0.3
}

@test "--deny ADDRESS: only this address is refused" {
  start_serve --echo --deny 127.0.0.2
  expect_knocks refused 127.0.0.2
  expect_knocks served 127.0.0.1 127.0.0.3
}

@test "ADDR/BITS matches to the bit, where bytes end and within them" {
  start_serve --echo --deny 127.0.0.4/30 --deny 127.1.0.0/16
  expect_knocks served 127.0.0.3 127.0.0.8 127.2.0.1
  expect_knocks refused 127.0.0.4 127.0.0.7 127.1.0.1 127.1.255.255
}

@test "IPv6: an address and ADDR/BITS match to the bit" {
  start_proxied --deny 2001:db8:8000::/33 --deny '[2001:db8::5]' --deny fd00::/8
  for address in 2001:db8:8000::1 2001:db8:ffff::1 2001:db8::5 fdff::1; do
    expect_equal "$address $(knock_proxied TCP6 "$address")" "$address refused"
  done
  for address in 2001:db8:7fff::1 2001:db8::4 fc00::1; do
    expect_equal "$address $(knock_proxied TCP6 "$address")" "$address served"
  done
}

@test "IPv6: clients of the loopback are told from those of IPv4" {
  start serve "$TCPTOOL" serve --echo -p 0 --port-file serve.port --allow ::1
  wait_for_port serve
  expect_knocks served ::1
  expect_knocks refused 127.0.0.1
}

@test "0.0.0.0/0 is all of IPv4, ::/0 all of IPv6, and neither the other" {
  start four "$TCPTOOL" serve --echo -p 0 --port-file four.port --deny 0.0.0.0/0
  wait_for_port four
  expect_knocks refused 127.0.0.1
  expect_knocks served ::1
  start six "$TCPTOOL" serve --echo -p 0 --port-file six.port --deny ::/0
  wait_for_port six
  expect_knocks refused ::1
  expect_knocks served 127.0.0.1
}

@test "with any --allow, a client that no rule matches is refused" {
  start_serve --echo --allow 127.0.0.2 --deny 127.0.0.3
  expect_knocks served 127.0.0.2
  expect_knocks refused 127.0.0.1 127.0.0.3
}

@test "the most specific rule decides, in any order of the rules" {
  start_serve -n one --echo --deny 127.0.0.0/8 --allow 127.0.1.0/24 --deny 127.0.1.5
  expect_knocks refused 127.0.0.1 127.0.1.5
  expect_knocks served 127.0.1.1 127.0.1.6
  start_serve -n two --echo --deny 127.0.1.5 --allow 127.0.1.0/24 --deny 127.0.0.0/8
  expect_knocks refused 127.0.0.1 127.0.1.5
  expect_knocks served 127.0.1.1 127.0.1.6
  start_serve -n three --echo --allow 127.0.1.5 --deny 127.0.1.0/24
  expect_knocks served 127.0.1.5
  expect_knocks refused 127.0.1.6
}

@test "--deny wins where both say the same, in either order and notation" {
  start_serve -n one --echo --allow 127.0.0.2 --deny 127.0.0.2 --allow 127.0.0.3
  expect_knocks refused 127.0.0.2
  expect_knocks served 127.0.0.3
  start_serve -n two --echo --deny 127.0.0.2/32 --allow 127.0.0.2
  expect_knocks refused 127.0.0.2
  start_serve -n three --echo --deny ::ffff:127.0.0.0/104 --allow 127.0.0.0/8
  expect_knocks refused 127.0.0.2
}

@test "IPv4 in IPv6 counts as IPv4: in rules" {
  start_serve --echo --deny ::ffff:127.0.0.2 --deny ::ffff:127.0.1.0/120
  expect_knocks refused 127.0.0.2 127.0.1.9
  expect_knocks served 127.0.0.3
}

@test "IPv4 in IPv6 counts as IPv4: in clients" {
  start_proxied --deny 192.0.2.0/24 --deny ::/0
  expect_equal "$(knock_proxied TCP6 ::ffff:192.0.2.1)" refused
  expect_equal "$(knock_proxied TCP6 ::ffff:198.51.100.1)" served
  expect_equal "$(knock_proxied TCP6 2001:db8::1)" refused
}

@test "behind a proxy the rules apply to the client, not to the proxy" {
  start_proxied --allow 192.0.2.7
  expect_equal "$(knock_proxied TCP4 192.0.2.7)" served
  expect_equal "$(knock_proxied TCP4 192.0.2.8)" refused
}

@test "unix matches no client of TCP" {
  start_serve --echo --allow unix
  expect_knocks refused 127.0.0.1
  start_serve -n other --echo --deny unix
  expect_knocks served 127.0.0.1
}

@test "a name stands for all of its addresses" {
  need_namespace
  printf '127.0.0.2 team\n127.0.0.3 team\n' >hosts
  # shellcheck disable=SC2016 # for the shell inside
  run --separate-stderr in_namespace timeout "$LIMIT" bash -e -c '
    mount --bind hosts /etc/hosts
    ip link set lo up
    "$TCPTOOL" serve --echo -b 127.0.0.1 -p 0 --port-file port --allow team </dev/null 3>&- &
    until [[ -s port ]]; do sleep 0.01; done
    for number in 1 2 3 4; do
      "$TCPTOOL" send -b 127.0.0.$number 127.0.0.1 "$(cat port)" "served $number " || true
    done
    kill $!
    wait $!'
  expect_status 0
  expect_equal "$output" 'served 2 served 3 '
}

@test "a name that does not exist fails with 1, names it, and nothing listens" {
  for option in --allow --deny; do
    run tcptool serve -b 127.0.0.1 -p 0 --port-file port "$option" does-not-exist.invalid
    expect_status 1
    expect_one_error "$output"
    expect_match "$output" "$option.*does-not-exist\\.invalid"
    [[ ! -e port ]]
  done
}

@test "an invalid rule is a usage error that quotes it" {
  for option in --allow --deny; do
    for word in 127.0.0.1/8 11.0.0.0/7 2001:db8::1/32 ::ffff:10.0.0.1/104 10.0.0.0/33 ::/129 10.0.0.0/ \
      10.0.0.0/x 10.0.0.0/-1 10.0.0.0/+8 /8 1.2.3 1.2.3.4.5 256.0.0.1 010.0.0.1 1::2::3 ''; do
      run tcptool serve -b 127.0.0.1 -p 0 "$option" "$word"
      expect_status 2
      expect_one_error "$output"
      [[ $output == *"$option"*"\"$word\""* ]] || fail "$output"
    done
  done
}

@test "a refusal is reported with -v only, and the client as neither connected nor closed" {
  start_serve -n loud --echo -v --deny 127.0.0.2
  expect_knocks refused 127.0.0.2
  wait_for contains loud.err refused
  expect_match "$(cat loud.err)" $'\n[^ ]+ tcptool: 127\\.0\\.0\\.2:[0-9]+ refused: --deny 127\\.0\\.0\\.2$'
  expect_knocks served 127.0.0.1
  wait_for contains loud.err closed
  not grep -E '127\.0\.0\.2:[0-9]+ (connected|closed)' loud.err
  start_serve -n calm --echo --deny 127.0.0.2
  expect_knocks refused 127.0.0.2
  expect_equal "$(cat calm.err)" "tcptool: listening on 127.0.0.1:$port"
}

@test "a client that no rule allows is reported as such" {
  start_serve --echo -v --allow 127.0.0.9
  expect_knocks refused 127.0.0.2
  wait_for contains serve.err refused
  expect_match "$(tail -n 1 serve.err)" '^[^ ]+ tcptool: 127\.0\.0\.2:[0-9]+ refused: no --allow rule matches$'
}

@test "refusals are counted at the end, and leave the status at 0" {
  start_serve -n one --echo --deny 127.0.0.2
  expect_knocks refused 127.0.0.2
  stop one
  expect_status 0
  expect_equal "$(tail -n 1 one.err)" 'tcptool: refused 1 client'
  start_serve -n two --echo --deny 127.0.0.2 --workers 2
  expect_knocks refused 127.0.0.2 127.0.0.2 127.0.0.2 127.0.0.2
  stop two
  expect_status 0
  expect_equal "$(tail -n 1 two.err)" 'tcptool: refused 4 clients'
  start_serve -n none --echo --deny 127.0.0.2
  expect_knocks served 127.0.0.1
  stop none
  not contains none.err refused
}

@test "-q drops the count of refusals" {
  start_serve -q --echo --deny 127.0.0.2
  expect_knocks refused 127.0.0.2
  stop serve
  expect_status 0
  expect_file serve.err ''
}

@test "a refusal does not end --once, nor change its status" {
  start_serve --once --deny 127.0.0.2
  expect_knocks refused 127.0.0.2 127.0.0.2
  tcptool send -b 127.0.0.3 127.0.0.1 "$port" 'at last'
  finish serve
  expect_status 0
  expect_file serve.out 'at last'
}

@test "a refused client has not connected: --accept-timeout goes on" {
  start_serve --once --deny 127.0.0.2 --accept-timeout 3s
  expect_knocks refused 127.0.0.2
  finish serve
  expect_status 124
  contains serve.err '--accept-timeout'
}

@test "a refused client takes no slot of --max-conns" {
  start_serve --echo --max-conns 1 --deny 127.0.0.2
  expect_knocks refused 127.0.0.2 127.0.0.2 127.0.0.2
  expect_knocks served 127.0.0.1 127.0.0.1
}

@test "a refused client gets no data, and its data is not printed" {
  printf 'a secret' >page
  start_serve --reply-file page --deny 127.0.0.2
  run --separate-stderr tcptool send -b 127.0.0.2 127.0.0.1 "$port" 'a rumour'
  expect_status 1
  expect_equal "$output" ''
  tcptool send 127.0.0.1 "$port" 'the truth' >answer
  expect_file answer 'a secret'
  wait_for contains serve.out 'the truth'
  expect_file serve.out 'the truth'
}

@test "upper, chat --listen and a room refuse, too" {
  start upper "$TCPTOOL" upper -b 127.0.0.1 -p 0 --port-file upper.port --deny 127.0.0.2
  wait_for_port upper
  expect_knocks refused 127.0.0.2
  expect_knocks SERVED 127.0.0.1

  start chat "$TCPTOOL" chat --listen -b 127.0.0.1 -p 0 --port-file chat.port --deny 127.0.0.2
  wait_for_port chat
  expect_knocks refused 127.0.0.2
  run peer client_send_only "$port" $'hello\nbye\n'
  finish chat
  expect_file chat.out 'hello\nbye\n'
  expect_status 0

  start room "$TCPTOOL" chat --listen --room -b 127.0.0.1 -p 0 --port-file room.port --deny 127.0.0.2
  wait_for_port room
  expect_knocks refused 127.0.0.2
  start guest nc.openbsd -d 127.0.0.1 "$port"
  # The refused one took no name.
  wait_for contains guest.out guest1
}

# hang_up NAME TEXT...: sends SIGHUP and waits until the server has reported this once more.
hang_up() {
  local name=$1 before
  shift
  before=$(grep -cF -e "$*" "$name.err" || true)
  kill -HUP "${pids[$name]}"
  wait_for has_more_lines "$name" "$before" "$*"
}

has_more_lines() {
  (($(grep -cF -e "$3" "$1.err") > $2))
}

@test "@FILE: one rule per line, with comments and blank lines" {
  printf '# all of\n\n127.0.0.2\n  127.0.1.0/24\t# these\r\n::1#comment\n\t\n127.0.0.3' >rules
  start_serve --echo --deny @rules --deny 127.0.0.4
  expect_knocks refused 127.0.0.2 127.0.0.3 127.0.0.4 127.0.1.9
  expect_knocks served 127.0.0.1 127.0.2.1
  start_serve -n some --echo -v --allow @rules
  expect_knocks served 127.0.0.2 127.0.0.3 127.0.1.9
  expect_knocks refused 127.0.0.4
}

@test "@FILE: files, words, --allow and --deny are one set of rules" {
  echo 127.0.0.0/8 >wide
  printf '127.0.1.0/24\n127.0.2.2\n' >narrow
  start_serve --echo -v --allow @wide --deny @narrow --allow 127.0.1.5
  expect_knocks served 127.0.0.1 127.0.1.5
  expect_knocks refused 127.0.1.4 127.0.2.2
  contains serve.err 'refused: --deny 127.0.1.0/24'
}

@test "@FILE: an empty file of --allow permits no client" {
  echo '# none' >rules
  start_serve --echo --allow @rules
  expect_knocks refused 127.0.0.1
}

@test "@FILE: a pipe is read at the start" {
  start_serve --echo --deny @<(echo 127.0.0.2)
  expect_knocks refused 127.0.0.2
}

@test "@FILE: a name in a file stands for its addresses, and one that does not exist fails with 1" {
  echo localhost >rules
  start_serve --echo --allow @rules
  expect_knocks served 127.0.0.1
  expect_knocks refused 127.0.0.2
  printf '\ndoes-not-exist.invalid\n' >rules
  run tcptool serve -b 127.0.0.1 -p 0 --allow @rules
  expect_status 1
  expect_one_error "$output"
  expect_match "$output" '--allow: rules:2: .*does-not-exist\.invalid'
}

@test "@FILE: a file that cannot be read fails with 1" {
  mkdir directory
  for path in missing directory; do
    run tcptool serve -b 127.0.0.1 -p 0 --port-file port --deny "@$path"
    expect_status 1
    expect_one_error "$output"
    expect_match "$output" "--deny: (cannot read|error reading) $path: "
    [[ ! -e port ]]
  done
}

@test "@FILE: a bad line is a usage error that names file and line, and quotes it" {
  local line
  for line in 127.0.0.1/8 '127.0.0.1 127.0.0.2' @other 1.2.3; do
    printf '# first\n127.0.0.1\n%s # this one\n127.0.0.2\n' "$line" >rules
    run tcptool serve -b 127.0.0.1 -p 0 --allow @rules
    expect_status 2
    expect_one_error "$output"
    [[ $output == *"--allow: rules:3: invalid rule \"$line\": "* ]] || fail "$output"
  done
  printf '127.0.0.1\0\n' >rules
  run tcptool serve -b 127.0.0.1 -p 0 --allow @rules
  expect_status 2
  expect_match "$output" 'rules:1: invalid rule "127\.0\.0\.1": the line has a zero byte'
  run tcptool serve -b 127.0.0.1 -p 0 --allow @
  expect_status 2
  expect_match "$output" '--allow: invalid rule "@": '
}

@test "a file of rules without an end is an error" {
  run tcptool serve -b 127.0.0.1 -p 0 --allow @/dev/zero
  expect_status 1
  expect_equal "$output" 'tcptool: --allow: error reading /dev/zero: File too large'
}

@test "SIGHUP reads the files again; connections go on" {
  echo 127.0.0.2 >rules
  start_serve --echo --workers 2 --deny @rules
  exec 7> >(exec "$TCPTOOL" send -b 127.0.0.3 127.0.0.1 "$port" >kept 7>&-)
  echo before >&7
  wait_for contains kept before
  echo 127.0.0.3 >rules
  hang_up serve 'read the access rules again'
  expect_knocks served 127.0.0.2
  expect_knocks refused 127.0.0.3
  echo after >&7
  wait_for contains kept after
  exec 7>&-
  echo 127.0.0.4 >rules
  hang_up serve 'read the access rules again'
  expect_knocks served 127.0.0.3
  expect_knocks refused 127.0.0.4
  stop serve
  expect_status 0
}

@test "SIGHUP and a file that fails: reported, and the old rules stay" {
  echo 127.0.0.2 >rules
  start_serve --echo --deny @rules
  printf '127.0.0.3\nnot/one\n' >rules
  hang_up serve 'rules:2: invalid rule "not/one": expected an address, ADDR/BITS or a host name; the access rules stay as they were'
  expect_knocks refused 127.0.0.2
  expect_knocks served 127.0.0.3
  echo does-not-exist.invalid >rules
  hang_up serve 'does-not-exist.invalid'
  rm rules
  hang_up serve 'cannot read rules: '
  mkfifo rules
  hang_up serve 'cannot read rules again: not a regular file'
  expect_knocks refused 127.0.0.2
  expect_knocks served 127.0.0.3
  stop serve
  expect_status 0
}

@test "SIGHUP ends a server without files" {
  start_serve --echo --deny 127.0.0.2
  stop serve HUP
  expect_status 129
}
