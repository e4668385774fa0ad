"""Takes what the server sends in small bites, with a small window; prints it.

client_slow_reader.py PORT [SECONDS]: between two bites
"""
import socket
import sys
import time

pause = float(sys.argv[2]) if len(sys.argv) > 2 else 0.001
client = socket.socket()
client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
client.connect(("127.0.0.1", int(sys.argv[1])))
client.shutdown(socket.SHUT_WR)
while data := client.recv(8192):
    sys.stdout.buffer.write(data)
    sys.stdout.flush()
    time.sleep(pause)
