"""Clients of a broker, all of which talk at once; checks what each receives.

broker_crowd.py PORT CLIENTS BYTES: each of at most 16 clients sends BYTES bytes, each with its own
number and a counter. Every client has to receive all bytes of every other client, in their
order, and none of its own.
"""
import random
import selectors
import socket
import sys

port, count, size = map(int, sys.argv[1:4])


# For bytes.translate(): the counter of each byte, and the bytes of all other senders.
COUNTER = bytes(b & 15 for b in range(256))
OTHERS = [bytes(b for b in range(256) if b >> 4 != sender) for sender in range(16)]


class Client:
    def __init__(self, number):
        self.number = number
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.to_send = memoryview(bytes(number << 4 | i % 16 for i in range(size)))
        self.heard = [0] * count

    def send(self):
        try:
            sent = self.socket.send(self.to_send[:random.randint(1, 60000)])
        except BlockingIOError:
            return
        self.to_send = self.to_send[sent:]

    def receive(self):
        try:
            data = self.socket.recv(1 << 20)
        except BlockingIOError:
            return
        if not data:
            sys.exit(f"client {self.number} was disconnected")
        for sender in range(count):
            own = data.translate(COUNTER, OTHERS[sender])
            first = self.heard[sender] % 16
            if own != (bytes(range(16)) * (len(own) // 16 + 2))[first:first + len(own)]:
                sys.exit(f"client {self.number} received {sender}'s bytes in another order")
            self.heard[sender] += len(own)


clients = [Client(i) for i in range(count)]
# A client that is not served yet would miss what is sent: the test says when all are.
sys.stdin.readline()
selector = selectors.DefaultSelector()
for client in clients:
    client.socket.setblocking(False)
    selector.register(client.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, client)
wanted = {client.number: [size if i != client.number else 0 for i in range(count)]
          for client in clients}
while any(client.heard != wanted[client.number] for client in clients):
    ready = selector.select(30)
    if not ready:
        sys.exit(f"bytes are missing: {[client.heard for client in clients]}")
    for key, events in ready:
        if events & selectors.EVENT_READ:
            key.data.receive()
        if events & selectors.EVENT_WRITE and key.data.to_send:
            key.data.send()
            if not key.data.to_send:
                selector.modify(key.fileobj, selectors.EVENT_READ, key.data)
print("every byte, in order, to all others")
