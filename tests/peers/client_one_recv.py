"""A tutorial's client: sends a text without a line end, reads once, prints, closes."""
import socket
import sys

host, port, text = sys.argv[1:]

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect((host, int(port)))
client.send(text.encode())
print(client.recv(1024).decode())
client.close()
