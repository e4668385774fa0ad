"""Sends bursts of many megabytes, and pauses after each until all of it has arrived.

client_bursts.py PORT: what the server prints is its input. Prints "arrived".
"""
import os
import socket
import sys
import threading
import time

received = 0


def count():
    global received
    while block := os.read(0, 1 << 20):
        received += len(block)


threading.Thread(target=count, daemon=True).start()
sent = 0
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
    for burst in range(6):
        for _ in range(1000):
            s.sendall(bytes(40000))
        s.sendall(bytes(11111 * (burst + 1)))
        sent += 1000 * 40000 + 11111 * (burst + 1)
        end = time.monotonic() + 20
        while received != sent:
            if time.monotonic() > end:
                sys.exit(f"{received} of {sent} bytes have arrived")
            time.sleep(0.001)
print("arrived")
