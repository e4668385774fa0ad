"""Completes a handshake, sends half of a record, and the other half a second later.

tls_partial.py PORT
"""
import socket
import ssl
import sys
import time

context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
plain = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(came, goes)
while True:
    try:
        tls.do_handshake()
        break
    except ssl.SSLWantReadError:
        plain.sendall(goes.read())
        came.write(plain.recv(65536))
tls.write(b"a whole record\n")
record = goes.read()
plain.sendall(record[:-10])
print("sent", flush=True)
time.sleep(1)
plain.sendall(record[-10:])
sys.stdin.read()
