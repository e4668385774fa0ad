"""Many clients that read to the end; prints how many got how much of what.

readers_many.py PORT COUNT: one line for each content that was received, with the number of
clients that received it, its bytes, and its SHA-256.
"""
import collections
import hashlib
import selectors
import socket
import sys

port, count = map(int, sys.argv[1:3])
selector = selectors.DefaultSelector()
for _ in range(count):
    client = socket.create_connection(("127.0.0.1", port))
    client.setblocking(False)
    selector.register(client, selectors.EVENT_READ, [hashlib.sha256(), 0])

results = collections.Counter()
buffer = memoryview(bytearray(1 << 20))
while selector.get_map():
    for key, _ in selector.select():
        got = key.fileobj.recv_into(buffer)
        if got:
            key.data[0].update(buffer[:got])
            key.data[1] += got
        else:
            selector.unregister(key.fileobj)
            key.fileobj.close()
            results[key.data[1], key.data[0].hexdigest()] += 1
for (size, digest), clients in sorted(results.items()):
    print(clients, size, digest)
