"""A tutorial's client that asks a person for everything."""
import socket

host = input("host: ")
port = int(input("port: "))
text = input("text: ")

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect((host, port))
client.sendall(text.encode())
print("reply:", client.recv(1024).decode())
client.close()
