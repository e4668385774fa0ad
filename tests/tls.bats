#!/usr/bin/env bats
# TLS in both roles, with the programs that people have, and with peers that misbehave.
load helpers/common
load helpers/certificates

setup_file() {
  make_certificates
}

# tls_peer [ARGUMENTS...]: see tests/peers/tls_peer.py.
tls_peer() {
  peer tls_peer "$@"
}

# start_tls [-n NAME] [OPTIONS...]: a server with a certificate for localhost.
start_tls() {
  local name=()
  if [[ ${1-} == -n ]]; then
    name=(-n "$2")
    shift 2
  fi
  start_serve "${name[@]}" --tls --tls-cert "$CERTS/server.pem" "$@"
}

# secure [ARGUMENTS...]: a client that trusts our authority.
secure() {
  tcptool send --tls --tls-ca "$CERTS/our-ca.crt" "$@"
}

# start_tls_peer [OPTIONS...]: the same peer as a server.
start_tls_peer() {
  start_peer peer tls_peer listen "$CERTS/server.pem" "$@"
}

make_data() {
  head -c "${1:-3000000}" /dev/urandom >data
}

# expect_error TEXT: the only line of $stderr is an error, and says so.
expect_error() {
  expect_one_error "$stderr"
  [[ $stderr == *"$1"* ]] || fail "is: $stderr" "wanted in it: $1"
}

# no_openssl NAME: the process has not loaded it.
no_openssl() {
  ! grep -q -e libssl -e libcrypto "/proc/${pids[$1]}/maps"
}

@test "without --tls OpenSSL is neither linked nor loaded" {
  start_serve
  no_openssl serve
  run -0 readelf -d "$TCPTOOL"
  [[ $output != *ssl* && $output != *crypto* ]] || fail "$output"
  start_serve -n secure --tls
  not no_openssl secure
}

@test "the program's file names the libraries that it loads" {
  run readelf -n -W "$TCPTOOL"
  expect_match "$output" 'FDO .*0x407c0c0a'
  readelf -p .note.dlopen "$TCPTOOL" >note
  contains note '"soname":["libssl.so.3"]'
  contains note '"soname":["libcrypto.so.3"]'
}

@test "a missing OpenSSL is an error with --tls only" {
  mkdir broken
  echo text >broken/libssl.so.3
  export LD_LIBRARY_PATH=$PWD/broken
  run -1 --separate-stderr tcptool send --tls localhost 1 hello
  expect_error 'TLS requires OpenSSL 3: '
  contains <(printf %s "$stderr") libssl.so.3
  run -1 --separate-stderr tcptool send 127.0.0.1 "$(closed_port)" hello
  expect_error 'Connection refused'
}

@test "a server without a certificate prints the command that connects to it" {
  start_serve --tls --once
  wait_for contains serve.err 'connect with: '
  line=$(sed -n 's/^tcptool: connect with: tcptool //p' serve.err)
  expect_match "$line" "^send --tls --tls-pin sha256/[A-Za-z0-9+/]{43}= 127\.0\.0\.1 $port\$"
  # shellcheck disable=SC2086 # words of a command line
  tcptool $line hello
  finish serve
  expect_status 0
  expect_equal "$(cat serve.out)" hello
}

@test "the certificate made in memory is of an EC key and valid for 90 days" {
  start_serve --tls
  openssl s_client -connect "127.0.0.1:$port" </dev/null 2>/dev/null | openssl x509 -out made.pem
  openssl x509 -in made.pem -noout -checkend $((90 * 86400 - 600))
  not openssl x509 -in made.pem -noout -checkend $((90 * 86400))
  contains <(openssl x509 -in made.pem -noout -text) 'prime256v1'
  pin=$(openssl x509 -in made.pem -pubkey -noout | openssl pkey -pubin -outform der |
    openssl dgst -sha256 -binary | base64)
  contains serve.err "--tls-pin sha256/$pin "
}

@test "bulk data arrives whole in both directions, between two of us" {
  make_data
  start_tls --echo --once
  secure localhost "$port" <data >echoed
  cmp data echoed
  finish serve
  expect_status 0
  start_tls -n again --once
  secure --until none localhost "$port" <data
  finish again
  expect_status 0
  cmp data again.out
}

@test "--reply, --reply-file, --discard and --progress work over TLS" {
  make_data
  start_tls --reply-file data --progress --once
  secure --progress localhost "$port" <data >got 2>progress
  cmp data got
  contains progress '2.9 MiB in '
  contains serve.err '2.9 MiB in '
  finish serve
  expect_status 0
  start_tls -n reply --reply 'thank you' --once
  expect_equal "$(secure localhost "$port" hello)" 'thank you'
  finish reply
  expect_status 0
  expect_equal "$(cat reply.out)" hello
  start_tls -n discard --discard --once -v
  secure localhost "$port" <data
  finish discard
  expect_status 0
  contains discard.err 'closed: 3000000 bytes in, 0 bytes out'
}

@test "--until first and --until line take what they ask for, and both sides exit with 0" {
  start_tls --reply yes --eol lf --once
  expect_equal "$(secure --until line localhost "$port" hello)" yes
  finish serve
  expect_status 0
  start_tls -n again --reply yes --once
  expect_equal "$(secure --until first localhost "$port" hello)" yes
  finish again
  expect_status 0
}

@test "upper and --single work over TLS, with workers too" {
  start upper "$TCPTOOL" upper -b 127.0.0.1 -p 0 --port-file upper.port --workers 3 --tls \
    --tls-cert "$CERTS/server.pem"
  wait_for_port upper
  for word in one two three four five six; do
    expect_equal "$(secure localhost "$port" "$word")" "${word^^}"
  done
  start single "$TCPTOOL" upper -b 127.0.0.1 -p 0 --port-file single.port --single --tls \
    --tls-cert "$CERTS/server.pem"
  wait_for_port single
  expect_equal "$(secure localhost "$port" straße)" STRASSE
}

@test "a chat of two and a room work over TLS" {
  start_chat() {
    start "$1" "$TCPTOOL" chat --listen "${@:2}" -b 127.0.0.1 -p 0 --port-file "$1.port" \
      --tls --tls-cert "$CERTS/server.pem"
    wait_for_port "$1"
  }
  input=<(echo hello) start_chat talk
  run -0 --separate-stderr tcptool chat --tls --tls-ca "$CERTS/our-ca.crt" localhost "$port" <<<'bye'
  expect_equal "$output" hello
  finish talk
  expect_status 0
  contains talk.out bye
  start_chat room --room
  mkfifo say
  exec {said}<>say
  input=say start ann "$TCPTOOL" chat --name Ann --tls --tls-ca "$CERTS/our-ca.crt" localhost "$port"
  wait_for contains room.out 'guest1 is now Ann'
  echo 'hello, 世界' >&"$said"
  wait_for contains room.out 'Ann: hello, 世界'
  start eve ncat --ssl 127.0.0.1 "$port"
  wait_for contains ann.out 'guest2'
}

@test "after its bye it does not matter how the other side hangs up" {
  start chat "$TCPTOOL" chat --listen -b 127.0.0.1 -p 0 --port-file chat.port --tls \
    --tls-cert "$CERTS/server.pem"
  wait_for_port chat
  tls_peer "$port" connect --end bare <<<'bye'
  finish chat
  expect_status 0
  contains chat.out bye
}

@test "small reads lose nothing that was decrypted ahead" {
  make_data 50000
  start_tls --once --recv-size 7
  tls_peer "$port" connect --bytewise < <(head -c 5000 data)
  finish serve
  expect_status 0
  head -c 5000 data | cmp - serve.out
  start_tls -n whole --once --recv-size 1000
  secure localhost "$port" <data
  finish whole
  cmp data whole.out
}

@test "part of a record costs no processor time" {
  start_tls
  mkfifo say
  exec {said}<>say
  start peer "$PYTHON" "$PEERS/tls_partial.py" "$port"
  wait_for contains peer.out sent
  ticks() { awk '{ print $14 + $15 }' "/proc/${pids[serve]}/stat"; }
  before=$(ticks)
  # The peer sleeps for a second of its own, then completes the record.
  wait_for contains serve.out 'whole record'
  (($(ticks) - before < 20)) || fail "used $(($(ticks) - before)) ticks"
}

# Half-close, with programs that people have.

@test "the end of data: a Python peer as the client, with TLS 1.3 and 1.2" {
  make_data
  local version end
  for version in 1.3 1.2; do
    for end in notify close; do
      start_tls -n "echo-$version-$end" --echo --once
      tls_peer "$port" connect --end "$end" --max "$version" <data >got
      cmp data got
      finish "echo-$version-$end"
      expect_status 0
    done
  done
}

@test "the end of data: a Python peer as the server, which replies late or at once" {
  make_data
  local end late
  for end in notify close; do
    for late in '' --reply-late; do
      # shellcheck disable=SC2086 # no word when empty
      input=data start_tls_peer --end "$end" $late
      secure localhost "$port" <data >got
      cmp data got
      finish peer
      cmp data peer.out
      contains peer.err 'ended by close_notify'
      rm -f peer.port
    done
  done
}

@test "a peer that ends with a bare FIN gets its reply, and the result is 1 with a line" {
  make_data
  start_tls --echo --once
  tls_peer "$port" connect --end bare <data >got
  cmp data got
  finish serve
  expect_status 1
  contains serve.err 'without a TLS close_notify: data may be missing'
  input=data start_tls_peer --end bare
  run -1 --separate-stderr secure localhost "$port" hello
  expect_error 'without a TLS close_notify: data may be missing'
  finish peer
  expect_equal "$(cat peer.out)" hello
}

@test "a record that is cut off is an error after the data before it was delivered" {
  echo hello >data
  start_tls --once
  tls_peer "$port" connect --end cut <data
  finish serve
  expect_status 1
  cmp data serve.out
  contains serve.err 'data may be missing'
  input=data start_tls_peer --end cut
  run -1 --separate-stderr secure localhost "$port" hello
  expect_equal "$output" hello
  expect_error 'data may be missing'
}

@test "openssl s_client: gets a reply, and its close_notify is the end" {
  start_tls --reply-file "$CERTS/server.crt" --once
  openssl s_client -quiet -connect "127.0.0.1:$port" </dev/null >got 2>/dev/null
  cmp "$CERTS/server.crt" got
  finish serve
}

@test "openssl s_server: receives all, and what it sends before it closes arrives" {
  make_data
  mkfifo say
  exec {said}<>say # at the end of its input it ends
  input=say start_listener peer openssl s_server -accept 127.0.0.1:0 -cert "$CERTS/server.pem" -quiet -naccept 1
  secure localhost "$port" <data
  finish peer
  cmp data peer.out
  start_listener reverse openssl s_server -accept 127.0.0.1:0 -cert "$CERTS/server.pem" -rev -naccept 1
  expect_equal "$(secure --eol lf localhost "$port" hello)" olleh
}

@test "ncat --ssl: sends and receives in both roles" {
  make_data
  start_tls --echo --once
  ncat --ssl 127.0.0.1 "$port" <data >got
  cmp data got
  finish serve
  input=data start_listener peer ncat -l --ssl --ssl-cert "$CERTS/server.pem" --ssl-key "$CERTS/server.key" \
    127.0.0.1 0
  secure --no-half-close localhost "$port" <data >received || true
  cmp data received
  finish peer
  cmp data peer.out
}

@test "socat OPENSSL: sends and receives in both roles" {
  make_data
  start_tls --echo --once
  socat -t 30 - "OPENSSL:127.0.0.1:$port,cafile=$CERTS/our-ca.crt,commonname=localhost" <data >got
  cmp data got
  finish serve
  expect_status 0
  cat >reply.sh <<'END'
cat >received
echo got it
END
  start_listener peer socat -t 30 "OPENSSL-LISTEN:0,bind=127.0.0.1,cert=$CERTS/server.pem,verify=0" \
    EXEC:'sh reply.sh'
  expect_equal "$(secure localhost "$port" <data)" 'got it'
  finish peer
  cmp data received
}

@test "a peer that has ended in order may reset what is left: our close_notify is no data" {
  start_tls --once
  tls_peer "$port" connect --end notify --leave <<<'hello'
  finish serve
  expect_status 0
  expect_equal "$(cat serve.out)" hello
}

# Trust.

# expect_rejected CERTIFICATE TEXT: the client rejects the server's certificate.
expect_rejected() {
  start_serve -n "rejected-$1" --tls --tls-cert "$CERTS/$1.pem"
  run -1 --separate-stderr secure localhost "$port" hello
  expect_error "TLS handshake: $2"
  wait_for contains "rejected-$1.err" 'TLS handshake: rejected by the peer: '
  [[ ! -s rejected-$1.out ]] || fail "data was sent"
}

@test "a server's certificate: each reason to reject it is said in words" {
  expect_rejected old 'its certificate expired yesterday ('
  expect_rejected early 'its certificate is not valid before '
  expect_rejected elsewhere 'its certificate is for elsewhere.example, 192.0.2.1, not for localhost'
  expect_rejected other-server 'the issuer of its certificate is unknown (/CN=other-ca)'
  start_serve --tls
  run -1 --separate-stderr secure localhost "$port" hello
  expect_error 'its certificate is self-signed, with the key sha256/'
  # the system's authorities are trusted, not anyone
  start_tls -n system
  run -1 --separate-stderr tcptool send --tls localhost "$port" hello
  expect_error 'the issuer of its certificate is unknown'
}

@test "--tls-name is verified instead of the host, and sent" {
  start_serve --tls --tls-cert "$CERTS/elsewhere.pem"
  secure --tls-name elsewhere.example localhost "$port" hello
  run -1 --separate-stderr secure --tls-name localhost localhost "$port" hello
  expect_error 'not for localhost'
  start_listener peer openssl s_server -accept 127.0.0.1:0 -cert "$CERTS/other-server.pem" \
    -servername elsewhere.example -cert2 "$CERTS/elsewhere.crt" -key2 "$CERTS/elsewhere.key" -quiet
  secure --tls-name elsewhere.example localhost "$port" hello
}

@test "an address as the host is compared with those in the certificate" {
  start_tls
  secure 127.0.0.1 "$port" hello
  start_serve -n elsewhere --tls --tls-cert "$CERTS/elsewhere.pem"
  run -1 --separate-stderr secure 127.0.0.1 "$port" hello
  expect_error 'not for 127.0.0.1'
}

@test "--tls-pin trusts the key, as openssl computes it, and nothing else" {
  start_serve --tls --tls-cert "$CERTS/old.pem"
  tcptool send --tls --tls-pin "$(pin_of old)" localhost "$port" hello
  tcptool send --tls --tls-pin "$(pin_of server)" --tls-pin "$(pin_of old)" localhost "$port" hello
  run -1 --separate-stderr tcptool send --tls --tls-pin "$(pin_of server)" localhost "$port" hello
  expect_error "its key is $(pin_of old), which no --tls-pin names"
}

@test "--tls-insecure verifies no one, and says so every time" {
  start_serve --tls --tls-cert "$CERTS/old.pem"
  run -0 --separate-stderr tcptool send --tls --tls-insecure localhost "$port" hello
  expect_match "$stderr" 'no peer is verified \(--tls-insecure\)'
}

@test "--tls-ca of a server: clients need a certificate of this authority" {
  start_tls --tls-ca "$CERTS/our-ca.crt" --reply welcome
  run -0 --separate-stderr secure --tls-cert "$CERTS/client.pem" localhost "$port" hello
  expect_equal "$output" welcome
  run -1 --separate-stderr secure localhost "$port" hello
  expect_error 'rejected by the peer: certificate required'
  wait_for contains serve.err 'TLS handshake: the client has presented no certificate'
  run -1 --separate-stderr secure --tls-cert "$CERTS/other-client.pem" localhost "$port" hello
  expect_error 'rejected by the peer: '
  wait_for contains serve.err 'TLS handshake: the issuer of its certificate is unknown (/CN=other-ca)'
  # one for servers is not one for clients
  start_tls -n pinned --tls-pin "$(pin_of other-client)" --reply welcome
  run -0 --separate-stderr secure --tls-cert "$CERTS/other-client.crt" --tls-key "$CERTS/other-client.key" \
    localhost "$port" hello
  expect_equal "$output" welcome
  run -1 --separate-stderr secure --tls-cert "$CERTS/client.pem" localhost "$port" hello
}

@test "SIGHUP reads the files again: connections continue, and bad files change nothing" {
  cp "$CERTS/other-server.pem" server.pem
  cat "$CERTS/our-ca.crt" "$CERTS/other-ca.crt" >clients.pem
  start_serve --tls --tls-cert server.pem --tls-ca clients.pem --echo
  ask() {
    tcptool send --tls --tls-ca "$CERTS/$1-ca.crt" --tls-cert "$CERTS/${2-other-client}.pem" localhost "$port" hello
  }
  reload() {
    kill -HUP "${pids[serve]}"
    wait_for contains serve.err "$1"
    : >serve.err
  }
  expect_equal "$(ask other)" hello
  mkfifo say
  exec {said}<>say
  input=say start stays "$TCPTOOL" send --tls --tls-ca "$CERTS/other-ca.crt" \
    --tls-cert "$CERTS/other-client.pem" localhost "$port"
  echo before >&"$said"
  wait_for contains stays.out before

  echo broken >server.pem
  reload 'cannot read a certificate from server.pem'
  expect_equal "$(ask other)" hello

  cp "$CERTS/server.pem" server.pem
  cp "$CERTS/our-ca.crt" clients.pem
  reload 'read again'
  run -1 --separate-stderr ask other client
  expect_equal "$(ask our client)" hello
  # the authority is gone, for old sessions too
  run -1 --separate-stderr ask our other-client
  echo after >&"$said"
  wait_for contains stays.out after
}

@test "SIGHUP ends a server that has no files" {
  start_serve --tls
  kill -HUP "${pids[serve]}"
  finish serve
  expect_status 129
}

@test "files that are no good are errors that name them" {
  run_with() {
    run -1 --separate-stderr tcptool serve -b 127.0.0.1 -p 0 --tls "$@"
  }
  run_with --tls-cert missing.pem
  expect_error 'cannot read a certificate from missing.pem: No such file or directory'
  run_with --tls-cert "$CERTS/server.key"
  expect_error "cannot read a certificate from $CERTS/server.key: "
  run_with --tls-cert "$CERTS/server.crt"
  expect_error "cannot read a key from $CERTS/server.crt: "
  run_with --tls-cert "$CERTS/server.crt" --tls-key "$CERTS/client.key"
  expect_error "the key in $CERTS/client.key does not belong to the certificate in $CERTS/server.crt"
  run_with --tls-cert "$CERTS/server.crt" --tls-key "$CERTS/encrypted.key"
  expect_error "cannot read a key from $CERTS/encrypted.key: it is encrypted"
  run_with --tls-ca missing.pem
  expect_error 'cannot read authorities from missing.pem: No such file or directory'
  run_with --tls-ca "$CERTS/server.key"
  expect_error "cannot read authorities from $CERTS/server.key: "
  head -c 31 /dev/zero >short.key
  run_with --tls-psk short.key
  expect_error 'cannot use short.key: a shared key has 32 to 256 bytes'
  head -c 257 /dev/zero >long.key
  run_with --tls-psk long.key
  expect_error 'cannot use long.key'
  run_with --tls-psk missing.key
  expect_error 'cannot read missing.key: No such file or directory'
}

@test "a directory of authorities works as openssl rehash leaves it" {
  mkdir authorities
  cp "$CERTS/our-ca.crt" "authorities/$(openssl x509 -in "$CERTS/our-ca.crt" -noout -hash).0"
  start_tls
  tcptool send --tls --tls-ca authorities localhost "$port" hello
}

@test "--tls-psk: the same file on both sides is enough, and proves who they are" {
  start_serve --tls --tls-psk "$CERTS/shared.key" --echo
  run -0 --separate-stderr tcptool send -v --tls --tls-psk "$CERTS/shared.key" localhost "$port" hello
  expect_equal "$output" hello
  expect_match "$stderr" 'TLSv1.3, cipher TLS_AES_128_GCM_SHA256, shared key'
  run -1 --separate-stderr tcptool send --tls --tls-psk "$CERTS/other.key" localhost "$port" hello
  wait_for contains serve.err 'the peer holds another key (--tls-psk)'
  run -1 --separate-stderr tcptool send --tls --tls-insecure localhost "$port" hello
  wait_for contains serve.err 'it does not hold the key of --tls-psk'
  # a server that has a certificate instead
  start_tls -n certified
  run -1 --separate-stderr tcptool send --tls --tls-psk "$CERTS/shared.key" localhost "$port" hello
  expect_error 'it does not hold the key of --tls-psk'
}

@test "--tls-psk is TLS 1.3's external key with the identity tcptool, as openssl knows it" {
  key=$(od -An -v -tx1 "$CERTS/shared.key" | tr -d ' \n')
  start_serve --tls --tls-psk "$CERTS/shared.key" --reply welcome --once
  openssl s_client -quiet -tls1_3 -psk "$key" -psk_identity tcptool -connect "127.0.0.1:$port" \
    <<<hello >got 2>/dev/null
  contains got welcome
  finish serve
  expect_equal "$(cat serve.out)" hello
  start_listener peer openssl s_server -accept 127.0.0.1:0 -nocert -psk "$key" -psk_identity tcptool -rev
  expect_equal "$(tcptool send --eol lf --tls --tls-psk "$CERTS/shared.key" localhost "$port" hello)" olleh
}

# Protocols.

# offers [OPTIONS...]: what openssl s_client agrees on with the server.
offers() {
  openssl s_client -connect "127.0.0.1:$port" "$@" </dev/null 2>&1 | grep -a -e 'Cipher is' -e 'alert'
}

@test "versions before 1.2 and weak ciphers are refused, with words" {
  start_tls
  offers -tls1_3 | grep -q 'TLSv1.3, Cipher is TLS_AES'
  offers -tls1_2 | grep -q 'TLSv1.2, Cipher is ECDHE-ECDSA-AES256-GCM-SHA384'
  local version cipher
  for version in -tls1 -tls1_1; do
    offers "$version" -cipher ALL:@SECLEVEL=0 | grep -q 'alert protocol version'
  done
  wait_for contains serve.err 'TLS handshake: no TLS version in common (--tls-min)'
  for cipher in AES128-SHA AES128-GCM-SHA256 ECDHE-ECDSA-AES128-SHA ECDHE-ECDSA-AES128-SHA256 NULL-SHA aNULL; do
    offers -tls1_2 -cipher "$cipher:@SECLEVEL=0" | grep -q 'alert handshake failure'
  done
  wait_for contains serve.err 'TLS handshake: no cipher in common'
  start_tls -n new --tls-min 1.3
  offers -tls1_3 | grep -q 'TLSv1.3'
  offers -tls1_2 | grep -q 'alert protocol version'
}

@test "a client refuses a server that is too old" {
  mkfifo say
  exec {said}<>say # at the end of its input it ends
  input=say start_listener peer openssl s_server -accept 127.0.0.1:0 -cert "$CERTS/server.pem" -tls1_1 \
    -cipher ALL:@SECLEVEL=0
  run -1 --separate-stderr secure localhost "$port" hello
  expect_error 'TLS handshake: '
  expect_match "$stderr" 'protocol version|no TLS version in common'
  start_listener newer openssl s_server -accept 127.0.0.1:0 -cert "$CERTS/server.pem" -tls1_2 -rev
  expect_equal "$(secure --eol lf localhost "$port" hello)" olleh
  run -1 --separate-stderr secure --tls-min 1.3 localhost "$port" hello
  expect_error 'TLS handshake: '
}

@test "--tls-alpn: the first of the server's that the client offers; none is an error for both" {
  start_tls --tls-alpn h2,http/1.1 --reply yes
  openssl s_client -connect "127.0.0.1:$port" -alpn foo,http/1.1 </dev/null 2>&1 | grep -q 'ALPN protocol: http/1.1'
  run -1 --separate-stderr secure --tls-alpn foo,bar localhost "$port" hello
  expect_error 'rejected by the peer: no application protocol'
  wait_for contains serve.err 'no application protocol in common (--tls-alpn)'
  run -1 --separate-stderr secure localhost "$port" hello
  expect_equal "$(secure --tls-alpn http/1.1 localhost "$port" hello)" yes
  start_tls -n none
  run -1 --separate-stderr secure --tls-alpn foo localhost "$port" hello
  expect_error 'no application protocol in common (--tls-alpn)'
}

@test "sessions are resumed with tickets, and renegotiation is refused" {
  start_tls --reply yes -v
  openssl s_client -ign_eof -connect "127.0.0.1:$port" -sess_out session <<<hello >/dev/null 2>&1
  openssl s_client -ign_eof -connect "127.0.0.1:$port" -sess_in session <<<hello 2>&1 | grep -qa '^Reused, TLSv1.3'
  wait_for contains serve.err ', resumed'
  start_tls -n again
  openssl s_client -tls1_2 -connect "127.0.0.1:$port" <<<R 2>&1 | grep -qa 'no renegotiation'
}

@test "a peer may change its keys at any time" {
  start_tls --once
  { echo one; echo K; echo two; echo k; echo three; echo Q; } |
    openssl s_client -tls1_3 -connect "127.0.0.1:$port" >/dev/null 2>&1
  finish serve
  contains serve.out one
}

@test "-v reports version, cipher, names and pin" {
  start_tls -v --tls-ca "$CERTS/our-ca.crt"
  run -0 --separate-stderr secure -v --tls-cert "$CERTS/client.pem" localhost "$port" hello
  [[ $stderr == *"TLSv1.3, cipher TLS_AES_256_GCM_SHA384, certificate for localhost, 127.0.0.1, key $(pin_of server)"* ]] ||
    fail "$stderr"
  wait_for contains serve.err "certificate for client, key $(pin_of client)"
}

# Peers that do not speak it, and those that stall.

@test "plain text to a TLS port is reported in words, and its sender learns it" {
  start_tls
  run -1 --separate-stderr tcptool send localhost "$port" 'GET / HTTP/1.1'
  expect_error 'Connection reset by peer'
  wait_for contains serve.err 'TLS handshake: the peer does not speak TLS: it sent "GET / HTTP/1.1"'
  printf '\001\002\003' | ncat 127.0.0.1 "$port" >/dev/null || true
  wait_for contains serve.err 'TLS handshake: the peer does not speak TLS'$'\n'
  expect_equal "$(cat serve.out)" ''
}

@test "TLS to a plain port is reported in words" {
  start_serve --reply 'hello, this is plain'
  run -1 --separate-stderr secure localhost "$port" hello
  expect_error 'TLS handshake: the peer does not speak TLS: it sent "hello, this is plain"'
  start_serve -n echo --echo
  run -1 --separate-stderr secure localhost "$port" hello
  expect_error 'TLS handshake: '
  start_peer silent server_silent
  run -124 --separate-stderr secure --handshake-timeout 200ms localhost "$port" hello
  expect_error 'TLS handshake: timed out after 200ms (--handshake-timeout)'
}

@test "a handshake has a time limit, and is the failure of one client" {
  start_tls --handshake-timeout 300ms
  mkfifo hold
  exec {held}<>hold
  input=hold start stalled "$PYTHON" "$PEERS/client_idle.py" "$port"
  secure localhost "$port" hello
  wait_for contains serve.err 'TLS handshake: timed out after 300ms (--handshake-timeout)'
  secure localhost "$port" again
  wait_for contains serve.out helloagain
}

@test "--once: a failed handshake is the result" {
  start_tls --once
  run -1 tcptool send --tls localhost "$port" hello
  finish serve
  expect_status 1
}

@test "handshakes have a limit of their own, at which the oldest is disconnected" {
  start_tls --max-conns 2 --echo
  start stalled "$PYTHON" "$PEERS/tls_stalled.py" "$port" 5
  wait_for contains stalled.out '5 connected'
  wait_for contains serve.err 'disconnected during its handshake to make room for newer clients'
  wait_for contains stalled.out '3 disconnected'
  expect_equal "$(secure localhost "$port" hello)" hello
}

@test "1,000 stalled handshakes delay no other client, even without descriptors for them" {
  ulimit -Sn 1200 2>/dev/null || skip 'more descriptors are not permitted here'
  # shellcheck disable=SC2016 # bash expands
  start serve bash -c 'ulimit -Sn 600; exec "$@"' bash "$TCPTOOL" serve -q -b 127.0.0.1 -p 0 --port-file serve.port --echo \
    --tls --tls-cert "$CERTS/server.pem" --handshake-timeout 1m
  wait_for_port serve
  start stalled "$PYTHON" "$PEERS/tls_stalled.py" "$port" 1000
  wait_for contains stalled.out '1000 connected'
  for word in one two three; do
    expect_equal "$(secure --deadline 20s localhost "$port" "$word")" "$word"
  done
}

@test "PROXY headers come before TLS" {
  start_tls --accept-proxy --once -v
  secure --send-proxy=v2 localhost "$port" hello
  finish serve
  expect_status 0
  expect_equal "$(cat serve.out)" hello
}

@test "TLS works on unix sockets, where a name has to come from elsewhere" {
  start serve "$TCPTOOL" serve --tls --tls-cert "$CERTS/server.pem" -b unix:socket --echo
  wait_for contains serve.err 'listening on unix:socket'
  expect_equal "$(secure --tls-name localhost unix:socket hello)" hello
  expect_equal "$(tcptool send --tls --tls-pin "$(pin_of server)" unix:socket hello)" hello
  run -2 --separate-stderr secure unix:socket hello
  expect_error '--tls to unix:socket requires --tls-name, --tls-pin, --tls-psk or --tls-insecure'
  start own "$TCPTOOL" serve --tls -b unix:own --echo
  wait_for contains own.err 'connect with: '
  line=$(sed -n 's/^tcptool: connect with: tcptool //p' own.err)
  expect_match "$line" ' unix:own$'
  # shellcheck disable=SC2086 # words of a command line
  expect_equal "$(tcptool $line hello)" hello
}

@test "options about TLS that contradict each other are usage errors" {
  check() {
    run -2 --separate-stderr tcptool "${@:2}"
    expect_error "$1"
  }
  check 'the options --tls-... require --tls' serve --tls-cert x
  check 'the options --tls-... require --tls' send --tls-min 1.3 localhost 1
  check '--tls-key requires --tls-cert' serve --tls --tls-key x
  check '--tls-psk cannot be used together' send --tls --tls-psk x --tls-ca y localhost 1
  check '--tls-insecure cannot be used together' send --tls --tls-insecure --tls-ca y localhost 1
  check '--tls-ca and --tls-pin cannot be used' upper --tls --tls-ca x --tls-pin "$(pin_of server)"
  check '--tls-name is the name of a server' chat --listen --tls --tls-name x
  check 'invalid pin "sha256/abc"' send --tls --tls-pin sha256/abc localhost 1
  check 'invalid pin "sha1/' send --tls --tls-pin sha1/AAAA localhost 1
  check 'invalid list "h2,,x"' send --tls --tls-alpn h2,,x localhost 1
  check 'invalid value "1.1"' serve --tls --tls-min 1.1
}
