"""A service manager: notify_socket.py PLACE prints the messages that arrive at PLACE, a path or
@NAME, one a line, with their lines joined by blanks."""
import socket
import sys

place = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\0" + place[1:] if place[0] == "@" else place)
print("open", flush=True)
while True:
    print(s.recv(4096).decode().strip().replace("\n", " "), flush=True)
