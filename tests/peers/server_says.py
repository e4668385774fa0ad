"""A server that sends TEXT at once and ends its side; it goes on reading, and prints that.

server_says.py PORT_FILE TEXT [HOLD]: with HOLD its side stays open until the client's ends.
"""
import socket
import sys

server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "w") as file:
    print(server.getsockname()[1], file=file)
client, address = server.accept()
client.sendall(sys.argv[2].encode().decode("unicode_escape").encode("latin-1"))
if len(sys.argv) == 3:
    client.shutdown(socket.SHUT_WR)
while data := client.recv(65536):
    sys.stdout.buffer.write(data)
print("END", flush=True)
