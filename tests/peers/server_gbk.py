"""A tutorial's one-shot server on a Chinese Windows machine."""
import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(("127.0.0.1", 0))
server.listen(128)
with open(sys.argv[1], "w") as file:
    print(server.getsockname()[1], file=file)
client, address = server.accept()
print(client.recv(1024).decode("gbk"))
client.send("谢谢你！".encode("gbk"))
client.close()
server.close()
