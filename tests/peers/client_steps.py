"""Connects, and does one step after the other.

client_steps.py PORT|tls:PORT|PATH STEP...: send:TEXT, zeros:BYTES, fill (sends until nothing is taken), end (of what it sends), first (prints
one read), rest (prints all to the end), wait (for the end of standard input), say:WORD (on
standard output), reset, close. A write that fails is no failure of the client; a reset that is
read is, and prints "reset".
"""
import socket
import ssl
import struct
import sys

where, steps = sys.argv[1], sys.argv[2:]
if "/" in where:
    client = socket.socket(socket.AF_UNIX)
    client.connect(where)
elif where.startswith("tls:"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client = context.wrap_socket(socket.create_connection(("127.0.0.1", int(where[4:]))))
else:
    client = socket.create_connection(("127.0.0.1", int(where)))


def show(data):
    sys.stdout.buffer.write(data)
    sys.stdout.flush()


def step(name, value):
    if name == "send":
        client.sendall(value.encode())
    elif name == "zeros":
        client.sendall(bytes(int(value)))
    elif name == "fill":
        client.settimeout(0.5)
        try:
            while True:
                client.sendall(bytes(65536))
        except TimeoutError:
            client.settimeout(None)
    elif name == "end":
        client.shutdown(socket.SHUT_WR)
    elif name == "first":
        show(client.recv(65536))
    elif name == "rest":
        while data := client.recv(65536):
            show(data)
    elif name == "wait":
        sys.stdin.read()
    elif name == "say":
        show(value.encode())
    elif name == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    elif name == "close":
        client.close()


for word in steps:
    try:
        step(*word.partition(":")[::2])
    except ConnectionError:
        if word in ("first", "rest"):
            show(b"reset")
            sys.exit(1)
