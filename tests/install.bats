#!/usr/bin/env bats
# What make install puts in place, and what make uninstall leaves.
load helpers/common

# in_place TARGET VARIABLE=VALUE...: without building anything anew.
in_place() {
  local variant=release program=tcptool
  if [[ $TCPTOOL == */build/asan/* ]]; then
    variant=asan program=build/asan/tcptool
  fi
  env -u MAKEFLAGS -u MAKELEVEL -u MAKEOVERRIDES make -s -C "$ROOT" -o "$program" "VARIANT=$variant" "$@"
}

files_in() {
  (cd "$1" && find . ! -type d | sort)
}

everything() {
  cat <<END
./usr/local/bin/tcptool
./usr/local/share/bash-completion/completions/tcptool
./usr/local/share/doc/tcptool/CHANGELOG.md
./usr/local/share/doc/tcptool/LICENSE
./usr/local/share/doc/tcptool/README.md
./usr/local/share/doc/tcptool/SECURITY.md
./usr/local/share/fish/vendor_completions.d/tcptool.fish
END
  (cd "$ROOT/man" && printf './usr/local/share/man/man1/%s\n' *.1 && printf './usr/local/share/man/man7/%s\n' *.7)
  echo ./usr/local/share/zsh/site-functions/_tcptool
}

@test "install: DESTDIR gets everything, with the right modes" {
  in_place install DESTDIR="$PWD/stage"
  everything | sort | diff - <(files_in stage)
  [[ $(find stage -type f -perm 755) == stage/usr/local/bin/tcptool ]]
  [[ -z $(find stage -type f ! -perm 755 ! -perm 644) ]]
}

@test "install: the installed program runs" {
  in_place install DESTDIR="$PWD/stage"
  expect_equal "$(stage/usr/local/bin/tcptool --version)" "tcptool $(cat "$ROOT/VERSION")"
  start serve stage/usr/local/bin/tcptool serve -b 127.0.0.1 -p 0 --port-file serve.port --once
  wait_for_port serve
  # shellcheck disable=SC2154 # wait_for_port sets it
  run -0 timeout "$LIMIT" stage/usr/local/bin/tcptool send 127.0.0.1 "$port" hello
  finish serve
  expect_equal "$status" 0
  expect_file serve.out hello
}

@test "install: man finds the pages, and shows them" {
  command -v man >/dev/null || skip "there is no man here"
  in_place install DESTDIR="$PWD/stage"
  local page
  for page in "$ROOT"/man/*.1; do
    page=$(basename "$page" .1)
    expect_equal "$(man -M "$PWD/stage/usr/local/share/man" -w "$page")" "$PWD/stage/usr/local/share/man/man1/$page.1"
    MANPAGER='cat' man -M "$PWD/stage/usr/local/share/man" "$page" >shown
    contains shown 'EXIT STATUS'
  done
  expect_equal "$(man -M "$PWD/stage/usr/local/share/man" -w tcptool-explain)" \
    "$PWD/stage/usr/local/share/man/man7/tcptool-explain.7"
}

@test "install: the shells find the completions where they look for them" {
  in_place install DESTDIR="$PWD/stage"
  if [[ -e /usr/share/bash-completion/bash_completion ]]; then
    XDG_DATA_DIRS=$PWD/stage/usr/local/share bash --norc -c '
      source /usr/share/bash-completion/bash_completion
      _completion_loader tcptool || (($? == 124))
      complete -p tcptool' >found
    contains found '-F _tcptool tcptool'
  fi
  if command -v zsh >/dev/null; then
    zsh -f -c 'fpath=($PWD/stage/usr/local/share/zsh/site-functions $fpath); autoload -U compinit
      compinit -u -D; print $_comps[tcptool]' >found
    expect_equal "$(cat found)" _tcptool
  fi
  if command -v fish >/dev/null; then
    # It asks nothing about a program that is not there.
    HOME=$PWD PATH=$PWD/stage/usr/local/bin:$PATH XDG_DATA_DIRS=$PWD/stage/usr/local/share fish -c 'complete -C "tcptool serv"' >found
    contains found serve
  fi
}

@test "install: every directory can be chosen" {
  in_place install DESTDIR="$PWD/stage" PREFIX=/opt/tcp BINDIR=/b MANDIR=/m DOCDIR=/d BASHCOMPDIR=/bc/x \
    ZSHCOMPDIR=/zc/x FISHCOMPDIR=/fc/x
  files_in stage | grep -vE '^\./(b/tcptool|m/man(1/tcptool(-[a-z]+)?\.1|7/tcptool-explain\.7)|d/[A-Z]+(\.md)?|bc/x/tcptool|zc/x/_tcptool|fc/x/tcptool\.fish)$' >others || true
  expect_equal "$(cat others)" ''
  in_place install DESTDIR="$PWD/other" PREFIX=/usr
  [[ -x other/usr/bin/tcptool && -e other/usr/share/man/man1/tcptool.1 ]]
}

@test "uninstall: only shared directories are left" {
  in_place install DESTDIR="$PWD/stage"
  in_place uninstall DESTDIR="$PWD/stage"
  expect_equal "$(files_in stage)" ''
  expect_equal "$(cd stage/usr/local && find . -type d | sort | paste -sd ' ')" \
    '. ./bin ./share ./share/doc ./share/man ./share/man/man1 ./share/man/man7'
}

@test "uninstall: files of others stay" {
  in_place install DESTDIR="$PWD/stage"
  touch stage/usr/local/bin/other stage/usr/local/share/zsh/site-functions/_other
  in_place uninstall DESTDIR="$PWD/stage"
  expect_equal "$(files_in stage | paste -sd ' ')" './usr/local/bin/other ./usr/local/share/zsh/site-functions/_other'
  in_place uninstall DESTDIR="$PWD/stage"
}
