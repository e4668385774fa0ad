"""Prints a PROXY header of version 2, made from its parts.

proxy_header.py COMMAND FAMILY [SOURCE SOURCE_PORT TARGET TARGET_PORT] [TLV_BYTES]: COMMAND
(with the version, such as 0x21) and FAMILY (such as 0x11) are numbers; TLV_BYTES is how
many bytes one TLV after the addresses takes.
"""
import ipaddress
import struct
import sys

command, family = (int(word, 0) for word in sys.argv[1:3])
rest = sys.argv[3:]
addresses = b""
if len(rest) >= 4:
    source, source_port, target, target_port = rest[:4]
    addresses = ipaddress.ip_address(source).packed + ipaddress.ip_address(target).packed
    addresses += struct.pack(">HH", int(source_port), int(target_port))
    rest = rest[4:]
tlv = b""
if rest:
    size = int(rest[0])
    tlv = struct.pack(">BH", 0xEA, size - 3) + b"\n" * (size - 3)
body = addresses + tlv
sys.stdout.buffer.write(b"\r\n\r\n\0\r\nQUIT\n" + struct.pack(">BBH", command, family, len(body)) + body)
