"""One side of a TLS connection, through memory buffers: Python's TLS sockets cannot read after
their own end of data.

tls_peer.py PORT connect [OPTIONS]
tls_peer.py PORT_FILE listen CERT [OPTIONS]: one connection

Sends standard input, ends its side, and writes what comes to standard output. With
  --end notify     close_notify and FIN (the default)
  --end bare       FIN alone, as ncat does
  --end cut        half of a record, and FIN
  --end open       nothing
  --end close      close_notify, and everything is closed once the peer's has come
  --reply-late     sends only after the end of the peer's data
  --max VERSION    1.2: no newer version
  --alpn LIST      offers these protocols
  --cert FILE      presents a certificate
  --bytewise       sends records of one byte
  --leave          closes at once after its end, and reads nothing
Prints "ended by close_notify" or "ended by FIN" on standard error.
"""
import argparse
import socket
import ssl
import sys
import threading

parser = argparse.ArgumentParser()
parser.add_argument("where", help="a port, or the file to write it to")
parser.add_argument("role", choices=["connect", "listen"])
parser.add_argument("server_cert", nargs="?")
parser.add_argument("--end", default="notify")
parser.add_argument("--reply-late", action="store_true")
parser.add_argument("--max")
parser.add_argument("--alpn")
parser.add_argument("--cert")
parser.add_argument("--bytewise", action="store_true")
parser.add_argument("--leave", action="store_true")
args = parser.parse_args()


def context():
    listens = args.role == "listen"
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if listens else ssl.PROTOCOL_TLS_CLIENT)
    if not listens:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    if args.max == "1.2":
        made.maximum_version = ssl.TLSVersion.TLSv1_2
    if args.alpn:
        made.set_alpn_protocols(args.alpn.split(","))
    if args.server_cert or args.cert:
        made.load_cert_chain(args.server_cert or args.cert)
    # 0x80: SSL_OP_IGNORE_UNEXPECTED_EOF, to go on sending after a bare FIN
    made.options |= 0x80
    return made


class Connection:
    def __init__(self, plain):
        self.plain = plain
        self.raw_ended = False
        self.came = ssl.MemoryBIO()
        self.goes = ssl.MemoryBIO()
        self.lock = threading.Lock()
        self.stashed = []
        self.tls = context().wrap_bio(self.came, self.goes, args.role == "listen")

    def flush(self):
        if self.goes.pending:
            self.plain.sendall(self.goes.read())

    def fetch(self):
        data = self.plain.recv(65536)
        with self.lock:
            if data:
                self.came.write(data)
            else:
                self.raw_ended = True
                self.came.write_eof()

    def handshake(self):
        while True:
            try:
                self.tls.do_handshake()
                self.flush()
                return
            except ssl.SSLWantReadError:
                self.flush()
                self.fetch()
                if self.raw_ended:
                    sys.exit("ended in the handshake")
            except ssl.SSLError as why:
                self.flush()
                sys.exit(f"handshake: {why.reason}")

    def read(self):
        """Returns data, or b"" at the end."""
        while True:
            try:
                with self.lock:
                    if self.stashed:
                        return self.stashed.pop(0)
                    data = self.tls.read(65536)
                    self.flush()
                return data
            except ssl.SSLWantReadError:
                self.fetch()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def write(self, data):
        with self.lock:
            self.tls.write(data)
            self.flush()

    def stash(self):
        """unwrap() reads, and fails when it meets data."""
        try:
            while data := self.tls.read(65536):
                self.stashed.append(data)
        except (ssl.SSLWantReadError, ssl.SSLZeroReturnError, ssl.SSLEOFError):
            pass

    def end(self):
        with self.lock:
            if args.end == "cut":
                self.tls.write(b"lost")
                record = self.goes.read()
                self.plain.sendall(record[:len(record) // 2])
            if args.end in ("notify", "close"):
                self.stash()
                try:
                    self.tls.unwrap()
                except ssl.SSLWantReadError:
                    pass
                self.flush()
            if args.end in ("notify", "bare", "cut"):
                self.plain.shutdown(socket.SHUT_WR)


def send(connection):
    while data := sys.stdin.buffer.read1(16384):
        if args.bytewise:
            for byte in data:
                connection.write(bytes([byte]))
        else:
            connection.write(data)
    connection.end()


if args.role == "connect":
    plain = socket.create_connection(("127.0.0.1", int(args.where)))
else:
    server = socket.create_server(("127.0.0.1", 0))
    with open(args.where, "w") as file:
        print(server.getsockname()[1], file=file)
    plain, address = server.accept()
connection = Connection(plain)
connection.handshake()
if args.leave:
    send(connection)
    sys.exit()
sender = threading.Thread(target=send, args=[connection])
if not args.reply_late:
    sender.start()
while data := connection.read():
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
print("ended by FIN" if connection.raw_ended else "ended by close_notify", file=sys.stderr)
if args.reply_late:
    sender.start()
sender.join()
plain.close()
