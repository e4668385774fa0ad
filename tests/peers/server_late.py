"""A server that reads to the end of data and answers SECONDS later.

server_late.py PORT_FILE SECONDS TEXT
"""
import socket
import sys
import time

server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "w") as file:
    print(server.getsockname()[1], file=file)
client, address = server.accept()
while data := client.recv(65536):
    sys.stdout.buffer.write(data)
time.sleep(float(sys.argv[2]))
client.sendall(sys.argv[3].encode())
client.close()
