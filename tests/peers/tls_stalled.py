"""Opens COUNT connections that begin a TLS handshake and never go on with it.

tls_stalled.py PORT COUNT: prints "N connected", and "N disconnected" as the server closes them;
runs until it is killed.
"""
import selectors
import socket
import sys

port, count = map(int, sys.argv[1:])
HELLO_BEGIN = bytes([22, 3, 1, 2, 0, 1])  # a record of 512 bytes, of which one has come
selector = selectors.DefaultSelector()
for _ in range(count):
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(HELLO_BEGIN)
    selector.register(connection, selectors.EVENT_READ)
print(count, "connected", flush=True)
closed = 0
while True:
    for key, _ in selector.select():
        selector.unregister(key.fileobj)
        key.fileobj.close()
        closed += 1
        print(closed, "disconnected", flush=True)
