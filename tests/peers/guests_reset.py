"""COUNT guests with small windows leave a room with /quit, take nothing more, and reset.

guests_reset.py PORT COUNT: the room has more to show than a window holds.
"""
import socket
import struct
import sys

port, count = map(int, sys.argv[1:])
guests = []
for _ in range(count):
    guest = socket.socket()
    guest.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    guest.connect(("127.0.0.1", port))
    guest.recv(1)
    guest.sendall(b"/quit\n")
    guests.append(guest)
print("leaving", flush=True)
sys.stdin.read()
for guest in guests:
    guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    guest.close()
