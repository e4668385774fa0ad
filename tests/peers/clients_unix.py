"""Connects COUNT clients to a unix socket at once; each sends a text of its own and wants it
back.

clients_unix.py PATH COUNT: prints how many got exactly that.
"""
import socket
import sys
import threading

path, count = sys.argv[1], int(sys.argv[2])
well = []


def talk(number):
    text = f"client {number}: ".encode() * 50
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        all_connected.wait()
        client.sendall(text)
        client.shutdown(socket.SHUT_WR)
        reply = b""
        while data := client.recv(65536):
            reply += data
    if reply == text:
        well.append(number)


all_connected = threading.Barrier(count, timeout=20)
threads = [threading.Thread(target=talk, args=(i,)) for i in range(count)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(well))
