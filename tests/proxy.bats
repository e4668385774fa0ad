#!/usr/bin/env bats
# --proxy: through proxies of others, and through scripts that play awkward ones.
load helpers/common

# Most proxies end both directions when one ends, so the sending side stays open.
through() {
  local url=$1
  shift
  tcptool send --until first --proxy "$url" "$@" hello
}

# start_through SCHEME: an echo server at $target behind a foreign proxy at $proxy.
start_through() {
  start_serve -n target --echo
  target=$port
  proxy=$(closed_port)
  rm -f "pids/${pids[closed$BASHPID]-none}"
  case $1 in
    socks5) start proxy microsocks -i 127.0.0.1 -p "$proxy" ;;
    socks5-login) start proxy microsocks -i 127.0.0.1 -p "$proxy" -u 'me:too' -P 'p@ss' ;;
    http) start proxy ncat -l --proxy-type http 127.0.0.1 "$proxy" ;;
    http-login) start proxy ncat -l --proxy-type http --proxy-auth me:p@ss/1 127.0.0.1 "$proxy" ;;
    tinyproxy)
      printf '%s\n' "Port $proxy" 'Listen 127.0.0.1' 'Timeout 60' 'MaxClients 9' 'Allow 127.0.0.1' \
        'BasicAuth me secret' >tiny.conf
      start proxy tinyproxy -d -c tiny.conf
      ;;
  esac
  tcptool wait "127.0.0.1:$proxy"
}

need() {
  command -v "$1" >/dev/null || skip "there is no $1 here"
}

@test "socks5: microsocks, with a name and with an address" {
  need microsocks
  start_through socks5
  expect_equal "$(through "socks5://127.0.0.1:$proxy" localhost "$target")" hello
  expect_equal "$(through "socks5://localhost:$proxy/" 127.0.0.1 "$target")" hello
}

@test "socks5: a login, with percent-encoding" {
  need microsocks
  start_through socks5-login
  expect_equal "$(through "socks5://me%3atoo:p%40ss@127.0.0.1:$proxy" localhost "$target")" hello
  run tcptool send --proxy "socks5://me:wrong@127.0.0.1:$proxy" localhost "$target" hello
  expect_status 1
  expect_equal "$output" "tcptool: 127.0.0.1:$proxy: SOCKS proxy: the proxy refused USER and PASS"
  run tcptool send --proxy "socks5://127.0.0.1:$proxy" localhost "$target" hello
  expect_status 1
  expect_match "$output" 'SOCKS proxy: (the proxy requires a login|the connection was closed too early)'
}

@test "socks5: a target that refuses" {
  need microsocks
  start_through socks5
  run tcptool send --proxy "socks5://127.0.0.1:$proxy" 127.0.0.1 "$(closed_port)" hello
  expect_status 1
  expect_equal "$output" "tcptool: 127.0.0.1:$proxy: SOCKS proxy: connection refused"
}

@test "http: ncat, without and with a login" {
  need ncat
  start_through http
  expect_equal "$(through "http://127.0.0.1:$proxy" localhost "$target")" hello
  start_through http-login
  expect_equal "$(through "HTTP://me:p@ss%2f1@127.0.0.1:$proxy" 127.0.0.1 "$target")" hello
  run tcptool send --proxy "http://127.0.0.1:$proxy" 127.0.0.1 "$target" hello
  expect_status 1
  expect_match "$output" "^tcptool: 127.0.0.1:$proxy: HTTP proxy: 407 .*: the proxy requires a login$"
  run tcptool send --proxy "http://me:wrong@127.0.0.1:$proxy" 127.0.0.1 "$target" hello
  expect_status 1
  expect_match "$output" 'HTTP proxy: 407 .*: the proxy refused USER and PASS$'
}

@test "http: tinyproxy" {
  need tinyproxy
  start_through tinyproxy
  expect_equal "$(through "http://me:secret@127.0.0.1:$proxy" localhost "$target")" hello
  run tcptool send --proxy "http://me:secret@127.0.0.1:$proxy" 127.0.0.1 "$(closed_port)" hello
  expect_status 1
  expect_match "$output" 'HTTP proxy: 5[0-9]{2} '
}

@test "socks4a: a name goes to the proxy, an address in the form of SOCKS 4" {
  start_peer proxy server_script '<23' '>\x00\x5a\x00\x00\x00\x00\x00\x00' =
  expect_equal "$(tcptool send --proxy "socks4a://me@127.0.0.1:$port" target.test 80 hello)" hello
  expect_equal "$(cat proxy.out)" \
    "b'\\x04\\x01\\x00P\\x00\\x00\\x00\\x01me\\x00target.test\\x00'"
  start_peer address server_script '<9' '>\x00\x5a\x00\x00\x00\x00\x00\x00' =
  expect_equal "$(tcptool send --proxy "socks4a://127.0.0.1:$port" 192.0.2.1 80 hello)" hello
  expect_equal "$(cat address.out)" "b'\\x04\\x01\\x00P\\xc0\\x00\\x02\\x01\\x00'"
}

@test "chat and wait go through a proxy, too" {
  need microsocks
  start_through socks5
  mkfifo in
  exec 7<>in
  input=in start chat "$TCPTOOL" chat --proxy "socks5://127.0.0.1:$proxy" localhost "$target"
  echo hello >&7
  wait_for contains chat.out hello
  echo bye >&7
  finish chat
  expect_status 0
  tcptool wait --proxy "socks5://127.0.0.1:$proxy" --send ping --expect ping "localhost:$target"
  closed=$(closed_port)
  run tcptool wait --now --proxy "socks5://127.0.0.1:$proxy" "localhost:$target" "localhost:$closed"
  expect_status 1
  expect_equal "$output" "localhost:$target open
localhost:$closed closed: 127.0.0.1:$proxy: SOCKS proxy: connection refused"
  tcptool wait --gone --proxy "socks5://127.0.0.1:$proxy" "localhost:$closed"
}

@test "wait --gone: that the proxy is gone does not mean that the target is" {
  run tcptool wait --gone --deadline 100ms --proxy "socks5://127.0.0.1:$(closed_port)" localhost:1
  expect_status 124
  expect_match "$output" 'proxy: cannot connect to 127.0.0.1:.*Connection refused'
}

@test "replies that come byte by byte, and data right behind them" {
  start_peer http server_script '<\r\n\r\n<' \
    '~HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\nX: y\r\n\r\ndata' =
  expect_equal "$(tcptool send --proxy "http://127.0.0.1:$port" target.test 80 hello)" datahello
  expect_equal "$(cat http.out)" "b'CONNECT target.test:80 HTTP/1.1\\r\\nHost: target.test:80\\r\\n\\r\\n'"
  start_peer socks server_script '<4' '~\x05\x02' '<8' '~\x01\x00' '<18' \
    '~\x05\x00\x00\x03\x04name\x00\x50data' =
  expect_equal "$(tcptool send --proxy "socks5://me:you@127.0.0.1:$port" target.test 80 hello)" datahello
}

@test "refusals are reported in words, with status 1" {
  local reply words
  while IFS='|' read -r reply words; do
    start_peer proxy server_script '<3' '>\x05\x00' '<18' ">$reply"
    run tcptool send --proxy "socks5://127.0.0.1:$port" target.test 80 hello
    expect_status 1
    expect_equal "$output" "tcptool: 127.0.0.1:$port: SOCKS proxy: $words"
    rm proxy.port
  done <<'END'
\x05\x01\x00\x01\x00\x00\x00\x00\x00\x00|the proxy failed
\x05\x02|not allowed by the proxy's rules
\x05\x03|network unreachable from the proxy
\x05\x04|host unreachable from the proxy
\x05\x05|connection refused
\x05\x63|the proxy reported 99
\x05\x00\x00\x02\x00\x00|the reply has an unknown type of address 2
HTTP/1.0 400|the reply is not of SOCKS 5
\x05\x00\x00|the connection was closed too early
END
  while IFS='|' read -r reply words; do
    start_peer proxy server_script '<\r\n\r\n<' ">$reply"
    run tcptool send --proxy "http://127.0.0.1:$port" target.test 80 hello
    expect_status 1
    expect_equal "$output" "tcptool: 127.0.0.1:$port: HTTP proxy: $words"
    rm proxy.port
  done <<'END'
HTTP/1.1 403 Forb\x1bidden \r\n\r\n|403 Forb?idden
HTTP/1.0 502\n\n|502
HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm=x\r\n\r\n|407 No: the proxy does not accept the login Basic
HTTP/1.1 2x0 OK\r\n\r\n|the reply is not of HTTP
\x05\x00|the reply is not of HTTP
HTTP/1.1 200 OK\r\n|the connection was closed too early
END
}

@test "--handshake-timeout limits the replies of a proxy" {
  start_peer proxy server_silent
  run tcptool send --handshake-timeout 100ms --proxy "socks5://127.0.0.1:$port" target.test 80 hello
  expect_status 124
  expect_equal "$output" "tcptool: 127.0.0.1:$port: SOCKS proxy: timed out after 100ms (--handshake-timeout)"
}

@test "a proxy that cannot be connected to is named" {
  port=$(closed_port)
  run tcptool send --proxy "http://127.0.0.1:$port" target.test 80 hello
  expect_status 1
  expect_match "$output" "^tcptool: proxy: cannot connect to 127.0.0.1:$port: .*Connection refused"
}

@test "a password is hidden from the list of processes, and may come from a file" {
  start_peer proxy server_script '<4' '>\x05\x02' '<11' '>\x01\x00' '<18' '>\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00' =
  mkfifo in
  exec 7<>in
  input=in start send "$TCPTOOL" send --proxy "socks5://me:sec%72et@127.0.0.1:$port" target.test 80
  echo hello >&7
  wait_for contains send.out hello
  tr '\0' ' ' <"/proc/${pids[send]}/cmdline" >line
  expect_match "$(cat line)" "--proxy socks5://me:\*+@127.0.0.1:$port target.test 80"
  expect_match "$(cat proxy.out)" 'x02me.x06secret'
  exec 7>&-
  printf 'socks5://me:secret@127.0.0.1:%s\r\nmore\n' "$port" >url
  finish send
  expect_equal "$(tcptool send --proxy @url target.test 80 hello)" hello
}

@test "usage errors, without the password" {
  local url words
  while IFS='|' read -r url words; do
    run tcptool send --proxy "$url" target.test 80 hello
    expect_status 2
    expect_equal "$output" "tcptool: send: --proxy: invalid URL $words (see tcptool send --help)"
    [[ $output != *secret* ]]
  done <<'END'
proxy:1080|"proxy:1080": expected socks5://, socks4a:// or http://
ftp://me:secret@proxy|"ftp://me:******@proxy": expected socks5://, socks4a:// or http://
http://me:secret/@proxy|"http://me:*******@proxy": expected nothing after HOST:PORT
http://me:secret%0@proxy|"http://me:********@proxy": expected two hexadecimal digits, not 00, after %
http://me:secret%00@proxy|"http://me:*********@proxy": expected two hexadecimal digits, not 00, after %
http://:secret@proxy|"http://:******@proxy": expected a USER before the colon
socks4a://me:secret@proxy|"socks4a://me:******@proxy": socks4a has no passwords
http://|"http://": expected HOST or HOST:PORT
http://proxy:99999|"http://proxy:99999": expected a PORT from 1 to 65535, or a service name
http://proxy/path|"http://proxy/path": expected nothing after HOST:PORT
END
  run tcptool send --proxy http://proxy unix:socket hello
  expect_status 2
  expect_match "$output" '--proxy and unix:socket cannot be used together'
  run tcptool send --proxy @nowhere target.test 80 hello
  expect_status 1
  expect_match "$output" 'cannot open nowhere: No such file'
}
