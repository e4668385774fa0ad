"""A server whose first clients get other words than the later ones: as one that starts.

server_phases.py PORT_FILE FIRST LATER [COUNT]: COUNT (1) clients get FIRST and the end of data,
all others get LATER and keep their connection. What clients send is printed, a line for each.
"""
import socket
import sys
import threading

first, later = (word.encode().decode("unicode_escape").encode("latin-1") for word in sys.argv[2:4])
count = int(sys.argv[4]) if len(sys.argv) > 4 else 1

server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "w") as file:
    print(server.getsockname()[1], file=file)


def hold(client):
    got = b""
    while data := client.recv(65536):
        got += data
    print(got, flush=True)


while True:
    client, _ = server.accept()
    if count > 0:
        count -= 1
        client.sendall(first)
        client.shutdown(socket.SHUT_WR)
    else:
        client.sendall(later)
    threading.Thread(target=hold, args=(client,)).start()
