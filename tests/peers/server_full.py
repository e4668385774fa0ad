"""A server that accepts nobody and whose backlog is full: connecting to it gets no answer.

server_full.py PORT_FILE [HOST]
"""
import signal
import socket
import sys

host = sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"
server = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
server.bind((host, 0))
server.listen(0)
# A backlog of 0 holds one; the kernel drops what comes after it.
filler = socket.create_connection(server.getsockname()[:2])
with open(sys.argv[1], "w") as file:
    print(server.getsockname()[1], file=file)
signal.pause()
