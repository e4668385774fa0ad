#!/usr/bin/env bats
# --proxy: through proxies of others, and through scripts that play awkward ones.
load helpers/common
load helpers/certificates

setup_file() {
  make_certificates
}

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
    https) start proxy ncat -l --proxy-type http --ssl --ssl-cert "$CERTS/server.pem" \
      --ssl-key "$CERTS/server.key" --proxy-auth me:secret 127.0.0.1 "$proxy" ;;
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
  expect_equal "$output" "tcptool: cannot connect to localhost:$target: \
127.0.0.1:$proxy: SOCKS proxy: the proxy refused USER and PASS"
  run tcptool send --proxy "socks5://127.0.0.1:$proxy" localhost "$target" hello
  expect_status 1
  expect_match "$output" 'SOCKS proxy: (the proxy requires a login|the connection was closed too early)'
}

@test "socks5: a target that refuses" {
  need microsocks
  start_through socks5
  local closed
  closed=$(closed_port)
  run tcptool send --proxy "socks5://127.0.0.1:$proxy" 127.0.0.1 "$closed" hello
  expect_status 1
  expect_equal "$output" "tcptool: cannot connect to 127.0.0.1:$closed: \
127.0.0.1:$proxy: SOCKS proxy: connection refused"
}

@test "http: ncat, without and with a login" {
  need ncat
  start_through http
  expect_equal "$(through "http://127.0.0.1:$proxy" localhost "$target")" hello
  start_through http-login
  expect_equal "$(through "HTTP://me:p@ss%2f1@127.0.0.1:$proxy" 127.0.0.1 "$target")" hello
  run tcptool send --proxy "http://127.0.0.1:$proxy" 127.0.0.1 "$target" hello
  expect_status 1
  expect_match "$output" "^tcptool: cannot connect to 127.0.0.1:$target: 127.0.0.1:$proxy: HTTP proxy: 407 .*: the proxy requires a login$"
  run tcptool send --proxy "http://me:wrong@127.0.0.1:$proxy" 127.0.0.1 "$target" hello
  expect_status 1
  expect_match "$output" 'HTTP proxy: 407 .*: the proxy refused USER and PASS$'
}

# start_digest [WORD...]: an echo server at $target behind tests/peers/http_proxy.py at $port.
start_digest() {
  start_serve -n target --echo
  target=$port
  start_peer proxy http_proxy "$@"
}

# expect_requests WORDS...: the logins of the requests, in order.
expect_requests() {
  expect_equal "$(cut -d ' ' -f 3- proxy.out)" "$(printf '%s\n' "$@")"
}

@test "http: the strongest login that the proxy offers, on the same connection" {
  local offers login
  while read -r offers login; do
    # shellcheck disable=SC2086 # are words
    start_digest ${offers//,/ }
    expect_equal "$(tcptool send --proxy "http://me:secret@127.0.0.1:$port" localhost "$target" \
      hello)" hello
    expect_requests none "$login"
    run tcptool send --proxy "http://me:wrong@127.0.0.1:$port" localhost "$target" hello
    expect_status 1
    expect_equal "$output" "tcptool: cannot connect to localhost:$target: \
127.0.0.1:$port: HTTP proxy: 407 Login: the proxy refused USER and PASS"
    rm proxy.port target.port
  done <<'END'
basic Basic
basic,md5 Digest MD5
md5,sha256,basic Digest SHA-256
sha256,bytewise Digest SHA-256
END
}

@test "http: a login in a second connection, where the proxy closes the first" {
  local how
  for how in close drop; do
    start_digest sha256 "$how"
    expect_equal "$(tcptool send --proxy "http://me:secret@127.0.0.1:$port" localhost "$target" \
      hello)" hello
    expect_requests none 'Digest SHA-256'
    run tcptool send --proxy "http://me:wrong@127.0.0.1:$port" localhost "$target" hello
    expect_status 1
    expect_match "$output" '407 Login: the proxy refused USER and PASS$'
    rm proxy.port target.port
  done
}

@test "http: a nonce that is too old is replaced once" {
  start_digest sha256 stale
  expect_equal "$(tcptool send --proxy "http://me:secret@127.0.0.1:$port" localhost "$target" \
    hello)" hello
  expect_requests none 'Digest SHA-256' 'Digest SHA-256'
}

@test "http: each target of wait has logins of its own" {
  start_digest sha256 close
  closed=$(closed_port)
  run tcptool wait --now --proxy "http://me:secret@127.0.0.1:$port" "localhost:$target" \
    "localhost:$closed"
  expect_status 1
  expect_equal "$output" "localhost:$target open
localhost:$closed closed: 127.0.0.1:$port: HTTP proxy: 502 Refused"
}

@test "https: ncat, with a login, and its certificate" {
  need ncat
  start_through https
  expect_equal "$(through "https://me:secret@127.0.0.1:$proxy" --proxy-tls-ca "$CERTS/our-ca.crt" \
    localhost "$target")" hello
  run through "https://me:secret@127.0.0.1:$proxy" localhost "$target"
  expect_status 1
  expect_match "$output" "^tcptool: cannot connect to localhost:$target: 127.0.0.1:$proxy: TLS handshake: the issuer of its certificate is unknown"
  run through "https://me:secret@127.0.0.1:$proxy" --proxy-tls-ca "$CERTS/other-ca.crt" \
    localhost "$target"
  expect_status 1
}

@test "TLS to a target through each kind of proxy" {
  local kind url ca
  need ncat
  need microsocks
  need tinyproxy
  while read -r kind url; do
    start_through "$kind"
    ca=()
    [[ $kind != https ]] || ca=(--proxy-tls-ca "$CERTS/our-ca.crt")
    start_serve -n secure --tls --tls-cert "$CERTS/server.pem" --echo
    expect_equal "$(through "${url/PROXY/127.0.0.1:$proxy}" "${ca[@]}" \
      --tls --tls-ca "$CERTS/our-ca.crt" localhost "$port")" hello
    run through "${url/PROXY/127.0.0.1:$proxy}" "${ca[@]}" \
      --tls --tls-ca "$CERTS/other-ca.crt" localhost "$port"
    expect_status 1
    expect_match "$output" "^tcptool: localhost:$port: TLS handshake: "
    rm -f ./*.port
  done <<'END'
socks5 socks5://PROXY
http http://PROXY
tinyproxy http://me:secret@PROXY
https https://me:secret@PROXY
END
}

# start_https_proxy: $port is a proxy with half-closing behind TLS.
start_https_proxy() {
  start_peer plain http_proxy sha256
  start_serve -n proxy --tls --tls-cert "$CERTS/server.pem" "$TCPTOOL" send 127.0.0.1 "$port"
}

@test "TLS in TLS: bulk data both ways, and the end of data of each side" {
  start_serve -n target --echo --tls --tls-cert "$CERTS/server.pem"
  target=$port
  start_https_proxy
  head -c 3000000 /dev/urandom >data
  tcptool send --proxy "https://me:secret@localhost:$port" --proxy-tls-ca "$CERTS/our-ca.crt" \
    --tls --tls-ca "$CERTS/our-ca.crt" -f data localhost "$target" >back
  cmp data back
}

@test "TLS in TLS: a reply that comes long after the end of data" {
  start_serve -n target --tls --tls-cert "$CERTS/server.pem" \
    sh -c 'cat >got; until [ -e go ]; do sleep 0.02; done; cat got'
  target=$port
  start_https_proxy
  start send "$TCPTOOL" send --proxy "https://me:secret@localhost:$port" \
    --proxy-tls-ca "$CERTS/our-ca.crt" --tls --tls-ca "$CERTS/our-ca.crt" \
    localhost "$target" hello
  wait_for contains got hello
  touch go
  finish send
  expect_status 0
  expect_equal "$(cat send.out)" hello
}

@test "a PROXY header follows the proxy's reply, before TLS" {
  start_serve -n target --accept-proxy --echo -v --tls --tls-cert "$CERTS/server.pem"
  target=$port
  start_peer proxy http_proxy
  expect_equal "$(tcptool send --send-proxy=v2 --proxy "http://127.0.0.1:$port" --tls \
    --tls-ca "$CERTS/our-ca.crt" localhost "$target" hello)" hello
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
    expect_equal "$output" "tcptool: cannot connect to target.test:80: 127.0.0.1:$port: SOCKS proxy: $words"
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
    expect_equal "$output" "tcptool: cannot connect to target.test:80: 127.0.0.1:$port: HTTP proxy: $words"
    rm proxy.port
  done <<'END'
HTTP/1.1 403 Forb\x1bidden \r\n\r\n|403 Forb?idden
HTTP/1.0 502\n\n|502
HTTP/1.1 407 No\r\nProxy-Authenticate: Digest realm=x\r\n\r\n|407 No: the proxy offers no login that tcptool has (Basic, Digest)
HTTP/1.1 2x0 OK\r\n\r\n|the reply is not of HTTP
\x05\x00|the reply is not of HTTP
HTTP/1.1 200 OK\r\n|the connection was closed too early
END
}

@test "--handshake-timeout limits the replies of a proxy" {
  start_peer proxy server_silent
  run tcptool send --handshake-timeout 100ms --proxy "socks5://127.0.0.1:$port" target.test 80 hello
  expect_status 124
  expect_equal "$output" "tcptool: cannot connect to target.test:80: \
127.0.0.1:$port: SOCKS proxy: timed out after 100ms (--handshake-timeout)"
}

@test "--retry tries again until the proxy is there" {
  port=$(closed_port)
  start send "$TCPTOOL" send --retry 30s --proxy "socks5://127.0.0.1:$port" target.test 80 hello
  rm -f "pids/${pids[closed$BASHPID]-none}"
  start proxy "$PYTHON" -u "$PEERS/server_script.py" "=$port" '<3' '>\x05\x00' '<18' \
    '>\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00' =
  finish send
  expect_status 0
  expect_equal "$(cat send.out)" hello
}

@test "what a proxy sends has limits" {
  start_peer proxy server_script '<\r\n\r\n<' '>HTTP/1.1 200 OK\r\n' '*X: y\r\n'
  run tcptool send --proxy "http://127.0.0.1:$port" target.test 80 hello
  expect_status 1
  expect_match "$output" 'HTTP proxy: more than 16384 bytes$'
  rm proxy.port
  start_peer proxy server_script '<\r\n\r\n<' '*HTTP/1.1 100 Continue\r\n\r\n'
  run tcptool send --proxy "http://127.0.0.1:$port" target.test 80 hello
  expect_status 1
  expect_match "$output" 'HTTP proxy: 100 Continue$'
}

@test "a proxy that cannot be connected to is named" {
  port=$(closed_port)
  run tcptool send --proxy "http://127.0.0.1:$port" target.test 80 hello
  expect_status 1
  expect_match "$output" "^tcptool: cannot connect to target.test:80: proxy: cannot connect to 127.0.0.1:$port: .*Connection refused"
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
proxy:1080|"proxy:1080": expected socks5://, socks4a://, http:// or https://
ftp://me:secret@proxy|"ftp://me:******@proxy": expected socks5://, socks4a://, http:// or https://
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
