#!/usr/bin/env bats
# Everything that is written about the program, against the program.
load helpers/common

MAN=$ROOT/man

commands() {
  tcptool help | awk '/^Commands:/ { on = 1; next } !NF { on = 0 } on { print $1 }'
}

# The options of a command, "--name letter value" a line, from the parser.
of_parser() {
  tcptool help --options | awk -F '\t' -v c="$1" '$1 == c {
    value = $4
    if (value ~ /^\[/) value = "[=" substr(value, 2)
    print $2, ($3 == "" ? "." : $3), (value == "" ? "." : value)
  }' | sort
}

# "-x, --name VALUE" at the head of lines with a margin of $1 columns.
read_heads() {
  sed -nE "s/^ {$1}((-., )| {4})?(--[a-z0-9-]+)(\[=[A-Z]+\]| ?[^ ]+)?( .*)?\$/\3\t\2\t\4/p" | awk -F '\t' '
    $1 == "--help" { next }
    { sub(/,.*/, "", $2); sub(/^ /, "", $3); print $1, ($2 == "" ? "." : $2), ($3 == "" ? "." : $3) }' | sort
}

# A help text puts what an option does two columns or more behind it.
of_help() {
  tcptool "$1" --help=all | sed -E 's/^(  .*[^ ])  +.*$/\1/' | read_heads 2
}

of_manual() {
  mandoc -T utf8 -O width=100 "$MAN/tcptool-$1.1" | col -bx |
    sed -n '/^OPTIONS/,/^EXIT/p' | read_heads 5
}

of_bash() {
  # shellcheck disable=SC2016
  bash --norc -c '
    source "$1"
    for option in $(_tcptool_options "$2"); do
      value=$(_tcptool_value "$2" "$option") || value=
      printf "%s %s\n" "$option" "${value:-.}"
    done' - "$ROOT/completions/tcptool.bash" "$1"
}

of_fish() {
  sed -nE "s/^complete -c tcptool -n '__tcptool_uses $1'(.*) -d .*/\1/p" "$ROOT/completions/tcptool.fish" |
    sed -E 's/^( -s (.))? -l ([^ ]+)(.*)$/--\3|\2|\4/'
}

of_zsh() {
  cat >ask.zsh <<'END'
emulate zsh
_arguments() { shift; print -rl - ${@:#-([sSCA]|\*)} }
source =(sed '$d' $1)
_tcptool_arguments $2
END
  zsh -f ask.zsh "$ROOT/completions/_tcptool" "$1" | sed -E 's/^\([^)]*\)//; s/^\*//' | grep '^-'
}

same() {
  diff -u "$2" "$3" || fail "$1: the parser (-) and $4 (+) differ"
}

@test "options: parser, --help, manual and completions name the same, in both directions" {
  command -v mandoc >/dev/null || skip "there is no mandoc here"
  local command
  for command in $(commands); do
    of_parser "$command" >parser
    has_content parser
    of_help "$command" >help
    same "$command" parser help "--help"
    of_manual "$command" >manual
    same "$command" parser manual "the manual"

    # What may follow a word of a choice is not completed.
    sed -i 's/\[:TIME\]//' parser

    # bash: names and letters, and the words of a choice
    awk '{ v = $3 ~ /^[a-z].*\|/ ? $3 : $3 == "." || $3 ~ /^\[/ ? "." : "*"
           print $1, v; if ($2 != ".") print $2, v }' parser | sort >wanted
    of_bash "$command" | grep -v '^--help ' |
      awk '{ v = $2; if ($2 == "words") { v = $3; for (i = 4; i <= NF; i++) v = v "|" $i }
             print $1, ($2 == "words" || $2 == "." ? v : "*") }' | sort >bash
    same "$command" wanted bash "bash's completion"

    # fish: the same
    awk '{ v = $3 ~ /^[a-z].*\|/ ? $3 : $3 == "." || $3 ~ /^\[/ ? "." : "*"; print $1, $2, v }' parser |
      sort >wanted
    of_fish "$command" | grep -v '^--help|' | awk -F '|' '
      { v = $3 ~ /^ -[xr]/ ? "*" : "." }
      $3 ~ /-x -a \x27[a-z]+( [a-z]+)+\x27/ { v = $3; sub(/.*-a \x27/, "", v); sub(/\x27.*/, "", v); gsub(/ /, "|", v) }
      { print $1, ($2 == "" ? "." : "-" $2), v }' | sort >fish
    same "$command" wanted fish "fish's completion"

    # zsh: each name and letter has a line of its own
    command -v zsh >/dev/null || continue
    awk '{ v = $3 ~ /^[a-z].*\|/ ? $3 : $3 == "." ? "." : $3 ~ /^\[/ ? "?" : "*"
           print $1, v; if ($2 != ".") print $2, v }' parser | sort >wanted
    of_zsh "$command" | grep -v '^--help[=[]' | awk '
      { name = $0; sub(/\[.*/, "", name); mark = name; sub(/[=+].*/, "", name)
        rest = $0; sub(/^[^[]*\[([^]\\]|\\.)*\]/, "", rest)
        v = rest == "" ? "." : rest ~ /^::/ ? "?" : "*" }
      rest ~ /:\([a-z ]+\)$/ { v = rest; sub(/.*:\(/, "", v); sub(/\)$/, "", v); gsub(/ /, "|", v) }
      { print name, v }' | sort >zsh
    same "$command" wanted zsh "zsh's completion"
  done
}

@test "commands: the program, the manual and the README name the same" {
  commands | sort >program
  has_content program
  local page
  for page in "$MAN"/tcptool-*.1; do
    page=${page##*/tcptool-}
    echo "${page%.1}"
  done | sort >pages
  diff program pages
  # each has its entry in tcptool(1) and in the README, and there is none without a command
  sed -n '/^\.Sh DESCRIPTION/,/^\.Sh WORDS/s/^\.It Cm \([a-z]*\)$/\1/p' "$MAN/tcptool.1" | sort >entries
  diff program entries
  grep -oE '^\$.*tcptool [a-z]+' "$ROOT/README.md" | sed 's/.* //' | sort -u >examples
  expect_equal "$(comm -13 program examples)" ''
}

@test "manual: no warnings, and no line that a terminal of 80 columns breaks" {
  command -v mandoc >/dev/null || skip "there is no mandoc here"
  run -0 mandoc -T lint -W warning "$MAN"/*.1
  expect_equal "$output" ''
  local page
  for page in "$MAN"/*.1; do
    mandoc -T utf8 -O width=80 "$page" | col -bx >shown
    # Output of the program may be longer.
    LC_ALL=C.UTF-8 grep -E '.{81}' shown | grep -v 'tcptool: ' | sed "s/^/${page##*/}: /"
  done >long || true
  diff /dev/null long
}

@test "version: the program, VERSION and CHANGELOG agree" {
  local version
  version=$(cat "$ROOT/VERSION")
  expect_equal "$(tcptool --version)" "tcptool $version"
  grep -qF "## [$version]" "$ROOT/CHANGELOG.md"
}

# The lines of a text that call tcptool, cut into words, a call a line.
calls_in() {
  grep -oE "tcptool ($(commands | paste -sd '|'))[^|;&\`()]*" "$1" | sed "s/'[^']*'/WORD/g; s/\"[^\"]*\"/WORD/g"
}

@test "README and CONTRIBUTING: every option in them exists" {
  local text command word
  for text in README.md CONTRIBUTING.md; do
    has_content "$ROOT/$text"
    calls_in "$ROOT/$text" >calls
    while read -r _ command words; do
      { of_parser "$command"; echo '--help . .'; } | awk '{ print $1; print $2 }' >known
      for word in $words; do
        [[ $word != -- ]] || break
        [[ $word == -* ]] || continue
        grep -qxFe "${word%%=*}" known || fail "$text: tcptool $command $word"
      done
    done <calls
    # and those that stand alone
    tcptool help --options | cut -f 2,3 | tr '\t' '\n' | sort -u >all
    printf '%s\n' --help --version --options >>all
    { grep -oE '`--?[a-z][a-z0-9-]*' "$ROOT/$text" || true; } | tr -d '`' | sort -u | while read -r word; do
      grep -qxFe "$word" all || fail "$text: $word"
    done
  done
}

# extract PAGE DIRECTORY: the examples of a page, N.dialog each.
extract() {
  awk -v to="$2" '
    /^\.Sh / { in_examples = $2 == "EXAMPLES" }
    /^\.\\" run/ { marked = 1; next }
    /^\.Bd -literal/ && in_examples { n++; name = to "/" n ".dialog"; on = 1; printf "" >name
      if (!marked) print "example " n " is not marked to be run" >to "/unmarked"; next }
    /^\.Ed/ { on = 0; marked = 0; next }
    on { gsub(/\\e/, "\\"); print >name }' "$1"
}

# play DIALOG: runs what is typed in it, in the order of the page, and compares what is
# shown with what the page shows. A listener in the background is given the time to listen.
play() {
  awk '
    function typed() { if (line == "") return
      print line
      if (line ~ /&$/ && line ~ /serve|server|upper|relay|listen| -l|LISTEN/ && line !~ /^\(sleep/) print "settle " ++listeners
      line = "" }
    /^\$ / { typed(); line = substr($0, 3); next }
    /^> / { line = line "\n" substr($0, 3); next }
    END { typed() }' "$1" >script
  sed '/^[$>] /d' "$1" >expected
  write_prelude
  { cat prelude script; echo "await_shown '$PWD'; exit 0"; } >whole
  in_namespace timeout -k 5 "$LIMIT" bash whole </dev/null >shown 2>&1 3>&-
  tr -d '\r' <shown | awk '{ print }' | diff expected - || fail "$1 differs (<: the page, >: what came)" "$(cat script)"
}

# A network of its own, in which the examples' host is this one.
write_prelude() {
  printf '127.0.0.1 localhost there\n::1 localhost\n' >hosts
  cat >prelude <<'END'
ip link set lo up
mount --bind hosts /etc/hosts
settle() {
  local i
  for ((i = 0; i < 500; i++)); do
    (($(ss -ltnH | sed 's/.*:\([0-9]*\) .*:.*/\1/' | sort -u | wc -l) >= $1)) && return
    sleep 0.01
  done
}
# What runs in the background may still have something to show.
await_shown() {
  local i
  for ((i = 0; i < 500; i++)); do
    (($(grep -c '' "$1/shown") >= $(grep -c '' "$1/expected"))) && return
    sleep 0.01
  done
}
stop() { local jobs; exec 2>/dev/null; jobs=$(jobs -p); [[ -z $jobs ]] || kill $jobs 2>/dev/null; wait; }
trap stop EXIT
END
}

# play_on_terminals SCRIPT: runs its lines, each on a terminal of its own; one that ends in
# "&" in the background. All of them have to end by themselves.
play_on_terminals() {
  local line
  {
    cat prelude
    echo 'exec 2>&1; person() { "$PYTHON" "$PEERS/pty_run.py" -- bash -c "$1"; }'
    while IFS= read -r line; do
      if [[ $line == *'&' ]]; then
        printf 'person %q &\n' "${line%&}"
        [[ $line != *serve* ]] || echo 'settle 1'
      else
        printf 'person %q\n' "$line"
      fi
    done <"$1"
    echo 'wait; echo all have ended'
  } >whole
  in_namespace timeout -k 5 "$LIMIT" bash whole </dev/null >shown 3>&- || true
  contains shown 'all have ended' || fail "did not end: $(cat "$1")" "$(cat shown)"
}

# prepare_play: what the examples need.
prepare_play() {
  local program
  for program in nc.openbsd ncat socat ip; do
    command -v "$program" >/dev/null || skip "there is no $program here"
  done
  need_namespace
  mkdir bin photos
  ln -s "$TCPTOOL" bin/tcptool
  ln -s "$(command -v nc.openbsd)" bin/nc
  PATH=$PWD/bin:$PATH
  echo 'buy milk' >notes.txt
  echo jpeg >photos/cat.jpg
  mkdir dialogs
}

play_page() {
  local dialog
  prepare_play
  extract "$MAN/$1" dialogs
  [[ ! -e dialogs/unmarked ]] || fail "$(cat dialogs/unmarked)"
  has_content dialogs/1.dialog
  for dialog in dialogs/*.dialog; do
    play "$dialog"
  done
}

@test "README: the first example shows what the program prints" {
  local server client lines client_address='s/^(127\.0\.0\.1|\[::1\]):[0-9]+:/CLIENT:/'
  prepare_play
  write_prelude
  # "$ COMMAND  # comment", then what its terminal shows
  sed -n '/^```/,/^```/{/^```/d;/^$/d;s/ *# in .*//;p}' "$ROOT/README.md" | head -n 4 |
    sed -E "$client_address" >example
  mapfile -t lines <example
  server=${lines[0]#'$ '} client=${lines[2]#'$ '}
  sed '/^\$ /d' example >expected
  {
    cat prelude
    printf '"$PYTHON" "$PEERS/pty_run.py" -w ": hello, world" -s TERM -- bash -c %q >shown &\n' "exec $server"
    printf 'settle 1\n"$PYTHON" "$PEERS/pty_run.py" -- bash -c %q >reply\nwait\n' "$client"
  } >whole
  in_namespace timeout -k 5 "$LIMIT" bash whole </dev/null 3>&-
  cat shown reply | tr -d '\r' | sed -E "$client_address" | diff expected -
}

@test "manual: the examples of tcptool(1) show what they say" {
  play_page tcptool.1
}

@test "manual: the examples of tcptool-serve(1) show what they say" {
  play_page tcptool-serve.1
}

@test "manual: the examples of tcptool-send(1) show what they say" {
  play_page tcptool-send.1
}

@test "manual: the examples of tcptool-chat(1) show what they say" {
  play_page tcptool-chat.1
}

@test "manual: the examples of tcptool-upper(1) show what they say" {
  play_page tcptool-upper.1
}

@test "manual: the examples of tcptool-relay(1) show what they say" {
  play_page tcptool-relay.1
}

@test "manual: the examples of tcptool-wait(1) show what they say" {
  play_page tcptool-wait.1
}

@test "manual and README: a transfer to serve --once ends by itself with a terminal on each side" {
  local dialog
  prepare_play
  write_prelude
  # README's are for two machines: the first waits for the second.
  sed -nE '/^\$ tcptool serve .*--once/{s/^\$ (.*)/\1 \&/p;n;s/^\$ //p}' "$ROOT/README.md" >readme
  expect_match "$(cat readme)" 'tar xz &.*tar cz photos'
  play_on_terminals readme
  for page in tcptool tcptool-serve; do
    extract "$MAN/$page.1" dialogs
    for dialog in dialogs/*.dialog; do
      sed -n 's/^\$ //p' "$dialog" | grep -vE '^(wait|echo)' >typed
      if grep -q 'serve --once .*&$' typed; then
        echo "$dialog" >>played
        play_on_terminals typed
      fi
    done
    rm dialogs/*
  done
  expect_equal "$(wc -l <played)" 2
}
