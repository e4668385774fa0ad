"""A crowd in a room, some of it badly behaved; checks what the well-behaved are shown.

room_crowd.py PORT MEMBERS LINES: each of MEMBERS says LINES lines. Besides, one reads
nothing, one reads a byte a second, one sends half lines, one sends 100 kB without a
newline, one sends escape sequences and invalid UTF-8, and others come and go. Every
line of a well-behaved member has to reach every other one whole, once, in one order.
"""
import selectors
import socket
import sys
import time

port, count, lines = map(int, sys.argv[1:4])
LIMIT = time.monotonic() + 100


class Member:
    def __init__(self, name):
        self.name = name
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.heard = bytearray()
        self.lines = 0
        self.to_say = b""

    def say(self, text):
        self.to_say += text
        try:
            self.to_say = self.to_say[self.socket.send(self.to_say):]
        except BlockingIOError:
            pass

    def hear(self):
        try:
            data = self.socket.recv(1 << 20)
        except BlockingIOError:
            return
        if not data:
            sys.exit(f"{self.name} was dropped")
        # Counted as they come: where the last read ended within a mark, it counts now.
        self.lines += (bytes(self.heard[-4:]) + data).count(b"\ngood")
        self.heard += data


def lines_of(member):
    """The lines that well-behaved members said, as this one was shown them."""
    return [line for line in bytes(member.heard).split(b"\n")[:-1] if line.startswith(b"good")]


good = [Member(f"good{i}") for i in range(count)]
# Who still waits to be accepted hears nothing yet of what is said.
for member in good:
    member.socket.setblocking(True)
    while b"welcome" not in member.heard:
        member.hear()
    member.socket.setblocking(False)
    member.say(f"/nick {member.name}\n".encode())

deaf = Member("deaf")
slow = Member("slow")
half = Member("half")
flood = Member("flood")
rude = Member("rude")
flood.say(b"x" * 100_000)
rude.say(b"\x1b[31mred\x07\xff\xfe\n\xc2\x9b2J\n\xe2\x80\xae\n")

selector = selectors.DefaultSelector()
for member in good + [half, flood, rude]:
    selector.register(member.socket, selectors.EVENT_READ, member)

said = 0
guests = []
last_byte = 0.0
while True:
    if said < lines:
        for member in good:
            member.say(f"line {said} of {member.name} 你好\n".encode())
        half.say(b"half a line, ")
        guests.append(Member("guest"))
        if len(guests) > 3:
            guests.pop(0).socket.close()
        said += 1
    for key, _ in selector.select(0.05):
        key.data.hear()
    for member in good:
        if member.to_say:
            member.say(b"")
    if time.monotonic() - last_byte > 1:
        slow.socket.setblocking(False)
        try:
            slow.socket.recv(1)
        except BlockingIOError:
            pass
        last_byte = time.monotonic()
    wanted = lines * (count - 1)
    if said == lines and all(member.lines >= wanted for member in good):
        break
    if time.monotonic() > LIMIT:
        few = min(member.lines for member in good)
        sys.exit(f"only {few} of {wanted} lines came in time")

whole = {f"{m.name}: line {i} of {m.name} 你好".encode() for m in good for i in range(lines)}
order = {}
for member in good:
    shown = lines_of(member)
    own = {line for line in whole if line.startswith(member.name.encode() + b":")}
    if set(shown) != whole - own or len(shown) != wanted:
        sys.exit(f"{member.name} was shown something else: {set(shown) ^ (whole - own)}")
    if b"\x1b" in member.heard or b"\xff" in member.heard or b"\xc2\x9b" in member.heard:
        sys.exit("a control character came through")
reference = [l for l in lines_of(good[0])]
places = {line: place for place, line in enumerate(reference)}
for member in good[1:]:
    shared = [places[line] for line in lines_of(member) if line in places]
    if shared != sorted(shared):
        sys.exit(f"{member.name} was shown another order")
print("whole, once, in one order:", wanted * count, "lines")
