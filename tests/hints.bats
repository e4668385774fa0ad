#!/usr/bin/env bats
# What users of other programs type: the error names what does it here, and only what exists.
load helpers/common

# told PATTERN WORD...: a usage error in one line that matches.
told() {
  local pattern=$1
  shift
  run --separate-stderr tcptool "$@" </dev/null
  expect_status 2
  expect_equal "$output" ''
  expect_one_error "$stderr"
  expect_match "$stderr" "$pattern"
}

# not_told TEXT: the last error says nothing of the kind.
not_told() {
  [[ $stderr != *"$1"* ]] || fail "misleads: $stderr"
}

@test "hints: lines of nc, ncat and socat name the command that does it here" {
  told 'type: tcptool serve -p 8888$' TCP-LISTEN:8888
  told 'type: tcptool serve -p 8888$' TCP4-LISTEN:8888,fork,reuseaddr -
  told 'type: tcptool serve -p 8888$' 8888
  told 'type: tcptool serve -p 8888$' listen 8888
  told 'type: tcptool serve -p 8888$' -l 8888
  told 'type: tcptool serve -p 8888$' -lk 8888
  told 'type: tcptool serve -p 8888$' -l -p 8888
  told 'type: tcptool serve -v -p 8888$' -lvnp8888
  told 'type: tcptool serve -p 8888$' nc -l 127.0.0.1 8888
  told 'type: tcptool send localhost:80$' localhost:80
  told 'type: tcptool send host 80$' host 80
  told 'type: tcptool send host 80$' connect host 80
  told 'type: tcptool send host 80$' - TCP:host:80
  told 'type: tcptool send \[::1\] 80$' 'TCP6:[::1]:80,nodelay' -
  told 'type: tcptool send -4v host 80$' -4 -v host 80
  told 'wait --now' -zv host 80
  told '--version' version
  told '--version' -V
}

@test "hints: what changes the meaning of a line is never left out" {
  told 'no UDP' -lu 8888
  told 'no UDP' -u host 53
  told 'no UDP' UDP-LISTEN:53
  told 'no UDP' - UDP:host:53
  told 'serve PROGRAM runs' -l -p 8888 -e /bin/sh
  told 'serve sh -c COMMAND runs' -lp 8888 --sh-exec cat
  told 'serve PROGRAM runs' TCP-LISTEN:8888,fork EXEC:cat
  told 'send host 443; --tls encrypts' --ssl host 443
  told 'tls encrypts' OPENSSL:host:443 -
  told 'a command comes first' -U /path
  told '--proxy socks5://HOST:PORT' -x proxy:1080 host 80
  told 'send host 80; .*--connect-timeout' -w 3 host 80
  told 'send host 80; .*--idle-timeout' --timeout 3 host 80
  told 'send host 80; .*--until quiet' -q 1 host 80
  told 'serve -p 80; --allow RULE' -l --allow 10.0.0.0/8 80
  told '"-Z"' -Z host 80
}

@test "hints: options of other programs name the one that does it here" {
  local command
  for command in serve send chat upper; do
    told '"--ssl": --tls encrypts' "$command" --ssl
    told '"--ssl-cert": --tls-cert FILE' "$command" --ssl-cert file
  done
  for command in serve send chat upper wait; do
    told '"-u": there is no UDP here' "$command" -u
    told '"-U": .*unix:PATH' "$command" -U path
    told '"-x": .*--proxy' "$command" -x proxy
    told '"-w": .*--idle-timeout' "$command" -w 3
    told '"--timeout": .*--deadline' "$command" --timeout=3
    told '"-z": tcptool wait --now HOST:PORT' "$command" -z
    told '"-C": --eol crlf' "$command" -C
    told '"-N": .*anyway' "$command" -N
    told '"-V": .*--version' "$command" -V
    told '"--exec": .*serve PROGRAM runs' "$command" --exec cat
    told 'encoding "/bin/sh": .*serve PROGRAM runs' "$command" -e /bin/sh
    told 'encoding "cat -n": .*serve PROGRAM runs' "$command" -e 'cat -n'
  done
  told 'encoding "utf-99": expected a name that iconv -l lists' serve -e utf-99
  told '"--allow": serve, chat --listen and upper' send --allow 127.0.0.1
  told '"-l": tcptool serve -p PORT' send -l
}

@test "hints: the error names the cause, not the word behind it" {
  told '"http://localhost:80/": .* localhost 80 ' send http://localhost:80/ x
  told '"https://me@\[::1\]/a:b": .* ::1 443 ' send 'https://me@[::1]/a:b' x
  told '"tcp://host:9": .* host 9 ' chat tcp://host:9
  told '"::1:9": .* \[::1\]:9\?' send ::1:9 x
  told '"::1:9": .* \[::1\]:9\?' chat ::1:9
  told '"fe80::1:2:80": .* \[fe80::1:2\]:80\?' send fe80::1:2:80 x
  told '"1": -q takes no value' send -q 1 localhost 9 x
  run --separate-stderr tcptool serve -b ::1:8888
  expect_status 1
  expect_match "$stderr" '::1:8888.*\[::1\]:8888\?$'
}

@test "hints: a literal backslash in --reply is reported on a terminal, once" {
  start shown "$PYTHON" "$PEERS/pty_run.py" -f 02 -w listening -s 15 -- \
    "$TCPTOOL" serve -b 127.0.0.1 -p 0 --reply 'a\r\n'
  finish shown
  expect_equal "$(grep -cF "type \$'a\\r\\n'" shown.out)" 1
  for reply in 'a\d' plain; do
    run on_terminal -f 02 -w listening -s 15 -- "$TCPTOOL" serve -b 127.0.0.1 -p 0 --reply "$reply"
    expect_status 0
    [[ $output != *backslash* ]] || fail "$output"
  done
  start_serve --reply 'a\r\n'
  stop serve
  not contains serve.err backslash
}

@test "hints: an option is suggested only when it is close" {
  told '"--prot": did you mean --port\?' serve --prot 5
  told '"--untl": did you mean --until\?' send --untl=eof h 1
  for option in --nonsense --foo --compress -Z -t; do
    told "\"$option\" \(see" send "$option"
    not_told mean
  done
  told '"frobnicate" \(see' frobnicate
  not_told mean
  told '"http" \(see' http
  not_told mean
  told '"" \(see' ''
  not_told mean
}

@test "hints: every option that a hint names exists" {
  local word command named
  tcptool help --options | cut -f 2 | sort -u >known
  printf '%s\n' --help --version >>known
  sed -nE 's/^    \{[^"]*("[a-z ]*")?[^"]*"(-[^"]*)".*/\2/p' "$ROOT/modules/commands/hints.c" | sort -u >words
  [[ $(wc -l <words) -gt 30 ]]
  while read -r word; do
    for command in serve send chat upper wait; do
      run --separate-stderr tcptool "$command" "$word" --nonsense --nonsense </dev/null
      expect_status 2
      stderr=${stderr/\"$word\"/} stderr=${stderr/\"--nonsense\"/}
      { grep -oE -- "--[a-z-]+" <<<"$stderr" || true; } | while read -r named; do
        grep -qxFe "$named" known || fail "$command $word: $stderr"
      done
    done
  done <words
}
