#!/usr/bin/env bats
# The command line: what it accepts, and how it refuses.
load helpers/common

# refused PATTERN WORD...: a usage error in one line that matches.
refused() {
  local pattern=$1
  shift
  run --separate-stderr tcptool "$@"
  [[ $status == 2 ]] || fail "tcptool $*: status $status" "$stderr"
  expect_equal "$output" ''
  expect_one_error "$stderr"
  expect_match "$stderr" "$pattern"
}

# refused_word OPTION WORD ARGUMENT...: a usage error that quotes the WORD.
refused_word() {
  local option=$1 word=$2
  shift 2
  refused "$option" "$@"
  [[ $stderr == *"\"$word\""* ]] || fail "\"$word\" is not quoted in:" "$stderr"
}

@test "without a command: usage on standard error, and 2" {
  run --separate-stderr tcptool
  expect_status 2
  expect_equal "$output" ''
  expect_match "$stderr" 'Usage: tcptool COMMAND'
}

@test "an unknown command is quoted, and the closest named" {
  refused '"sevre".*serve' sevre
  refused '"snd".*send' help snd
  refused '"--sevre"' --sevre
  refused '""' ''
}

@test "an unknown option is quoted, and the closest named" {
  refused '"--replay".*--reply' serve --replay x
  refused '"--prot".*--port' serve --prot 5
  refused '"--conect-timeout".*--connect-timeout' send --conect-timeout 1s h 1
  refused '"--untl".*--until' send --untl=eof h 1
  refused '"-z"' serve -z
  refused '"-Z"' send -vZ h 1
}

@test "an ambiguous abbreviation is a usage error" {
  refused 'ambiguous.*"--re"' serve --re x
}

@test "an option without its value is named" {
  refused '"--port"' serve --port
  refused '"--port"' serve -p
  refused '"--reply"' serve --reply
  refused '"--echo".*no value' serve --echo=yes
}

@test "ports: out of range, trailing letters, empty are usage errors that quote the word" {
  for port in 99999 65536 -1 80x x80x 8.8 '' ' 80' '80 ' +80 0x50 18446744073709551696; do
    refused_word '' "$port" serve "--port=$port"
    refused_word '' "$port" send -- localhost "$port" hello
  done
}

@test "ports: 0 is for listening only" {
  refused '"0"' send localhost 0 hello
  refused '"0"' send localhost:0 hello
}

@test "addresses: an invalid one is a usage error that quotes it" {
  refused '"\[::1"' send '[::1' 80 hello
  refused '"\[\]:80"' send '[]:80' hello
  refused '"\[::1\]x"' send '[::1]x' hello
  refused '""' send '' 80 hello
  refused '":80"' send :80 hello
  refused '"localhost:"|""' send localhost: hello
  refused '"99999"' send localhost:99999 hello
  refused '"x9x"' send '[::1]:x9x' hello
  refused 'bind.*"\[::1"' serve -b '[::1'
  refused 'bind.*"99999"' serve -b 127.0.0.1:99999
  refused 'bind.*"99999"' send -b 127.0.0.1:99999 localhost 80 hello
}

@test "durations: an invalid one is a usage error that quotes it" {
  for duration in x '' 5x 1.s . .s -1 '1 s' 1ss 1d 1e3 99999999999999999999; do
    refused_word 'deadline' "$duration" serve "--deadline=$duration"
  done
}

@test "durations: every form is accepted" {
  for duration in 250ms 2s 1.5m 1h 3 0 0.25 0s .3 .5m; do
    run tcptool serve --help "--deadline=$duration"
    expect_status 0
  done
  start_serve --deadline 0.2
  finish serve
  expect_status 124
  expect_match "$(tail -n 1 serve.err)" 200ms
  start_serve --accept-timeout 0.005m
  finish serve
  expect_status 124
  expect_match "$(tail -n 1 serve.err)" 300ms
}

@test "a duration of 0 means none" {
  start_serve --deadline 0 --accept-timeout 0s --idle-timeout 0ms --once
  tcptool send --connect-timeout 0 --idle-timeout 0 --deadline 0 --retry 0 127.0.0.1 "$port" hello
  finish serve
  expect_status 0
}

@test "sizes: an invalid one is a usage error that quotes it" {
  for size in x '' 5x 1.5K -1 '1 K' 1KB k 99999999999999999999 9999999999G; do
    refused_word 'recv-size' "$size" serve "--recv-size=$size"
  done
  refused 'recv-size.*"0"' serve --recv-size 0
}

@test "sizes: bytes, or with K, M, G" {
  for size in 1 100 64K 1M 1G; do
    start_serve -n "with$size" --once --recv-size "$size"
    tcptool send --recv-size "$size" 127.0.0.1 "$port" hello
    finish "with$size"
    expect_file "with$size.out" hello
  done
}

@test "numbers: an invalid one is a usage error that quotes it" {
  for number in x '' 5x -1 1.5 99999999999999999999; do
    refused_word 'backlog' "$number" serve "--backlog=$number"
    refused_word 'max-conns' "$number" serve "--max-conns=$number"
  done
}

@test "choices: an invalid value is a usage error that quotes it" {
  refused 'until.*"never".*eof' send --until never localhost 80 hello
  refused 'until.*""' send --until= localhost 80 hello
  refused 'eol.*"cr".*crlf' send --eol cr localhost 80 hello
  refused 'errors.*"loose".*strict' send --errors loose localhost 80 hello
  refused 'errors.*""' send --errors= localhost 80 hello
  refused 'until.*"EOF"' send --until EOF localhost 80 hello
}

@test "options may follow arguments, and -- ends them" {
  start_serve
  tcptool send 127.0.0.1 "$port" hello --eol lf
  wait_for contains serve.out hello
  tcptool send 127.0.0.1 --eol lf "$port" -- --eol crlf
  wait_for contains serve.out '--eol crlf'
  expect_file serve.out 'hello\n--eol crlf\n'
}

@test "--name=value and --name value, -p5 and -p 5 mean the same" {
  start one "$TCPTOOL" serve -b127.0.0.1 -p0 --port-file=one.port --once --reply=yes
  wait_for_port one
  run tcptool send --until=eof --connect-timeout=5s 127.0.0.1 "$port" hello
  expect_equal "$output" yes
}

@test "letters may stand together" {
  start serve "$TCPTOOL" serve -4v1p0 --port-file serve.port
  wait_for_port serve
  tcptool send 127.0.0.1 "$port" hello
  finish serve
  expect_match "$(cat serve.err)" connected
}

@test "the last of two contradicting options holds" {
  start_serve --once --port-file ignored --port-file serve.port
  tcptool send --no-sendall --sendall --until none --until eof 127.0.0.1 "$port" hello
  finish serve
  [[ ! -e ignored ]]
}

@test "conflicts are usage errors" {
  refused 'cannot be used together' serve -4 -6
  refused 'cannot be used together' send -4 -6 localhost 80 hello
  refused 'cannot be used together' serve --echo --discard
  refused 'cannot be used together' serve --reply x --reply-file y
  refused 'cannot be used together' serve --reply x --echo
  refused 'cannot be used together' serve --label --raw
  refused '"hello": --file replaces MESSAGE' send -f file localhost 80 hello
}

@test "a single operand of a command that listens is a port or an address" {
  local command
  for command in serve upper 'chat --listen'; do
    # shellcheck disable=SC2086 # two words
    set -- $command
    start "$1" "$TCPTOOL" "$@" 127.0.0.1:0 --port-file "$1.port"
    wait_for_port "$1"
    expect_match "$(cat "$1.err")" 'listening on 127\.0\.0\.1:'
    stop "$1"
    rm "$1.port"
    start "$1" "$TCPTOOL" "$@" 0 -b 127.0.0.1 --port-file "$1.port"
    wait_for_port "$1"
    expect_equal "$(cat "$1.err")" "tcptool: listening on 127.0.0.1:$port"
    stop "$1"
    refused '"99999"' "$@" 99999
    refused '"8889".*one port or address' "$@" 8888 8889
    [ "$1" = serve ] || refused '"cat": taken for a program' "$@" cat
    refused '"\[::1"' "$@" '[::1'
    start "unix-$1" "$TCPTOOL" "$@" "unix:$PWD/socket-$1"
    wait_for contains "unix-$1.err" "listening on unix:$PWD/socket-$1"
  done
}

@test "-b :PORT is every address, or the local port to connect from" {
  start serve "$TCPTOOL" serve -4 -b :0 --port-file serve.port -v
  wait_for_port serve
  local from
  from=$(closed_port)
  tcptool send -b ":$from" 127.0.0.1 "$port" hello
  wait_for contains serve.err "127.0.0.1:$from connected"
  refused '":80": the host is empty' send :80 hello
}

@test "fullwidth characters in a host or port are read as ASCII" {
  start serve "$TCPTOOL" serve １２７。０．０．１：０ --port-file serve.port
  wait_for_port serve
  tcptool send １２７．０．０．１ "$(sed 'y/0123456789/０１２３４５６７８９/' serve.port)" 'one '
  tcptool send "ｌｏｃａｌｈｏｓｔ：$port" -4 'two '
  tcptool send "127｡0。0.1" "$port" '：'
  wait_for contains serve.out '：'
  expect_file serve.out 'one two ：'
  refused '"９９９９９"' send localhost ９９９９９ hello
}

@test "--keepalive with and without a value, --nodelay, --user-timeout" {
  start_serve --keepalive --nodelay --user-timeout 30s
  tcptool send --keepalive=10s --nodelay --user-timeout 5s 127.0.0.1 "$port" hello
  wait_for contains serve.out hello
  refused 'keepalive.*"x"' serve --keepalive=x
}

@test "--keepalive and --user-timeout are set on the socket" {
  start_serve --keepalive=90s
  mkfifo hold
  exec 7<>hold
  input=hold start client "$PYTHON" "$PEERS/client_idle.py" "$port" hello
  wait_for contains serve.out hello
  run ss -tnoH state established "( sport = :$port )"
  expect_match "$output" 'timer:\(keepalive,1min'
  exec 7>&-
}

@test "an unknown encoding is a usage error that quotes it" {
  refused '"utf-99"' serve -e utf-99
  refused '"utf-99"' send -e utf-99 localhost 80 hello
  refused '"utf-99"' serve --local-encoding utf-99
  refused '""' serve -e ''
}

@test "usage errors point to the command's help" {
  refused 'tcptool serve --help' serve --nonsense
  refused 'tcptool send --help' send --nonsense
}

@test "help COMMAND and COMMAND --help say the same, and name every option of the contract" {
  for command in serve send; do
    expect_equal "$(tcptool help "$command")" "$(tcptool "$command" --help)"
  done
  help=$(tcptool serve --help=all)
  for option in bind encoding errors eol idle-timeout deadline recv-size sendall no-sendall nodelay \
    keepalive user-timeout verbose quiet port backlog once max-conns accept-timeout port-file drain \
    reply reply-file echo discard label raw local-encoding; do
    [[ $help == *"--$option"* ]] || fail "serve --help does not know --$option"
  done
  help=$(tcptool send --help=all)
  for option in bind encoding errors eol idle-timeout deadline recv-size sendall no-sendall nodelay \
    keepalive user-timeout verbose quiet connect-timeout retry file until no-half-close raw; do
    [[ $help == *"--$option"* ]] || fail "send --help does not know --$option"
  done
}

@test "help fits a screen; all of it has no empty headings and no line longer than 80 columns" {
  for command in serve send chat upper; do
    tcptool help "$command" >help
    (($(wc -l <help) <= 22)) || fail "more than 22 lines:" "$(cat help)"
    expect_match "$(cat help)" "Usage: tcptool $command .*Examples:.*--help=all"
    tcptool "$command" --help=all >all
    not grep -nE '^:$|^.{81}' help all
  done
}

@test "--help=GROUP shows one group, and help names all groups" {
  tcptool help --options >options
  for command in serve send chat upper; do
    for group in $(awk -F '\t' -v c="$command" '$1 == c { print $6 }' options | uniq); do
      expect_match "$(tcptool help "$command" | tail -n 1)" "(^|[ ,])$group(,|\$)"
      tcptool "$command" "--help=$group" | sed -nE 's/^  (-., |    )(--[a-z0-9-]+).*/\2/p' | sort >shown
      awk -F '\t' -v c="$command" -v g="$group" '$1 == c && $6 == g { print $2 }' options | sort | diff - shown
    done
  done
  refused '--help.*"nonsense".*where.*all' send --help=nonsense
  refused '--help.*""' send --help=
}

@test "help shows default values, ports included" {
  expect_match "$(tcptool help serve)" '--port PORT.*\(8888\)'
  expect_match "$(tcptool help chat)" '--port PORT.*\(9999\)'
  expect_match "$(tcptool help upper)" '--port PORT.*\(12000\)'
  help=$(tcptool chat --help=all)
  for default in 128 1000 5s 10s 20 8M; do
    expect_match "$help" "\($default\)"
  done
  expect_match "$(tcptool chat --port 5 --help)" '--port PORT.*\(9999\)'
}

@test "--version prints the version" {
  run tcptool --version
  expect_equal "$output" "tcptool $(cat "$ROOT/VERSION")"
}

@test "send: a missing host or port is a usage error where no prompt is possible" {
  refused 'host' send
  refused 'port' send localhost
}

@test "a usage error after repeatable options: nothing but the error" {
  refused '"--nonsense"' serve -b 127.0.0.1 --bind ::1 --nonsense
  refused '"--nonsense"' send -b 127.0.0.1 --nonsense localhost 80 hello
  refused '"--nonsense"' upper -b 127.0.0.1 --nonsense
  refused '"--nonsense"' chat --listen -b 127.0.0.1 --bye ciao --nonsense
  refused '"no-such-program"' serve -b 127.0.0.1 no-such-program
  refused '"x"' send -b 127.0.0.1 -f file localhost 80 x
  refused 'bind' send -b 127.0.0.1 -b ::1 localhost 80 hello
  refused '"99999"' send -b 127.0.0.1:99999 localhost 80 hello
  refused '"\[::1"' serve -b 127.0.0.1 -b '[::1'
}

@test "chat refuses what means something only to the other role, or to a room" {
  local words
  for words in '--listen --proxy socks5://there' '--listen --send-proxy' '--listen --retry 5s' \
    '--listen --connect-timeout 3'; do
    # shellcheck disable=SC2086
    run tcptool chat $words
    expect_status 2
    expect_match "$output" '^tcptool: chat: --[a-z-]+ and --listen cannot be used together'
  done
  for words in '--allow 10.0.0.0/8' '-p 5' --accept-proxy '--max-conns-per-host 3' '--port-file file' '--user root'; do
    # shellcheck disable=SC2086
    run tcptool chat $words 127.0.0.1 1
    expect_status 2
    expect_match "$output" '^tcptool: chat: --[a-z-]+ requires --listen'
  done
  run tcptool chat --listen --history 3
  expect_status 2
  expect_match "$output" '^tcptool: chat: --history requires --room'
}
