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

# makes_filter [VARIABLE...]: makes the filter of system calls below this directory.
makes_filter() {
  env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s --no-print-directory -C "$ROOT" BUILD="$PWD/build" \
    "$PWD/build/syscall_filter_program.c" "$@"
}

@test "make SECCOMP=no leaves the filter of system calls out" {
  run -0 makes_filter SECCOMP=no
  expect_equal "$output" ''
  contains build/syscall_filter_program.c 'syscall_filter_size;'
}

@test "make warns where libseccomp is missing, and goes on without the filter" {
  mkdir include
  echo '#error missing' >include/seccomp.h
  run -0 --separate-stderr makes_filter CPPFLAGS="-I$PWD/include"
  expect_match "$stderr" '^warning: seccomp\.h is missing .*: system calls will not be limited$'
  contains build/syscall_filter_program.c 'syscall_filter_size;'
}
