"""A server that plays a script with one client after the other.

server_script.py PORT_FILE|=PORT STEP...: a STEP is <N (read N bytes), <TEXT< (read to the end of
TEXT), >TEXT (send it), ~TEXT (send it byte by byte), *TEXT (send it again and again), = (send back
all that follows). What is read is printed, a line for each step.
"""
import socket
import sys


def plain(text):
    return text.encode().decode("unicode_escape").encode("latin-1")


def play(client, steps):
    for step in steps:
        kind, text = step[0], step[1:]
        if kind == "<" and text.isdigit():
            print(client.recv(int(text), socket.MSG_WAITALL), flush=True)
        elif kind == "<":
            got, end = b"", plain(text[:-1])
            while not got.endswith(end) and (byte := client.recv(1)):
                got += byte
            print(got, flush=True)
        elif kind == ">":
            client.sendall(plain(text))
        elif kind == "~":
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in plain(text):
                client.sendall(bytes([byte]))
        elif kind == "*":
            while True:
                client.sendall(plain(text))
        else:
            while data := client.recv(65536):
                client.sendall(data)


where = sys.argv[1]
server = socket.create_server(("127.0.0.1", int(where[1:]) if where[0] == "=" else 0))
if where[0] != "=":
    with open(where, "w") as file:
        print(server.getsockname()[1], file=file)
while True:
    with server.accept()[0] as client:
        try:
            play(client, sys.argv[2:])
        except OSError:
            pass
