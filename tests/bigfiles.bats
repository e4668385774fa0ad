#!/usr/bin/env bats
# 2 GB arrive whole, every way that they can be given. One after the other: they
# need the machine's memory and disk for themselves.
# bats file_tags=alone
load helpers/common

setup_file() {
  # Mostly holes, so that it is made at once; every megabyte has a mark of its own.
  cd "$BATS_FILE_TMPDIR" || return 1
  "${PYTHON:-python3}" - <<'PYTHON'
SIZE = 2 << 30
with open("data", "wb") as file:
    file.truncate(SIZE)
    for place in range(0, SIZE, 1 << 20):
        file.seek(place + place // 1048576 % 1000)
        file.write(b"this is megabyte %d" % (place >> 20))
    file.seek(SIZE - 3)
    file.write(b"END")
PYTHON
  cksum <data >wanted
}

teardown_file() {
  rm -f "$BATS_FILE_TMPDIR/data"
}

# A server whose output is summed up, not kept.
start_summing() {
  start serve bash -o pipefail -c '"$TCPTOOL" serve --once -b 127.0.0.1 -p 0 --port-file serve.port | cksum'
  wait_for_port serve
}

expect_sum() {
  finish serve
  expect_status 0
  cmp "$BATS_FILE_TMPDIR/wanted" serve.out
}

@test "2 GB by <" {
  start_summing
  tcptool send 127.0.0.1 "$port" <"$BATS_FILE_TMPDIR/data"
  expect_sum
}

@test "2 GB by cat |" {
  start_summing
  # shellcheck disable=SC2002 # a pipe is what is tested
  cat "$BATS_FILE_TMPDIR/data" | tcptool send 127.0.0.1 "$port"
  expect_sum
}

@test "2 GB by -f" {
  start_summing
  tcptool send -f "$BATS_FILE_TMPDIR/data" 127.0.0.1 "$port"
  expect_sum
}

@test "2 GB as a reply, into a file" {
  start_serve --once --reply-file "$BATS_FILE_TMPDIR/data"
  tcptool send 127.0.0.1 "$port" '' >received
  finish serve
  expect_status 0
  expect_equal "$(cksum <received)" "$(cat "$BATS_FILE_TMPDIR/wanted")"
  rm received
}

@test "each burst arrives whole, though nothing follows" {
  mkfifo printed
  exec 7<>printed
  into=printed start_serve --raw
  run -0 peer client_bursts "$port" <printed
  expect_equal "$output" arrived
  stop serve
}
