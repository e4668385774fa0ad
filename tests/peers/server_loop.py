"""A tutorial's server: answers each client once and closes it, for ever."""
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(("127.0.0.1", 0))
server.listen(5)
with open(sys.argv[1], "w") as file:
    print(server.getsockname()[1], file=file)
while True:
    client, address = server.accept()
    data = client.recv(1024)
    print(data.decode())
    client.sendall(b"got " + data)
    client.close()
