"""A tutorial's client that only talks: sendall and close."""
import socket
import sys

with socket.socket() as client:
    client.connect(("127.0.0.1", int(sys.argv[1])))
    client.sendall(sys.argv[2].encode())
