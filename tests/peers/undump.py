"""Prints the data of one direction of a dump, of all peers or of one; or writes the data of each
direction into DIRECTORY/PEER.in or DIRECTORY/PEER.out.

Usage: undump.py FILE in|out [PEER]
       undump.py FILE --into DIRECTORY

Messages between the pieces are skipped. Checks that a dump consists of whole pieces: a line
with time, peer and direction, then rows of sixteen bytes as of hexdump -C -v, whose offsets
continue those of the direction.
"""
import collections
import re
import sys

HEADING = re.compile(
    rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}) (.+) ([<>])\n")
ROW = re.compile(rb"([0-9a-f]{8,})  ([0-9a-f ]{48})  \|(.{1,16})\|\n")


def row(offset, data):
    digits = ["%02x" % byte for byte in data]
    text = "".join(chr(byte) if 0x20 <= byte < 0x7f else "." for byte in data)
    return ("%08x  %-23s  %-23s  |%s|\n" % (offset, " ".join(digits[:8]), " ".join(digits[8:]),
                                           text)).encode()


class Lines:
    """The lines of a file, one of which can be looked at before it is taken."""

    def __init__(self, file):
        self.rest = iter(file)
        self.next = next(self.rest, None)

    def take(self):
        line, self.next = self.next, next(self.rest, None)
        return line


def take_piece(lines, begin):
    data = bytearray()
    while (match := ROW.fullmatch(lines.next)) is not None:
        assert len(data) % 16 == 0, lines.next
        some = bytes.fromhex(match[2].decode())
        wanted = row(begin + len(data), some)
        assert lines.take() == wanted, (match[0], wanted)
        data += some
    assert data, lines.next
    assert lines.take() == b"%08x\n" % (begin + len(data))
    return data


def read_dump(lines):
    directions = collections.defaultdict(bytearray)
    while lines.next is not None:
        line = lines.take()
        if b"tcptool: " in line:
            continue
        heading = HEADING.fullmatch(line)
        assert heading, line
        key = heading[2].decode(), {b"<": "in", b">": "out"}[heading[3]]
        directions[key] += take_piece(lines, len(directions[key]))
    return directions


with open(sys.argv[1], "rb") as dump:
    found = read_dump(Lines(dump))
for (peer, direction), data in found.items():
    if sys.argv[2] == "--into":
        with open(f"{sys.argv[3]}/{peer}.{direction}", "wb") as file:
            file.write(data)
    elif direction == sys.argv[2] and (len(sys.argv) < 4 or sys.argv[3] == peer):
        sys.stdout.buffer.write(data)
