"""Shares descriptors with a command as a shell does, and looks what became of them.

inherited.py KIND COMMAND...: KIND is pipe, pty or socket: what the command's standard
input, output and error are. Input that ends is given to it, and everything it prints
is dropped. Prints "blocking" when all three still block, while it runs and after.
"""
import fcntl
import os
import pty
import socket
import subprocess
import sys
import threading

kind, command = sys.argv[1], sys.argv[2:]


def make(number):
    """Returns the command's end of a new channel, and ours."""
    if kind == "pipe":
        reader, writer = os.pipe()
        return (reader, writer) if number == 0 else (writer, reader)
    if kind == "pty":
        ours, its = pty.openpty()
        return its, ours
    its, ours = socket.socketpair()
    return its.detach(), ours.detach()


def drop(fd):
    try:
        while os.read(fd, 65536):
            pass
    except OSError:
        pass


def look(when):
    for number, (its, _) in enumerate(channels):
        if fcntl.fcntl(its, fcntl.F_GETFL) & os.O_NONBLOCK:
            print(f"descriptor {number} is non-blocking {when}")
            sys.exit(1)


channels = [make(number) for number in range(3)]
child = subprocess.Popen(command, **dict(zip(("stdin", "stdout", "stderr"), (c[0] for c in channels))))
for _, ours in channels[1:]:
    threading.Thread(target=drop, args=(ours,), daemon=True).start()
for _ in range(20):
    look("while the command runs")
    try:
        child.wait(0.02)
    except subprocess.TimeoutExpired:
        pass
os.write(channels[0][1], b"some text\n")
if kind == "pty":
    os.write(channels[0][1], b"\x04")
elif kind == "socket":
    socket.socket(fileno=os.dup(channels[0][1])).shutdown(socket.SHUT_WR)
else:
    os.close(channels[0][1])
status = child.wait(30)
look("after the command")
print("blocking", status)
