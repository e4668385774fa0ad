"""Sends the file FILE a byte at a time, then reads to the end of data; prints that.

server_bytewise.py PORT_FILE FILE
"""
import fcntl
import socket
import struct
import sys
import termios
import time

with open(sys.argv[2], "rb") as file:
    text = file.read()
server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "w") as file:
    print(server.getsockname()[1], file=file)
client, address = server.accept()
client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for byte in text:
    client.sendall(bytes([byte]))
    while struct.unpack("i", fcntl.ioctl(client, termios.TIOCOUTQ, b"\0" * 4))[0]:
        pass
    time.sleep(0.0005)
client.shutdown(socket.SHUT_WR)
while data := client.recv(65536):
    sys.stdout.buffer.write(data)
