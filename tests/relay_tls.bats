#!/usr/bin/env bats
# relay with TLS: with clients (--tls), with the other side (--to-tls), and with both.
load helpers/common
load helpers/certificates

setup_file() {
  make_certificates
}

# start_tls [-n NAME] [OPTIONS...]: a server with a certificate for localhost.
start_tls() {
  local name=(-n serve)
  if [[ ${1-} == -n ]]; then
    name=(-n "$2")
    shift 2
  fi
  start_serve "${name[@]}" --tls --tls-cert "$CERTS/server.pem" "$@"
}

# start_to_tls [-n NAME] [ARGUMENTS...]: a relay that trusts our authority.
start_to_tls() {
  local name=(-n relay)
  if [[ ${1-} == -n ]]; then
    name=(-n "$2")
    shift 2
  fi
  start_relay "${name[@]}" --to-tls --to-tls-ca "$CERTS/our-ca.crt" "$@"
}

secure() {
  tcptool send --tls --tls-ca "$CERTS/our-ca.crt" "$@"
}

# start_tls_peer [OPTIONS...]: see tests/peers/tls_peer.py.
start_tls_peer() {
  start_peer peer tls_peer listen "$CERTS/server.pem" "$@"
}

# expect_reply TEXT: what a client of the relay gets.
expect_reply() {
  run --separate-stderr tcptool send 127.0.0.1 "$port" hello
  expect_status 0
  expect_equal "$output" "$1"
}

# expect_rejected NAME TEXT: this relay resets its client, and its line says why.
expect_rejected() {
  run --separate-stderr tcptool send 127.0.0.1 "$port" hello
  expect_status 1
  expect_match "$stderr" 'Connection reset by peer'
  wait_for contains "$1.err" "$2"
}

make_data() {
  head -c 3000000 /dev/urandom >data
}

@test "relay --tls: clients are encrypted, and the other side is not" {
  make_data
  start_serve --echo
  start_relay --once --tls --tls-cert "$CERTS/server.pem" "127.0.0.1:$port"
  secure localhost "$port" <data >reply
  cmp data reply
  finish relay
  expect_status 0
}

@test "relay --to-tls: the other side is encrypted, and clients are not" {
  make_data
  start_tls --echo
  start_to_tls --once "localhost:$port"
  tcptool send localhost "$port" <data >reply
  cmp data reply
  finish relay
  expect_status 0
}

@test "relay --tls --to-tls: both sides, with a late reply and with workers" {
  make_data
  input=data start_tls_peer --reply-late
  start_to_tls --tls --tls-cert "$CERTS/server.pem" "localhost:$port"
  secure localhost "$port" <data >reply
  cmp data reply
  finish peer
  cmp data peer.out
  contains peer.err 'ended by close_notify'
  start_tls --echo
  start_to_tls -n many --workers 3 --tls --tls-cert "$CERTS/server.pem" "localhost:$port"
  for _ in 1 2 3 4 5 6; do
    expect_equal "$(secure localhost "$port" hello)" hello
  done
  stop many
  expect_status 0
}

@test "relay --to-tls: the name of each ADDRESS is verified, and sent" {
  start_serve -n elsewhere --tls --tls-cert "$CERTS/elsewhere.pem" --reply elsewhere
  elsewhere=$port
  start_tls --reply here
  start_to_tls "localhost:$elsewhere" "127.0.0.1:$elsewhere" "localhost:$port"
  expect_reply here
  start_to_tls -n all "localhost:$elsewhere" "127.0.0.1:$(closed_port)" "127.0.0.1:$elsewhere"
  expect_rejected all 'not for localhost; cannot connect'
  contains all.err "127.0.0.1:$elsewhere: TLS handshake: its certificate is for elsewhere.example, 192.0.2.1, not for 127.0.0.1"
  (($(grep -c elsewhere.example all.err) == 1))
}

@test "relay --to-tls: when TLS to one ADDRESS fails or stalls, the next is tried" {
  start_serve -n plain --reply plain
  plain=$port
  start_peer silent server_silent
  silent=$port
  start_tls --reply here
  start_to_tls --handshake-timeout 300ms "localhost:$plain" "localhost:$silent" "localhost:$port"
  expect_reply here
}

@test "relay --to-tls: without an authority that is trusted nothing is sent" {
  start_serve --tls --tls-cert "$CERTS/other-server.pem"
  start_to_tls "localhost:$port"
  expect_rejected relay 'the issuer of its certificate is unknown'
  expect_equal "$(cat serve.out)" ''
}

@test "relay --to-tls-name, --to-tls-pin, --to-tls-insecure and --to-tls-min" {
  start_serve --tls --tls-cert "$CERTS/elsewhere.pem" --tls-min 1.3 --reply yes
  server=$port
  start_to_tls -n name --to-tls-name elsewhere.example "127.0.0.1:$server"
  expect_reply yes
  start_relay -n pin --to-tls --to-tls-pin "$(pin_of elsewhere)" "127.0.0.1:$server"
  expect_reply yes
  start_relay -n insecure --to-tls --to-tls-insecure "127.0.0.1:$server"
  expect_reply yes
  contains insecure.err 'no peer is verified (--to-tls-insecure)'
  start_relay --to-tls --to-tls-pin "$(pin_of server)" "127.0.0.1:$server"
  expect_rejected relay "its key is $(pin_of elsewhere)"
  start_listener older openssl s_server -accept 127.0.0.1:0 -cert "$CERTS/server.pem" -tls1_2 -rev
  start_to_tls -n min --to-tls-min 1.3 "localhost:$port"
  expect_rejected min 'rejected by the peer: protocol version'
}

@test "relay --to-tls-cert, --to-tls-key, --to-tls-psk and --to-tls-alpn" {
  start_tls --tls-ca "$CERTS/our-ca.crt" --reply welcome
  server=$port
  start_to_tls -n cert --to-tls-cert "$CERTS/client.crt" --to-tls-key "$CERTS/client.key" "localhost:$server"
  expect_reply welcome
  start_to_tls "localhost:$server"
  expect_rejected relay 'rejected by the peer: certificate required'
  start_serve -n shared --tls --tls-psk "$CERTS/shared.key" --reply shared
  start_relay -n psk --to-tls --to-tls-psk "$CERTS/shared.key" "127.0.0.1:$port"
  expect_reply shared
  start_tls -n alpn --tls-alpn h2 --reply two
  server=$port
  start_to_tls -n good --to-tls-alpn http/1.1,h2 "localhost:$server"
  expect_reply two
}

@test "relay --to-any --to-tls: the name that the client requests is verified" {
  start_tls --reply pong
  server=$port
  start_to_tls --to-any
  printf 'CONNECT localhost:%d HTTP/1.1\r\n\r\nping' "$server" >request
  expect_match "$(tcptool send localhost "$port" <request | tr -d '\r')" '^HTTP/1.1 200 .*pong$'
  start_serve -n elsewhere --tls --tls-cert "$CERTS/elsewhere.pem"
  elsewhere=$port
  port=$(cat relay.port)
  printf 'CONNECT localhost:%d HTTP/1.1\r\n\r\nping' "$elsewhere" >request
  expect_match "$(tcptool send localhost "$port" <request | tr -d '\r')" '^HTTP/1.1 502 '
  wait_for contains relay.err 'not for localhost'
}

@test "relay --tls --to-any: the request comes over TLS" {
  start_serve -n plain --reply pong
  plain=$port
  start_relay --once --to-any --tls --tls-cert "$CERTS/server.pem"
  printf 'CONNECT 127.0.0.1:%d HTTP/1.1\r\n\r\nping' "$plain" >request
  secure localhost "$port" <request >reply
  expect_match "$(tr -d '\r' <reply)" '^HTTP/1.1 200 .*pong$'
  finish relay
  expect_status 0
}

@test "relay: a side of TLS that ends without close_notify becomes a reset, after its data" {
  make_data
  for end in bare cut; do
    input=data start_tls_peer --end "$end"
    start_to_tls -n "to-$end" "localhost:$port"
    run -1 --separate-stderr tcptool send 127.0.0.1 "$port" hello
    expect_match "$stderr" 'Connection reset by peer'
    wait_for contains "to-$end.err" 'without a TLS close_notify: data may be missing'
    finish peer
    rm peer.port

    start_serve -n "got-$end" -v
    start_relay -n "from-$end" --once --tls --tls-cert "$CERTS/server.pem" "127.0.0.1:$port"
    peer tls_peer "$port" connect --end "$end" <data || true # it is reset, too
    finish "from-$end"
    expect_status 1
    contains "from-$end.err" 'without a TLS close_notify: data may be missing'
    wait_for contains "got-$end.err" 'Connection reset by peer'
    cmp data "got-$end.out"
  done
}

@test "relay --send-proxy: the header comes before TLS, on both sides" {
  start_tls --accept-proxy -v
  start_to_tls --send-proxy --accept-proxy --tls --tls-cert "$CERTS/server.pem" "localhost:$port"
  secure --send-proxy -b 127.0.0.9 localhost "$port" hello
  wait_for contains serve.err '127.0.0.9:'
  wait_for contains serve.out hello
}

@test "relay: SIGHUP reads the files of both sides again" {
  cp "$CERTS/other-ca.crt" ca.crt
  cp "$CERTS/other-server.pem" own.pem
  start_tls --reply yes
  start_relay --tls --tls-cert own.pem --to-tls --to-tls-ca ca.crt "localhost:$port"
  run -1 tcptool send --tls --tls-insecure localhost "$port" hello
  wait_for contains relay.err 'the issuer of its certificate is unknown'
  cp "$CERTS/our-ca.crt" ca.crt
  cp "$CERTS/server.pem" own.pem
  kill -HUP "${pids[relay]}"
  reread() {
    (($(grep -c 'were read again' relay.err) == 2))
  }
  wait_for reread
  expect_equal "$(secure localhost "$port" hello)" yes
}

@test "relay: options about TLS that contradict each other are usage errors that name them" {
  check() {
    run -2 --separate-stderr tcptool relay -p 0 "${@:2}"
    expect_one_error "$stderr"
    [[ $stderr == *"$1"* ]] || fail "is: $stderr" "wanted in it: $1"
  }
  check 'the options --to-tls-... require --to-tls' --to-tls-insecure localhost:1
  check '--to-tls-key requires --to-tls-cert' --to-tls --to-tls-key x localhost:1
  check '--to-tls-ca and --to-tls-pin' --to-tls --to-tls-ca x --to-tls-pin "$(pin_of server)" localhost:1
  check '--to-tls to unix:/x requires --to-tls-name' --to-tls unix:/x
  check '--tls-name is the name of a server' --tls --tls-name x localhost:1
  run -1 --separate-stderr tcptool relay -p 0 --to-tls --to-tls-ca nofile localhost:1
  expect_match "$stderr" nofile
}
