#!/usr/bin/env bats
# What make shows while it builds.
load helpers/common

# builds [VARIABLE|OPTION...]: compiles one file below this directory.
builds() {
  rm -rf build
  env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory -C "$ROOT" BUILD="$PWD/build" "$@" \
    "$PWD/build/modules/base/num.o"
}

@test "make shows one short line per file" {
  run -0 builds
  expect_equal "$output" 'CC modules/base/num.c'
}

@test "make V=1 shows the whole command, make -s nothing" {
  run -0 builds V=1
  expect_match "$output" '-Wconversion .*-c -o [^ ]+/modules/base/num\.o modules/base/num\.c'
  run -0 builds -s
  expect_equal "$output" ''
}

@test "make shows warnings below the line of their file" {
  echo '#warning look here' >warned.h
  run -0 builds CPPFLAGS="-I$PWD -include warned.h"
  expect_equal "${lines[0]}" 'CC modules/base/num.c'
  expect_match "$output" 'look here'
}
