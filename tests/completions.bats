#!/usr/bin/env bats
# The completions, inside the shells that they are for.
load helpers/common

COMPLETIONS=$ROOT/completions

commands() {
  tcptool help | awk '/^Commands:/ { on = 1; next } !NF { on = 0 } on { print $1 }'
}

# The groups of a command's options.
groups() {
  tcptool help --options | awk -F '\t' -v c="$1" '$1 == c { print $6 }' | sort -u
}

need() {
  command -v "$1" >/dev/null || skip "there is no $1 here"
}

# A zone of its own: no settings, known hosts or history of whoever runs the tests.
alone() {
  env -i HOME="$PWD" PATH="$PWD/bin:$PATH" LC_ALL=C.UTF-8 TERM=xterm PS1='ready> ' \
    XDG_CONFIG_HOME="$PWD" XDG_DATA_HOME="$PWD" "$@"
}

@test "completions: they are what the program's options make" {
  mkdir fresh
  "$COMPLETIONS/generate" "$TCPTOOL" fresh
  local file
  for file in tcptool.bash _tcptool tcptool.fish; do
    diff -u "$COMPLETIONS/$file" "fresh/$file" || fail "stale: run \"make completions\""
  done
}

# bash_offers WORD...: what bash is offered for a command line, a line each. The words
# are as bash cuts them; one that begins with ":" or "=", or comes after such a one, is
# glued to the word before it.
bash_offers() {
  cat >wishes.bash <<'END'
source "$1"
shift
[[ $(complete -p tcptool) == 'complete -F _tcptool tcptool' ]] || exit 3
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE=$1
for ((i = 1; i < $#; i++)); do
  [[ ${COMP_WORDS[i]} == [=:] || ${COMP_WORDS[i - 1]} == [=:] ]] || COMP_LINE+=' '
  COMP_LINE+=${COMP_WORDS[i]}
done
COMP_POINT=${#COMP_LINE} COMP_WORDBREAKS=${BREAKS-$COMP_WORDBREAKS}
_tcptool tcptool "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
END
  alone ${BREAKS+"BREAKS=$BREAKS"} bash --norc wishes.bash "$COMPLETIONS/tcptool.bash" tcptool "$@" | sort
}

# Lines on standard input: exactly these, in any order.
expect_lines() {
  expect_equal "$(sort)" "$(printf '%s\n' "$@" | sort)"
}

@test "bash: commands" {
  # shellcheck disable=SC2046
  bash_offers '' | expect_lines $(commands) help --help --version
  bash_offers se | expect_lines serve send
  # shellcheck disable=SC2046
  bash_offers help '' | expect_lines $(commands)
  expect_equal "$(bash_offers help serve '')" ''
  expect_equal "$(bash_offers nonsense '')" ''
}

@test "bash: options are those of the program" {
  local command
  for command in $(commands); do
    {
      tcptool help --options | awk -F '\t' -v c="$command" '$1 == c { print $2; if ($3) print $3 }'
      echo --help
    } | sort >wanted
    bash_offers "$command" - | diff wanted - || fail "$command"
  done
  bash_offers send --un | expect_lines --until
  expect_equal "$(bash_offers send -- --un)" ''
}

@test "bash: values, behind a space and behind an equals sign" {
  bash_offers serve --errors '' | expect_lines strict replace escape ignore
  bash_offers serve --errors s | expect_lines strict
  bash_offers serve --errors = s | expect_lines strict
  bash_offers serve --errors = | expect_lines strict replace escape ignore
  BREAKS=' ' bash_offers serve --errors=s | expect_lines --errors=strict
  bash_offers send --eol '' | expect_lines none lf crlf
  bash_offers send --until l | expect_lines line
  expect_equal "$(bash_offers send --retry '')" ''
  bash_offers send --help = a | expect_lines all
  # shellcheck disable=SC2046
  bash_offers send --help = | expect_lines $(groups send) all
  expect_equal "$(bash_offers send --help localho)" localhost
  bash_offers chat --send-proxy = | expect_lines v1 v2
  bash_offers send -b '' | expect_lines localhost 0.0.0.0 127.0.0.1 '[::]' '[::1]'
}

@test "bash: encodings, in the case in which they are begun" {
  bash_offers serve -e gb1803 | expect_lines gb18030
  bash_offers serve --encoding GB1803 | expect_lines GB18030
  bash_offers chat --local-encoding = big5-h | grep -x big5-hkscs
}

@test "bash: files" {
  mkdir -p 'some dir'
  touch 'a file' a_message
  bash_offers send -f a | expect_lines 'a file' a_message
  bash_offers send --file = a_ | expect_lines a_message
  bash_offers serve --reply-file s | expect_lines 'some dir'
  bash_offers serve --port-file a_ | expect_lines a_message
}

@test "bash: programs, and what they are given" {
  touch a_message
  bash_offers serve -p 80 iconv | grep -x iconv
  bash_offers serve 8888 iconv | grep -x iconv
  bash_offers serve -- iconv | grep -x iconv
  bash_offers serve cat a_ | expect_lines a_message
  bash_offers serve cat -n a_ | expect_lines a_message
  expect_equal "$(bash_offers serve cat -)" ''
  expect_equal "$(bash_offers upper iconv)" ''
}

@test "bash: hosts and ports, where they stand" {
  bash_offers send localh | grep -x localhost
  bash_offers chat localh | grep -x localhost
  bash_offers send -v --retry 5s localh | grep -x localhost
  bash_offers send localhost htt | grep -x http
  bash_offers send localhost : htt | grep -x http
  bash_offers serve -p htt | grep -x http
  expect_equal "$(bash_offers send localhost http htt)" ''
  expect_equal "$(bash_offers send localhost : http htt)" ''
  expect_equal "$(bash_offers serve localh)" ''
}

@test "bash: wait takes hosts with ports, and a program behind --" {
  bash_offers wait localh | grep -x localhost
  bash_offers wait localhost : http db:80 localh | grep -x localhost
  bash_offers wait localhost : htt | grep -x http
  bash_offers wait db:80 -- prin | grep -x printf
  touch a_message
  bash_offers wait db:80 -- cat a_ | expect_lines a_message
  expect_equal "$(bash_offers wait db:80 -- cat --g)" ''
}

# bash_types SETUP KEYS WANTED...: what bash makes of the keys; the words of the
# command that is run are printed in angle brackets.
bash_types() {
  local setup=$1 keys=$2 steps=()
  shift 2
  while (($#)); do
    steps+=(-w "$1")
    shift
  done
  cat >bash.rc <<END
$setup
tcptool() { printf '<%s>' "\$@"; echo .; }
PS1='ready'; PS1+='> '
END
  local status=0
  alone BASH_COMPLETION_USER_DIR="$PWD/bash-completion" "$PYTHON" "$PEERS/pty_run.py" -w 'ready> ' \
    -t "$keys" "${steps[@]}" -s 9 -- bash --noprofile --rcfile bash.rc -i >shown || status=$?
  ((status == 137)) || fail "status $status" "$(cat -v shown)"
}

@test "bash: with a person at the keyboard" {
  touch 'the letter'
  bash_types "source $COMPLETIONS/tcptool.bash" \
    'tcptool ser\t --err\t rep\t --reply-fi\t the\t -q\n' \
    '<serve><--errors><replace><--reply-file><the letter><-q>.'
  bash_types "source $COMPLETIONS/tcptool.bash" \
    'tcptool send --errors=st\t --file=the\t localhost:gophe\t -q\n' \
    '<send><--errors=strict><--file=the letter><localhost:gopher><-q>.'
}

@test "bash: together with the package bash-completion" {
  local package=/usr/share/bash-completion/bash_completion
  [[ -e $package ]] || skip "bash-completion is not installed"
  mkdir -p bash-completion/completions .ssh
  ln -s "$COMPLETIONS/tcptool.bash" bash-completion/completions/tcptool
  echo 'beehive.example ssh-ed25519 AAAA' >.ssh/known_hosts
  bash_types "source $package" \
    'tcptool ser\t --err\t rep\t\n' '<serve><--errors><replace>.'
  bash_types "source $package" \
    'tcptool send beeh\t gophe\t -q\n' '<send><beehive.example><gopher><-q>.'
}

# zsh_types KEYS WANTED...: the same for zsh.
zsh_types() {
  local keys=$1 steps=()
  shift
  while (($#)); do
    steps+=(-w "$1")
    shift
  done
  cat >.zshrc <<END
fpath=($COMPLETIONS \$fpath)
autoload -U compinit
compinit -u -D
setopt nolistbeep
tcptool() { print -rn - '<'"\${(j:><:)@}"'>' }
PS1='ready'; PS1+='> '
END
  local status=0
  alone ZDOTDIR="$PWD" "$PYTHON" "$PEERS/pty_run.py" -w 'ready> ' \
    -t "$keys" "${steps[@]}" -s 9 -- zsh -d -i >shown || status=$?
  ((status == 137)) || fail "status $status" "$(cat -v shown)"
}

@test "zsh: commands, options and values" {
  need zsh
  zsh_types 'tcptool ser\t--err\trep\t\n' '<serve><--errors=replace>'
  zsh_types 'tcptool send --until \t' eof first line none quiet
  zsh_types 'tcptool help up\t\n' '<help><upper>'
  zsh_types 'tcptool hel\tchat\n' '<help><chat>'
  zsh_types 'tcptool send --help=lim\t\n' '<send><--help=limits>'
  zsh_types 'tcptool send --send-proxy=\t\t' v1 v2
  zsh_types 'tcptool \t' 'Chat in lines'
  zsh_types 'tcptool chat --lis\t--roo\t-q\n' '<chat><--listen><--room><-q>'
  zsh_types 'tcptool send --keepal\t\n' '<send><--keepalive'
}

@test "zsh: encodings, files, hosts and ports" {
  need zsh
  touch 'the letter'
  zsh_types 'tcptool serve -e gb1803\t\n' '<serve><-e><GB18030>'
  zsh_types 'tcptool send -f the\t-q\n' '<send><-f><the letter><-q>'
  zsh_types 'tcptool serve --reply-file=the\t-q\n' '<serve><--reply-file=the letter><-q>'
  zsh_types 'tcptool send localh\t' localhost
  zsh_types 'tcptool serve -p gopher\t-q\n' '<serve><-p><gopher><-q>'
  zsh_types 'tcptool send localhost gopher\t-q\n' '<send><localhost><gopher><-q>'
}

@test "zsh: programs, and what they are given" {
  need zsh
  touch a_message
  zsh_types 'tcptool serve -p 80 getcon\t-a\n' '<serve><-p><80><getconf><-a>'
  zsh_types 'tcptool serve cat a_m\t\n' '<serve><cat><a_message>'
}

@test "zsh: wait takes hosts with ports, and a program behind --" {
  need zsh
  touch 'the letter'
  zsh_types 'tcptool wait db:80 localhost:gopher\t-q\n' '<wait><db:80><localhost:gopher><-q>'
  zsh_types 'tcptool wait db:80 -- mkfif\tthe\t\n' '<wait><db:80><--><mkfifo><the letter>'
}

@test "zsh: options are those of the program" {
  need zsh
  # shellcheck disable=SC2016 # zsh expands
  cat >ask.zsh <<'END'
emulate zsh
_arguments() { shift; print -rl - ${@:#-([sSCA]|\*)} }
source =(sed '$d' $1)
_tcptool_arguments $2
END
  local command
  for command in $(commands); do
    tcptool help --options | awk -F '\t' -v c="$command" '$1 == c { print $2 }' | sort >wanted
    alone zsh -f ask.zsh "$COMPLETIONS/_tcptool" "$command" |
      grep -oE '^(\([^)]*\))?\*?--[a-z0-9-]+' | sed 's/.*--/--/' | grep -vx -e --help | sort >offered
    diff wanted offered || fail "$command"
  done
}

# fish_offers LINE: what fish is offered for it, without the explanations.
fish_offers() {
  # shellcheck disable=SC2016 # fish expands
  alone fish --no-config -c 'source $argv[1]; complete -C $argv[2]' -- "$COMPLETIONS/tcptool.fish" "$1" |
    cut -f 1 | sort
}

@test "fish: commands, options and values" {
  need fish
  # shellcheck disable=SC2046
  fish_offers 'tcptool ' | expect_lines $(commands) help
  fish_offers 'tcptool se' | grep -x serve
  # shellcheck disable=SC2046
  fish_offers 'tcptool help ' | expect_lines $(commands)
  fish_offers 'tcptool serve --errors ' | expect_lines strict replace escape ignore
  fish_offers 'tcptool serve --errors=s' | grep -x -e --errors=strict
  fish_offers 'tcptool send --until ' | expect_lines eof first line quiet none
  expect_equal "$(fish_offers 'tcptool send --retry ')" ''
  expect_equal "$(fish_offers 'tcptool upper ')" ''
  # shellcheck disable=SC2046
  fish_offers 'tcptool chat --help=' | sed 's/--help=//' | expect_lines $(groups chat) all
  fish_offers 'tcptool chat --send-proxy=' | expect_lines --send-proxy=v1 --send-proxy=v2
}

@test "fish: programs, and what they are given" {
  need fish
  touch a_message
  fish_offers 'tcptool serve -p 80 getcon' | grep -x getconf
  fish_offers 'tcptool serve cat a_' | grep -x a_message
}

@test "fish: wait takes hosts, and a program behind --" {
  need fish
  fish_offers 'tcptool wait db:80 localh' | grep -x localhost
  fish_offers 'tcptool wait db:80 -- mkfif' | grep -x mkfifo
}

@test "fish: options are those of the program" {
  need fish
  local command
  for command in $(commands); do
    {
      tcptool help --options | awk -F '\t' -v c="$command" '$1 == c { print $2 }'
      echo --help
    } | sort >wanted
    fish_offers "tcptool $command --" | sed 's/=$//' | sort -u | diff wanted - || fail "$command"
  done
}

@test "fish: encodings, files, hosts and ports" {
  need fish
  touch a_message
  fish_offers 'tcptool serve -e GB1803' | grep -x GB18030
  fish_offers 'tcptool send -f a_' | grep -x a_message
  fish_offers 'tcptool serve --reply-file=a_' | grep -x -e --reply-file=a_message
  fish_offers 'tcptool send localh' | grep -x localhost
  fish_offers 'tcptool send -v --retry 5s localh' | grep -x localhost
  fish_offers 'tcptool send localhost gophe' | grep -x gopher
  fish_offers 'tcptool chat -p gophe' | grep -x gopher
}
