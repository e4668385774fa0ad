"""A server that plays a script with one client after the other.

server_script.py PORT_FILE STEP...: a STEP is <N (read N bytes), <TEXT< (read to the end of TEXT),
>TEXT (send it), ~TEXT (send it byte by byte), = (send back all that follows). What is read is
printed, a line for each step.
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
        else:
            while data := client.recv(65536):
                client.sendall(data)


server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "w") as file:
    print(server.getsockname()[1], file=file)
while True:
    with server.accept()[0] as client:
        try:
            play(client, sys.argv[2:])
        except OSError:
            pass
