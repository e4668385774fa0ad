"""A server on a unix socket that does what it is told, a command a line on standard input.

unix_server.py PATH [BACKLOG]: PATH may be @NAME. Prints what a command has done.

  accept    take one client        read [N]   read N bytes, or to the end
  say TEXT  send it                peek       wait for data, and leave it unread
  close     close the connection
"""
import socket
import sys

path = sys.argv[1]
server = socket.socket(socket.AF_UNIX)
server.bind("\0" + path[1:] if path.startswith("@") else path)
server.listen(int(sys.argv[2]) if len(sys.argv) > 2 else 5)
print("listening", flush=True)
client = None
for line in sys.stdin:
    command, _, argument = line.rstrip("\n").partition(" ")
    if command == "accept":
        client = server.accept()[0]
    elif command == "read":
        got = b""
        while (not argument or len(got) < int(argument)) and (data := client.recv(65536)):
            got += data
        print("got", len(got), got[:40].decode(), flush=True)
    elif command == "peek":
        client.recv(1, socket.MSG_PEEK)
    elif command == "say":
        client.sendall(argument.encode())
    elif command == "close":
        client.close()
    print(command, "done", flush=True)
