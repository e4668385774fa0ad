"""A server that reads to the end, prints it, never answers, and never closes."""
import signal
import socket
import sys

server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "w") as file:
    print(server.getsockname()[1], file=file)
client, address = server.accept()
while data := client.recv(65536):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
print("END", flush=True)
signal.pause()
