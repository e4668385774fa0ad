"""A server with a small window that reads slowly, to the end; prints how much, and a checksum.

server_slow_reader.py PORT_FILE
"""
import hashlib
import socket
import sys
import time

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
server.bind(("127.0.0.1", 0))
server.listen()
with open(sys.argv[1], "w") as file:
    print(server.getsockname()[1], file=file)
client, address = server.accept()
total, digest = 0, hashlib.sha256()
while data := client.recv(16384):
    total += len(data)
    digest.update(data)
    time.sleep(0.001)
print(total, digest.hexdigest())
