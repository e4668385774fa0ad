"""A tutorial's client on a Chinese Windows machine: gbk both ways, one answer."""
import socket
import sys

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(("127.0.0.1", int(sys.argv[1])))
client.send(sys.argv[2].encode("gbk"))
print(client.recv(1024).decode("gbk"))
client.close()
