"""Sends standard input a byte at a time, each in a segment of its own; prints the answer."""
import fcntl
import socket
import struct
import sys
import termios
import time

client = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for byte in sys.stdin.buffer.read():
    client.sendall(bytes([byte]))
    # The next byte must not be put into the same segment, nor into the same read.
    while struct.unpack("i", fcntl.ioctl(client, termios.TIOCOUTQ, b"\0" * 4))[0]:
        pass
    time.sleep(0.0005)
client.shutdown(socket.SHUT_WR)
with client.makefile("rb") as answer:
    sys.stdout.buffer.write(answer.read())
