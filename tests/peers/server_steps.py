"""A server that follows its ARGUMENTS, and prints what it receives, "END" at the end of data.

server_steps.py PORT_FILE STEP...: a STEP is "say TEXT" (\\n and so on are understood),
"file PATH", "pause SECONDS", "hear TEXT" (receives until TEXT has come, or the end), "end" (closes the
sending side) or "close". After the last step it receives to the end of data.
"""
import socket
import sys
import time

server = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1], "w") as file:
    print(server.getsockname()[1], file=file)
client, address = server.accept()
client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def receive():
    data = client.recv(65536)
    sys.stdout.buffer.write(data or b"END\n")
    sys.stdout.buffer.flush()
    return data


heard = b""
for step in sys.argv[2:]:
    act, _, text = step.partition(" ")
    if act == "say":
        client.sendall(text.encode().decode("unicode_escape").encode("latin-1"))
    elif act == "file":
        with open(text, "rb") as content:
            client.sendfile(content)
    elif act == "pause":
        time.sleep(float(text))
    elif act == "hear":
        while text.encode() not in heard:
            data = receive()
            if not data:
                break
            heard += data
        heard = b""
    elif act == "end":
        client.shutdown(socket.SHUT_WR)
    elif act == "close":
        sys.exit()
while receive():
    pass
