"""A tutorial's chat client: ask, send, recv, until either side says bye.

chat_client_turns.py PORT [ENCODING]: what it says comes from standard input.
"""
import socket
import sys

encoding = sys.argv[2] if len(sys.argv) > 2 else "utf-8"
byes = ("bye", "再见")

client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
client.connect(("127.0.0.1", int(sys.argv[1])))
while True:
    say = input()
    client.send(say.encode(encoding))
    if say in byes:
        break
    heard = client.recv(1024).decode(encoding)
    print("heard:", heard, flush=True)
    if heard in byes:
        break
client.close()
