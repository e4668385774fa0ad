"""Connects, says READY, and holds on until standard input ends; then prints what came."""
import socket
import sys

client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
if len(sys.argv) > 2:
    client.sendall(sys.argv[2].encode())
print("READY", flush=True)
sys.stdin.read()
client.shutdown(socket.SHUT_WR)
with client.makefile("rb") as answer:
    sys.stdout.buffer.write(answer.read())
