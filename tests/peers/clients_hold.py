"""Opens COUNT connections one after the other, each echoed one byte; holds them all.

clients_hold.py PORT COUNT: prints "held", then waits for the end of its input.
"""
import socket
import sys

port, count = map(int, sys.argv[1:])
held = []
for _ in range(count):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(b"x")
    assert connection.recv(1) == b"x"
    held.append(connection)
print("held", flush=True)
sys.stdin.read()
