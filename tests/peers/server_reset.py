"""A server that resets the connection.

server_reset.py PORT_FILE BYTES TEXT: takes that many bytes, sends TEXT, waits until
it is acknowledged, and resets.
"""
import fcntl
import socket
import struct
import sys
import termios

server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "w") as file:
    print(server.getsockname()[1], file=file)
client, address = server.accept()
missing = int(sys.argv[2])
while missing > 0:
    missing -= len(client.recv(min(missing, 65536)))
client.sendall(sys.argv[3].encode())
while struct.unpack("i", fcntl.ioctl(client, termios.TIOCOUTQ, b"\0" * 4))[0]:
    pass
client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
client.close()
