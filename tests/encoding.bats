#!/usr/bin/env bats
# Encodings on the wire, with Python's codecs as the judge.
load helpers/common

# A text for each encoding, of what it can say; in UTF-8.
declare -gA TEXTS=(
  [gbk]='中文字符,ASCII 和 標點。镕'
  [gb18030]='中文 𠀀𪚥 ¥ € é ß 😀 end'
  [big5]='繁體中文, ASCII 與標點。'
  [shift_jis]='日本語カタカナ ｱｲｳ ASCII 表示ソ能'
  [euc-jp]='日本語カタカナ ASCII 表示'
  [euc-kr]='한국어 ASCII 문자'
  [iso-2022-jp]='ASCII 日本語 and カタカナ end'
  [koi8-r]='Русский текст ASCII ёЁ'
  [windows-1251]='Русский текст ASCII № €'
  [latin1]='Ça été déjà vu, ñ ß ÿ ASCII'
  [utf-16le]='中文 é 😀 ASCII'
)

# encoded TEXT ENCODING: as Python says it goes over the wire.
encoded() {
  "$PYTHON" -c 'import sys; sys.stdout.buffer.write(sys.argv[1].encode(sys.argv[2]))' "$1" "$2"
}

# Every encoding, byte by byte into serve -e.
@test "serve -e: every encoding, each byte in its own segment" {
  for encoding in "${!TEXTS[@]}"; do
    start_serve -n "$encoding" -e "$encoding" --once
    encoded "${TEXTS[$encoding]}" "$encoding" | peer client_bytewise "$port"
    finish "$encoding"
    expect_status 0
    expect_equal "$(cat "$encoding.out")" "${TEXTS[$encoding]}" || fail "in $encoding"
  done
}

@test "send -e: every encoding in the reply, each byte in its own segment" {
  for encoding in "${!TEXTS[@]}"; do
    encoded "${TEXTS[$encoding]}" "$encoding" >"$encoding.wire"
    start_peer "$encoding" server_bytewise "$encoding.wire"
    run tcptool send -e "$encoding" 127.0.0.1 "$port" x
    expect_status 0
    expect_equal "$output" "${TEXTS[$encoding]}" || fail "in $encoding"
    finish "$encoding"
  done
}

@test "send -e: every encoding of a message is exactly Python's" {
  for encoding in "${!TEXTS[@]}"; do
    start_serve -n "$encoding" --once
    tcptool send -e "$encoding" 127.0.0.1 "$port" "${TEXTS[$encoding]}"
    finish "$encoding"
    encoded "${TEXTS[$encoding]}" "$encoding" | cmp - "$encoding.out" || fail "in $encoding"
  done
}

@test "send -e: every encoding of an input that comes byte by byte is exactly Python's" {
  for encoding in "${!TEXTS[@]}"; do
    start_serve -n "$encoding" --once
    "$PYTHON" -c 'import os, sys, time
for byte in sys.argv[1].encode():
    os.write(1, bytes([byte]))
    time.sleep(0.0005)' "${TEXTS[$encoding]}" | tcptool send -e "$encoding" 127.0.0.1 "$port"
    finish "$encoding"
    encoded "${TEXTS[$encoding]}" "$encoding" | cmp - "$encoding.out" || fail "in $encoding"
  done
}

@test "serve -e --reply and --reply-file reply in the wire encoding" {
  for encoding in "${!TEXTS[@]}"; do
    printf %s "${TEXTS[$encoding]}" >page
    encoded "${TEXTS[$encoding]}" "$encoding" >wire
    start_serve -n "$encoding" -e "$encoding" --once --reply "${TEXTS[$encoding]}"
    tcptool send 127.0.0.1 "$port" x >answer || true
    cmp wire answer || fail "--reply in $encoding"
    start_serve -n "$encoding-file" -e "$encoding" --once --reply-file page
    tcptool send 127.0.0.1 "$port" '' >answer
    cmp wire answer || fail "--reply-file in $encoding"
  done
}

@test "utf-16 begins with a byte order mark, once, and reads both" {
  start_serve -n out --once
  tcptool send -e utf-16 127.0.0.1 "$port" '中文'
  finish out
  expect_equal "$("$PYTHON" -c 'print(open("out.out", "rb").read().decode("utf-16"))')" '中文'
  for wire in utf-16-le utf-16-be; do
    start_serve -n "$wire" --once -e utf-16
    encoded $'\ufeff中文' "$wire" | peer client_bytewise "$port"
    finish "$wire"
    expect_equal "$(cat "$wire.out")" '中文'
  done
}

@test "a megabyte of random Chinese in random pieces, both ways, is exact" {
  "$PYTHON" - <<'PYTHON'
import random
chance = random.Random(1)
han = [c for c in map(chr, range(0x4e00, 0x9fa6))]
def text(seed):
    chance.seed(seed)
    return "".join(chance.choice(han) if chance.random() < 0.9 else chr(chance.randrange(32, 127))
                   for _ in range(500000))
for name, seed in ("there", 1), ("back", 2):
    open(name + ".gbk", "wb").write(text(seed).encode("gbk"))
    open(name + ".utf8", "wb").write(text(seed).encode())
PYTHON
  input=back.utf8 start_serve --once -e gbk
  "$PYTHON" - "$port" <<'PYTHON'
import random, socket, sys, threading
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    def send():
        data = open("there.gbk", "rb").read()
        chance = random.Random(3)
        while data:
            n = chance.randrange(1, 3000)
            s.sendall(data[:n])
            data = data[n:]
        s.shutdown(socket.SHUT_WR)
    sender = threading.Thread(target=send)
    sender.start()
    open("received.gbk", "wb").write(s.makefile("rb").read())
    sender.join()
PYTHON
  finish serve
  expect_status 0
  cmp there.utf8 serve.out
  cmp back.gbk received.gbk
  # And the same through send.
  input=back.gbk start_serve -n plain --once
  tcptool send -e gbk 127.0.0.1 "$port" <there.utf8 >received.utf8
  finish plain
  cmp there.gbk plain.out
  cmp back.utf8 received.utf8
}

@test "two clients with half a character each do not disturb one another" {
  start_serve -e gbk
  "$PYTHON" - "$port" <<'PYTHON'
import socket, sys, time
one, two = (socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(2))
def wait_for(text):
    end = time.monotonic() + 30
    while text not in open("serve.out", "rb").read():
        assert time.monotonic() < end, text
        time.sleep(0.01)
one.sendall("甲".encode("gbk") + "中".encode("gbk")[:1])
wait_for("甲".encode())
two.sendall("乙".encode("gbk") + "文".encode("gbk")[:1])
wait_for("乙".encode())
one.sendall("中".encode("gbk")[1:])
wait_for("中".encode())
two.sendall("文".encode("gbk")[1:])
wait_for("文".encode())
PYTHON
  expect_file serve.out '甲乙中文'
}

@test "a line is shown while the connection stays open, in stateful encodings too" {
  for encoding in "${!TEXTS[@]}"; do
    start_serve -n "$encoding" -e "$encoding"
    "$PYTHON" - "$port" "$encoding" "${TEXTS[$encoding]}" <<'PYTHON'
import socket, sys, time
encoding, text = sys.argv[2:]
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.sendall((text + "\n").encode(encoding))
end = time.monotonic() + 30
while open(encoding + ".out", encoding="utf-8", newline="").read() != text + "\n":
    assert time.monotonic() < end, encoding
    time.sleep(0.01)
PYTHON
  done
}

# bats test_tags=alone
@test "a line is shown within 50 ms of its last byte" {
  for encoding in gbk iso-2022-jp utf-16le; do
    "$PYTHON" - "$encoding" <<'PYTHON'
import os, socket, subprocess, sys, time
encoding = sys.argv[1]
serve = subprocess.Popen([os.environ["TCPTOOL"], "serve", "-q", "-e", encoding, "-b", "127.0.0.1", "-p", "0",
                          "--port-file", encoding + ".port"], stdout=subprocess.PIPE)
try:
    while not os.path.exists(encoding + ".port"):
        time.sleep(0.01)
    s = socket.create_connection(("127.0.0.1", int(open(encoding + ".port").read())))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line, times = "日本語 ascii\n", []
    for _ in range(21):
        data = line.encode(encoding)
        s.sendall(data[:-1])
        began = time.monotonic()
        s.sendall(data[-1:])
        shown = b""
        while not shown.endswith(b"\n"):
            shown += os.read(serve.stdout.fileno(), 1000)
        times.append(time.monotonic() - began)
        assert shown.decode() == line
    # The middle one: a machine that is busy elsewhere may hold up a few.
    assert sorted(times)[10] < 0.05, times
finally:
    serve.kill()
PYTHON
  done
}

@test "a message that cannot be encoded is rejected with 65 before connecting" {
  run tcptool send -e gbk 127.0.0.1 "$(closed_port)" 'no 😀 in gbk'
  expect_status 65
  expect_one_error "$output"
  expect_match "$output" 'U\+1F600|😀|gbk'
  start_serve -v
  run tcptool send -e latin1 127.0.0.1 "$port" '中文'
  expect_status 65
  not contains serve.err connected
}

@test "a message that is not UTF-8 is rejected with 65 before connecting" {
  run tcptool send -e gbk 127.0.0.1 "$(closed_port)" $'bad \xff byte'
  expect_status 65
}

@test "serve --reply that cannot be encoded is rejected with 65 before listening" {
  run tcptool serve -e latin1 -p 0 --port-file port --reply '中文'
  expect_status 65
  [[ ! -e port ]]
}

@test "an input that cannot be encoded gives status 65, and the data before it is sent" {
  start_serve --once
  run --separate-stderr tcptool send -e latin1 127.0.0.1 "$port" <<<'déjà 中文'
  expect_status 65
  expect_one_error "$stderr"
  finish serve
  encoded 'déjà ' latin1 | cmp - serve.out
}

@test "--errors outward: replace, escape, ignore" {
  start_serve
  tcptool send -e latin1 --errors replace 127.0.0.1 "$port" 'a中b;'
  wait_for contains serve.out 'b;'
  tcptool send -e latin1 --errors escape 127.0.0.1 "$port" 'c中d😀;'
  wait_for contains serve.out ';c'
  tcptool send -e latin1 --errors ignore 127.0.0.1 "$port" 'e中f.'
  wait_for contains serve.out 'f.'
  expect_file serve.out 'a?b;c\\u{4E2D}d\\u{1F600};ef.' ||
    expect_file serve.out 'a?b;c\\u{4e2d}d\\u{1f600};ef.'
}

@test "--errors inward: escape is the default" {
  start_serve -n escape -e gbk --once
  printf 'a\xffb\xd6\x20\xd6\xd0' | tcptool send 127.0.0.1 "$port"
  finish escape
  expect_status 0
  expect_file escape.out 'a\\xffb\\xd6 中'
}

@test "--errors inward: replace, ignore, strict" {
  start_serve -n replace -e utf-8 --errors replace --once
  printf 'a\xffb' | tcptool send 127.0.0.1 "$port"
  finish replace
  expect_status 0
  expect_file replace.out 'a\xef\xbf\xbdb'
  start_serve -n ignore -e gbk --errors ignore --once
  printf 'a\xffb' | tcptool send 127.0.0.1 "$port"
  finish ignore
  expect_status 0
  expect_file ignore.out 'ab'
  start_serve -n strict -e gbk --errors strict --once
  printf 'a\xffb' | tcptool send 127.0.0.1 "$port" || true
  finish strict
  expect_status 65
  expect_file strict.out 'a'
  expect_match "$(tail -n 1 strict.err)" '^tcptool: .*gbk|^tcptool: .*xff|^tcptool: .*0xFF'
}

@test "a character cut off at the end is a conversion error" {
  start_serve -n escape -e gbk --once
  printf 'a\xd6' | tcptool send 127.0.0.1 "$port"
  finish escape
  expect_file escape.out 'a\\xd6'
  start_serve -n strict -e gbk --once --errors strict
  printf 'a\xd6' | tcptool send 127.0.0.1 "$port"
  finish strict
  expect_status 65
}

@test "errors are counted, and the count is reported once at the end" {
  start_serve -e gbk --once
  printf 'a\xffb\xffc\xff' | tcptool send 127.0.0.1 "$port"
  finish serve
  expect_equal "$(grep -c '3 ' serve.err)" 1
  run --separate-stderr tcptool send -e latin1 --errors replace --retry 0 127.0.0.1 "$(closed_port)" 中文
  expect_match "$stderr" '2 '
}

@test "without -e, bytes pass unchanged" {
  head -c 100000 /dev/urandom >data
  start_serve --once
  tcptool send 127.0.0.1 "$port" <data
  finish serve
  cmp data serve.out
}

@test "--local-encoding is the encoding of the local side" {
  start_serve -n both -e utf-16le --local-encoding gbk --once
  encoded '中文' utf-16le | tcptool send 127.0.0.1 "$port"
  finish both
  encoded '中文' gbk | cmp - both.out
  start_serve -n wire --once
  encoded '中文' gbk | tcptool send -e utf-8 --local-encoding gbk 127.0.0.1 "$port"
  finish wire
  expect_file wire.out '中文'
}

@test "--eol crlf stands before the encoding" {
  start_serve --once
  tcptool send -e utf-16le --eol crlf 127.0.0.1 "$port" $'中\n文'
  finish serve
  encoded $'中\r\n文\r\n' utf-16le | cmp - serve.out
}

@test "-e with --label: whole characters in whole lines" {
  start_serve -e gbk --label
  encoded $'中文一行\n第二行\n' gbk | peer client_bytewise "$port"
  wait_for contains serve.out 第二行
  expect_match "$(cat serve.out)" $'^127[^ ]*: 中文一行\n127[^ ]*: 第二行$'
}

@test "--until line finds the line in the text, not in the bytes" {
  # U+0A05 has a byte 0x0A in UTF-16.
  encoded $'\u0a05 line\nmore' utf-16le >wire
  start_peer server server_bytewise wire
  run tcptool send -e utf-16le --until line 127.0.0.1 "$port" x
  expect_status 0
  expect_equal "$output" $'\u0a05 line'
}

@test "a tutorial's gbk client and serve -e gbk" {
  start_serve -e gbk --reply '谢谢你！'
  run peer client_gbk "$port" '你好，服务器'
  expect_status 0
  expect_equal "$output" '谢谢你！'
  wait_for contains serve.out '你好，服务器'
}

@test "a tutorial's gbk server and send -e gbk" {
  start_peer server server_gbk
  run tcptool send -e gbk 127.0.0.1 "$port" '你好，服务器'
  expect_status 0
  expect_equal "$output" '谢谢你！'
  finish server
  expect_file server.out '你好，服务器\n'
}

@test "-e takes every name that iconv -l lists, also those with a slash within" {
  iconv -l | tr -s ' ,' '\n' | grep -E '[^/]/[^/]' >names || skip 'iconv -l lists no such name'
  while read -r name; do
    # One of them has Braille patterns only.
    for text in abc ⠓⠊; do
      printf %s "$text" | iconv -f utf-8 -t "$name" >wire 2>/dev/null && break
    done
    serve=serve${name//\//_}
    start_serve -n "$serve" --once
    tcptool send -e "$name" 127.0.0.1 "$port" "$text" || fail "as $name"
    finish "$serve"
    cmp wire "$serve.out" || fail "as $name"
  done <names
}
