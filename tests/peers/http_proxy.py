"""A proxy that knows CONNECT, keeps half-closed directions apart, and wants a login.

http_proxy.py PORT_FILE [WORD...]: md5, sha256, basic: offer this login of the user me with the
password secret, which is checked; close: end the connection with a refusal; drop: the same, but
keep quiet about that; stale: refuse the first right nonce as too old; bytewise: reply byte by
byte. Prints a line for each request.
"""
import hashlib
import re
import secrets
import socket
import sys
import threading

words = sys.argv[2:]
hashes = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
offered = [name for name in hashes if name.replace("-", "").lower() in words]
nonces = set()


def challenges():
    if "basic" in words:
        yield 'Basic realm="a, \\"b\\"", charset="UTF-8"'
    for name in offered:
        nonce = secrets.token_hex(8)
        nonces.add(nonce)
        yield (f'Digest realm="a, \\"b\\"" , nonce="{nonce}",opaque="o\\\\o", qop="auth,auth-int", '
               f"algorithm={name}")


def parameters(text):
    return {k: re.sub(r"\\(.)", r"\1", q) or t
            for k, q, t in re.findall(r'([\w*-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', text)}


def check(line, target):
    """Returns how the login was done, or None."""
    scheme, rest = line.split(" ", 1)
    if scheme == "Basic":
        return "Basic" if rest == "bWU6c2VjcmV0" else None
    p = parameters(rest)

    def h(text):
        return hashes[p["algorithm"]](text.encode()).hexdigest()

    response = h(":".join((h('me:a, "b":secret'), p["nonce"], p["nc"], p["cnonce"], p["qop"],
                           h(f"CONNECT:{target}"))))
    good = (p["response"] == response and p["nonce"] in nonces and p["nc"] == "00000001" and
            p["qop"] == "auth" and p["uri"] == target and p["username"] == "me" and
            p["opaque"] == "o\\o")
    return f'Digest {p["algorithm"]}' if good else None


def read_head(client):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = client.recv(1)
        if not byte:
            return None
        head += byte
    return head.decode().split("\r\n")


def reply(client, text):
    for piece in [text[i:i + 1] for i in range(len(text))] if "bytewise" in words else [text]:
        client.sendall(piece.encode())


def refuse(client, stale):
    offers = "".join(f"Proxy-Authenticate: {c}{', stale=true' if stale else ''}\r\n"
                     for c in challenges())
    connection = "close" if "close" in words else "keep-alive"
    reply(client, f"HTTP/1.1 407 Login\r\n{offers}Content-Length: 4\r\n"
          f"Connection: {connection}\r\n\r\nbody")
    return "close" not in words and "drop" not in words


def copy(source, sink):
    while data := source.recv(65536):
        sink.sendall(data)
    sink.shutdown(socket.SHUT_WR)


def converse(client, target):
    back = threading.Thread(target=copy, args=(target, client), daemon=True)
    back.start()
    copy(client, target)
    back.join()


def serve(client):
    stale = "stale" in words
    while (head := read_head(client)) is not None:
        method, target, _ = head[0].split(" ")
        login = [line.split(": ", 1)[1] for line in head if line.startswith("Proxy-Authorization:")]
        how = check(login[0], target) if login else None
        print(method, target, how or ("wrong" if login else "none"), flush=True)
        if (offered or "basic" in words) and (how is None or stale):
            stale = stale and how is None
            if refuse(client, how is not None):
                continue
            return
        host, port = target.rsplit(":", 1)
        try:
            with socket.create_connection((host.strip("[]"), int(port))) as to:
                reply(client, "HTTP/1.1 200 OK\r\n\r\n")
                converse(client, to)
        except ConnectionRefusedError:
            reply(client, "HTTP/1.1 502 Refused\r\n\r\n")
        return


def handle(client):
    with client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            serve(client)
        except OSError as why:
            print(why, flush=True)


server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "w") as file:
    print(server.getsockname()[1], file=file)
while True:
    threading.Thread(target=handle, args=(server.accept()[0],), daemon=True).start()
