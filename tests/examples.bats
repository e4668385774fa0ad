#!/usr/bin/env bats
# What examples/ contains works.
load helpers/common

EXAMPLES=$ROOT/examples

# run_example NAME ARGUMENTS...: with this program as tcptool.
run_example() {
  local example=$EXAMPLES/$1
  shift
  mkdir -p bin
  ln -sf "$TCPTOOL" bin/tcptool
  PATH=$PWD/bin:$PATH run --separate-stderr timeout --foreground -k 5 "$LIMIT" "$example" "$@"
}

@test "examples: backup.sh copies a directory" {
  mkdir -p from/photos
  head -c 300000 /dev/urandom >from/photos/cat.jpg
  run_example backup.sh from to
  expect_status 0
  expect_equal "$output$stderr" ''
  diff -r from to
  run_example backup.sh missing to
  not expect_status 0
}

@test "examples: integration-test.sh passes" {
  run_example integration-test.sh
  expect_status 0
  expect_equal "$output$stderr" passed
}

@test "examples: systemd finds no fault with the units" {
  command -v systemd-analyze >/dev/null || skip "there is no systemd-analyze here"
  mkdir units
  for unit in "$EXAMPLES"/systemd/*; do
    sed "s|/usr/local/bin/tcptool|$TCPTOOL|" "$unit" >"units/${unit##*/}"
  done
  run timeout "$LIMIT" systemd-analyze verify --man=no --recursive-errors=no units/*
  expect_status 0
  expect_equal "$output" ''
}

@test "examples: every hardening setting of the units has its reason" {
  for unit in "$EXAMPLES"/systemd/*.service; do
    awk -v unit="$unit" '
      /^(Protect|Private|Restrict|SystemCall|Capability|NoNew|Lock|Memory|UMask|Dynamic|Proc|Tasks)/ {
        count++
        if (last !~ /^# .*[.]$/) { print unit ": " $0; bad = 1 }
      }
      { last = $0 }
      END { exit bad || count < 20 }' "$unit"
  done
}

@test "examples: the commands of the units run" {
  command -v systemd-socket-activate >/dev/null || skip "there is no systemd-socket-activate here"
  command_of() {
    sed -n 's|^ExecStart=/usr/local/bin/tcptool ||p' "$EXAMPLES/systemd/$1"
  }
  for example in 'upper.service HELLO' 'sort.service hello' 'echo@.service hello'; do
    rm -f path
    local accept=()
    [[ $example != echo@* ]] || accept=(--accept)
    # shellcheck disable=SC2046
    start server systemd-socket-activate "${accept[@]}" -l "$PWD/path" "$TCPTOOL" $(command_of "${example% *}")
    wait_for test -S path
    expect_equal "$(tcptool send -q --eol lf unix:path hello)" "${example#* }"
    stop server
  done
}
