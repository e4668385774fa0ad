"""A tutorial's server: one client, one recv, an answer, and both sockets closed.

server_one_shot.py PORT_FILE [HOST [BACKLOG]]: "" is every address, no BACKLOG listen().
"""
import socket
import sys

host = sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"
backlog = map(int, sys.argv[3:])

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind((host, 0))
server.listen(*backlog)
with open(sys.argv[1], "w") as file:
    print(server.getsockname()[1], file=file)
client, address = server.accept()
data = client.recv(1024)
print("from", address[0], address[1], data.decode())
client.send("thank you!".encode())
client.close()
server.close()
