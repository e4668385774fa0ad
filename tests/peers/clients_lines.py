"""COUNT clients each send LINES lines in random pieces, all at the same time.

clients_lines.py PORT COUNT LINES: client N sends "N:0 xxxx…", "N:1 xxxx…", and prints
nothing; it ends when the server has taken everything.
"""
import random
import socket
import sys
import threading

port, count, lines = map(int, sys.argv[1:])


def client(number):
    chance = random.Random(number)
    text = "".join(
        f"{number}:{i} {chr(97 + number % 26) * chance.randrange(120)}\n" for i in range(lines)
    ).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while text:
            size = chance.randrange(1, 80)
            connection.sendall(text[:size])
            text = text[size:]
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)


threads = [threading.Thread(target=client, args=(i,)) for i in range(count)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
