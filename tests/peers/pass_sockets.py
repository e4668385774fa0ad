"""Becomes a command that is given sockets, as systemd and inetd do.

pass_sockets.py PORT_FILE KIND... -- COMMAND...: each KIND is what the next descriptor from 3 on is:
tcp (on 127.0.0.1), tcp6 (on all addresses, IPv4 too), unix:PATH, abstract:NAME, udp, fresh (neither
listening nor connected), file, accepted (the first client of a port of 127.0.0.1), gone (the
same, and it has reset). Or it is the only one and for the standard descriptors: inetd (0 and
1), inetd-all (0 to 2). The ports are written to PORT_FILE, one a line, before a client is waited
for.
"""
import os
import socket
import struct
import sys

port_file, *words = sys.argv[1:]
kinds, command = words[:words.index("--")], words[words.index("--") + 1:]
ports = []


def listen(kind):
    if kind.startswith(("unix:", "abstract:")):
        s = socket.socket(socket.AF_UNIX)
        s.bind(kind[5:] if kind.startswith("unix:") else "\0" + kind[9:])
        s.listen()
        return s
    if kind == "tcp6":
        s = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    else:
        s = socket.create_server(("127.0.0.1", 0))
    ports.append(s.getsockname()[1])
    return s


def make(kind):
    if kind == "udp":
        return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).detach()
    if kind == "fresh":
        return socket.socket().detach()
    if kind == "file":
        return os.open("/dev/null", os.O_RDWR)
    return listen(kind).detach()


def write_ports():
    with open(port_file + ".draft", "w", encoding="ascii") as f:
        f.writelines(f"{port}\n" for port in ports)
    os.rename(port_file + ".draft", port_file)


def accept():
    server = listen("tcp")
    write_ports()
    return server.accept()[0].detach()


def accept_gone():
    server = listen("tcp")
    client = socket.create_connection(server.getsockname())
    connection, _ = server.accept()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    return connection.detach()


def give(fd, number):
    os.dup2(fd, number)  # inheritable


if kinds[0].startswith("inetd"):
    connection = accept()
    for fd in range(3 if kinds[0] == "inetd-all" else 2):
        give(connection, fd)
else:
    made = [accept() if k == "accepted" else accept_gone() if k == "gone" else make(k) for k in kinds]
    made = [os.dup2(fd, 100 + i) for i, fd in enumerate(made)]
    os.closerange(3, 100)
    for i, fd in enumerate(made):
        give(fd, 3 + i)
    if "accepted" not in kinds:
        write_ports()
    os.environ.update(LISTEN_FDS=str(len(made)), LISTEN_PID=str(os.getpid()))
    os.closerange(100, 200)
os.execvp(command[0], command)
