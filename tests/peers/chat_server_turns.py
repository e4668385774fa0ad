"""A tutorial's chat server: strict turns, one recv a message, no line ends.

chat_server_turns.py PORT_FILE [ENCODING]: what it says comes from standard input.
"""
import socket
import sys

encoding = sys.argv[2] if len(sys.argv) > 2 else "utf-8"
byes = ("bye", "再见")

server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
server.bind(("127.0.0.1", 0))
server.listen(1)
with open(sys.argv[1], "w") as file:
    print(server.getsockname()[1], file=file)
client, address = server.accept()
while True:
    heard = client.recv(1024).decode(encoding)
    print("heard:", heard, flush=True)
    if not heard or heard in byes:
        break
    say = input()
    client.send(say.encode(encoding))
    if say in byes:
        break
client.close()
server.close()
