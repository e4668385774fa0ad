"""What is measured: one class of measurement per kind of work, one row per line of the table.

A row has contestants, each a name with the command that does the work, and
measures one of them at a time. What comes of it is a Sample: units per second
and processor seconds per unit, or bytes.
"""
import os
import random
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

from harness import Failure, Unavailable, status_kb

GB = 1e9
LOOPBACK = "127.0.0.1"
MEGA = 1 << 20


@dataclass
class Sample:
    """One measurement. rate: units a second; cost: processor seconds a unit."""
    rate: float = None
    cost: float = None
    memory: float = None  # bytes
    seconds: float = None


@dataclass
class Row:
    """A line of a table: who is measured at what, and how that is printed."""
    name: str
    title: str
    measure: object  # (bench, contestant, command) -> Sample
    contestants: dict  # name -> command maker (bench, port) -> list
    rate: tuple = None  # (unit, factor) of Sample.rate
    cost: tuple = None
    memory: str = None
    group: str = "main"
    rounds: int = 0  # 0: as many as were asked for
    lower_is_better: bool = field(default=False)
    memory_most: int = 0  # what we may take, in the unit of memory; 0: any


class Bench:
    """What all rows use: the harness, the programs, the sizes."""

    def __init__(self, harness, build, tool, scale):
        self.harness = harness
        self.lean = f"{build}/tests/bench/lean"
        harness.load_path = f"{build}/tests/bench/load"
        self.tool = tool
        self.scale = scale
        self.scratch = tempfile.mkdtemp(prefix="tcptool-bench-",
                                        dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.help_texts = {}
        self.gbk = None
        self.target = 0  # the port behind a relay

    def path(self, name):
        return os.path.join(self.scratch, name)

    def clear(self):
        for name in os.listdir(self.scratch):
            os.unlink(self.path(name))
        os.rmdir(self.scratch)

    def has(self, command, word=""):
        """True when tcptool has this command and its help names word."""
        if command not in self.help_texts:
            done = subprocess.run([self.tool, command, "--help=all"], capture_output=True, text=True,
                                  check=False)
            self.help_texts[command] = done.stdout if done.returncode == 0 else None
        text = self.help_texts[command]
        return text is not None and word in text

    def need(self, command, word=""):
        if not self.has(command, word):
            raise Unavailable(f"tcptool {command} {word}".strip())

    def file(self, name, size, block):
        """A file of that size on tmpfs, made of blocks; made once."""
        path = self.path(name)
        if not os.path.exists(path) or os.path.getsize(path) != size:
            with open(path, "wb") as f:
                for put in range(0, size, len(block)):
                    f.write(block[: size - put])
        return path

    def plain_file(self):
        line = b"The quick brown fox jumps over the lazy dog; 0123456789 again.\n"
        return self.file("plain", self.scale.send_bytes, line * (MEGA // len(line)))

    def gbk_block(self):
        """Chinese prose: hanzi of level one, punctuation, some ASCII, lines."""
        chance = random.Random(1)
        hanzi = [bytes((high, low)).decode("gbk") for high in range(0xB0, 0xD7)
                 for low in range(0xA1, 0xFA)]
        lines = []
        while sum(map(len, lines)) < MEGA // 2:
            words = ("".join(chance.choices(hanzi, k=chance.randint(4, 20))) for _ in range(3))
            lines.append(",".join(words) + "。" + chance.choice(["", " tcp 2024", " OK"]) + "\n")
        return "".join(lines).encode("gbk")

    def gbk_file(self):
        """About half a megabyte of it, and how many bytes make whole files of the size asked."""
        if self.gbk is None:
            self.gbk = self.gbk_block()
        size = max(self.scale.convert_bytes // len(self.gbk), 1) * len(self.gbk)
        return self.file("gbk", len(self.gbk), self.gbk), size


# Receiving and sending in bulk.

def peers_receive():
    return {
        "nc": lambda b, port: ["nc", "-d", "-l", LOOPBACK, port],
        "ncat": lambda b, port: ["ncat", "--recv-only", "-l", LOOPBACK, port],
        "socat": lambda b, port: ["socat", "-b131072", "-u",
                                  f"TCP-LISTEN:{port},bind={LOOPBACK},reuseaddr", "STDOUT"],
        "lean": lambda b, port: [b.lean, "receive", port],
        "tcptool": lambda b, port: [b.tool, "serve", "-q", "-1", "-b", LOOPBACK, "-p", port],
    }


def peers_send():
    return {
        "nc": lambda b, port: ["nc", "-N", LOOPBACK, port],
        "ncat": lambda b, port: ["ncat", "--send-only", LOOPBACK, port],
        "socat": lambda b, port: ["socat", "-b131072", "-u", "STDIN", f"TCP:{LOOPBACK}:{port}"],
        "lean": lambda b, port: [b.lean, "send", port],
        "tcptool": lambda b, port: [b.tool, "send", LOOPBACK, port],
    }


def bulk_sample(size, seconds, processor_s):
    return Sample(rate=size / seconds, cost=processor_s / size, seconds=seconds)


def receive_into(bench, command, size, stdout):
    """A blast of size bytes at the tool, to its end."""
    h = bench.harness
    port = h.new_port()
    tool = h.server(command(bench, port), port, stdout=stdout)
    before = h.processor_s(tool)
    start = time.monotonic()
    blast = h.load("blast", port, size)
    blast.wait()
    tool.wait()
    seconds = time.monotonic() - start
    return tool, before, min(seconds, blast.result()["seconds"])


def receive_null(size):
    def measure(bench, command):
        tool, before, seconds = receive_into(bench, command, size(bench), subprocess.DEVNULL)
        return bulk_sample(size(bench), seconds, bench.harness.processor_s(tool) - before)
    return measure


def receive_pipe(bench, command):
    """The reader of the pipe shares the load's core."""
    h, size = bench.harness, bench.scale.receive_bytes
    reading, writing = os.pipe()
    drain = h.run([h.load_path, "drain"], h.load_core, stdin=reading, stdout=subprocess.PIPE)
    os.close(reading)
    try:
        tool, before, seconds = receive_into(bench, command, size, writing)
    finally:
        os.close(writing)
    drain.wait()
    if drain.result()["bytes"] != size:
        raise Failure("not all bytes came through the pipe")
    return bulk_sample(size, seconds, h.processor_s(tool) - before)


def receive_file(bench, command):
    """Over a file that has its pages: where those come from is the machine's business."""
    size = bench.scale.receive_bytes
    with open(bench.file("received", size, bytes(MEGA)), "r+b") as f:
        tool, before, seconds = receive_into(bench, command, size, f)
        f.seek(-1, os.SEEK_END)
        if f.read() == b"\0":
            raise Failure("the file was not written to its end")
        f.seek(-1, os.SEEK_END)
        f.write(bytes(1))
    return bulk_sample(size, seconds, bench.harness.processor_s(tool) - before)


def send_from(bench, command, size, stdin):
    h = bench.harness
    sink = h.load("sink", 1)
    port = int(sink.read_line())
    tool = h.tool(command(bench, port), stdin=stdin)
    return tool, sink


def finish_sending(bench, tool, sink, size):
    tool.wait()
    sink.wait()
    result = sink.result()
    if result["bytes"] != size:
        raise Failure(f"{result['bytes']} of {size} bytes arrived")
    return bulk_sample(size, result["seconds"], bench.harness.processor_s(tool))


def send_file(bench, command):
    size = bench.scale.send_bytes
    with open(bench.plain_file(), "rb") as f:
        tool, sink = send_from(bench, command, size, f)
    return finish_sending(bench, tool, sink, size)


def send_pipe(bench, command):
    """cat shares the load's core."""
    h, size = bench.harness, bench.scale.send_bytes
    reading, writing = os.pipe()
    try:
        tool, sink = send_from(bench, command, size, reading)
        h.run(["cat", bench.plain_file()], h.load_core, stdout=writing)
    finally:
        os.close(reading)
        os.close(writing)
    return finish_sending(bench, tool, sink, size)


# Many connections.

def echo_servers(most=None):
    """most: the number of connections that a peer with a process for each is asked for."""
    def within(limit, command):
        def make(bench, port):
            if most is not None and most > limit:
                raise Unavailable(f"more than {limit} processes")
            return command(bench, port)
        return make

    return {
        "ncat": within(1000, lambda b, port: ["ncat", "-l", "-k", "-m", "20000", "-e", "/bin/cat",
                                              LOOPBACK, port]),
        "socat": within(1000, lambda b, port: [
            "socat", f"TCP-LISTEN:{port},bind={LOOPBACK},reuseaddr,fork,backlog=1024", "PIPE"]),
        "lean": lambda b, port: [b.lean, "echo", port],
        "tcptool": lambda b, port: [b.tool, "serve", "-q", "--echo", "--max-conns", "0",
                                    "-b", LOOPBACK, "-p", port],
    }


def measure_held(bench, command, load_arguments, core="tool", load_core="load",
                 stdin=subprocess.DEVNULL):
    """Between "go" and the load's result; connections are there before and after."""
    h = bench.harness
    port = h.new_port()
    server = h.server(command(bench, port), port, core=core, stdin=stdin)
    load = h.load(load_arguments[0], port, *load_arguments[1:], core=load_core)
    load.say_go()
    before = h.processor_s(server)
    load.go()
    result = load.result()
    used = h.processor_s(server) - before
    if server.status is not None:
        raise Failure(f"{server.name()} ended with {server.status}: {h.last_message()}")
    load.release()
    if result["count"] == 0:
        raise Failure("nothing was done at all")
    return Sample(rate=result["count"] / result["seconds"], cost=used / result["count"],
                  seconds=result["seconds"])


def echo_load(connections):
    def measure(bench, command):
        return measure_held(bench, command, ["echo", connections, bench.scale.seconds, 64])
    return measure


def short_load(*how, line="hello, how are you today?"):
    def measure(bench, command):
        return measure_held(bench, command, ["short", 64, bench.scale.seconds, line, *how])
    return measure


def xinetd(port, program):
    """It has no options for this, but a file; this one lasts as long as we do."""
    settings = os.memfd_create("xinetd.conf")
    os.write(settings, f"""
defaults
{{
instances = UNLIMITED
per_source = UNLIMITED
cps = 1000000 1
}}
service program
{{
type = UNLISTED
socket_type = stream
protocol = tcp
wait = no
user = root
bind = {LOOPBACK}
port = {port}
server = {program}
}}
""".encode())
    return ["xinetd", "-dontfork", "-f", f"/proc/{os.getpid()}/fd/{settings}"]


def program_servers(program):
    return {
        "tcpserver": lambda b, port: ["tcpserver", "-q", "-H", "-R", "-l0", "-c1000", "-b1000",
                                      LOOPBACK, port, program],
        "ncat": lambda b, port: ["ncat", "-l", "-k", "-m", "1000", "-e", program, LOOPBACK, port],
        "socat": lambda b, port: [
            "socat", f"TCP-LISTEN:{port},bind={LOOPBACK},reuseaddr,fork,backlog=1024",
            f"EXEC:{program},nofork"],
        "xinetd": lambda b, port: xinetd(port, program),
        "lean": lambda b, port: [b.lean, "program", port, program],
        "tcptool": lambda b, port: [b.tool, "serve", "-q", "-b", LOOPBACK, "-p", port, program],
    }


LOWER = "abcdefghijklmnopqrstuvwxyz"
ANSWER_ONCE = f"/bin/sed y/{LOWER}/{LOWER.upper()}/;q"


def upper_servers(*options):
    def own(bench, port):
        bench.need("upper", "--single" if "--single" in options else "")
        return [bench.tool, "upper", "-q", *options, "-b", LOOPBACK, "-p", port]

    return {
        "ncat": lambda b, port: ["ncat", "-l", "-k", "-m", "1000", "-e", ANSWER_ONCE,
                                 LOOPBACK, port],
        "socat": lambda b, port: [
            "socat", f"TCP-LISTEN:{port},bind={LOOPBACK},reuseaddr,fork,backlog=128",
            f"EXEC:{ANSWER_ONCE}"],
        "lean": lambda b, port: [b.lean, "upper", port],
        "tcptool": own,
    }


def only(contestants, *names):
    return {name: contestants[name] for name in names}


def reply_servers():
    answer = "hello, how are you today?\n"
    return {
        "lean": lambda b, port: [b.lean, "upper", port],
        "tcptool": lambda b, port: [b.tool, "serve", "-q", "--reply", answer, "-b", LOOPBACK,
                                    "-p", port],
    }


def idle_memory(count, process_each_count):
    """User memory that the connections added, by connection."""
    def memory_of(server):
        return sum(status_kb(pid, "RssAnon").get("RssAnon", 0) for pid in server.tree())

    def measure_one(bench, command, connections):
        h = bench.harness
        port = h.new_port()
        server = h.server(command(bench, port), port)
        before = memory_of(server)
        load = h.load("idle", port, connections)
        load.result()
        seen = -1
        while seen != (now := memory_of(server)):  # until it has accepted them all
            seen = now
            time.sleep(0.3)
        load.release()
        return Sample(memory=(now - before) * 1024 / connections)

    def measure(bench, command):
        many = command(bench, 1)[0] in (bench.tool, bench.lean)
        return measure_one(bench, command, count(bench) if many else process_each_count(bench))
    return measure


def printing_servers():
    own = echo_servers()["tcptool"]
    return {
        "lean": lambda b, port: [b.lean, "echo", port],
        "tcptool": lambda b, port: [word for word in own(b, port) if word != "--echo"],
    }


# Relays. What is behind them shares the load's core.

def relays():
    def haproxy(bench, port):
        path = bench.path("haproxy.cfg")
        with open(path, "w", encoding="ascii") as f:
            f.write("global\n maxconn 4000\n no strict-limits\n"
                    "defaults\n mode tcp\n option splice-auto\n timeout connect 9s\n"
                    " timeout client 99s\n timeout server 99s\n"
                    f"listen relay\n bind {LOOPBACK}:{port}\n"
                    f" server target {LOOPBACK}:{bench.target}\n")
        return ["haproxy", "-db", "-q", "-f", path]

    return {
        "socat": lambda b, port: [
            "socat", "-b131072", f"TCP-LISTEN:{port},bind={LOOPBACK},reuseaddr,fork,backlog=1024",
            f"TCP:{LOOPBACK}:{b.target}"],
        "haproxy": haproxy,
        "lean": lambda b, port: [b.lean, "relay", port, b.target],
        "tcptool": lambda b, port: [b.tool, "relay", "-q", "--max-conns", "0", "-b", LOOPBACK,
                                    "-p", port, f"{LOOPBACK}:{b.target}"],
    }


def start_target(bench, *mode):
    h = bench.harness
    bench.target = h.new_port()
    return h.server([bench.lean, mode[0], bench.target, *mode[1:]], bench.target, core=h.load_core)


def relayed(mode, measure):
    def measure_relayed(bench, command):
        start_target(bench, mode)
        return measure(bench, command)
    return measure_relayed


def relay_bulk(bench, command):
    """A blast of bytes through the relay, to its end."""
    h, size = bench.harness, bench.scale.send_bytes
    target = start_target(bench, "receive", "drop")
    port = h.new_port()
    relay = h.server(command(bench, port), port)
    before = h.processor_s(relay)
    start = time.monotonic()
    h.load("blast", port, size).wait()
    target.wait()
    seconds = time.monotonic() - start
    return bulk_sample(size, seconds, h.processor_s(relay) - before)


# Start-up.

def start_up(bench, command):
    h, runs = bench.harness, bench.scale.runs
    sink = h.load("sink", 0)
    port = int(sink.read_line())
    line = bench.path("line")
    with open(line, "w", encoding="ascii") as f:
        f.write("hello\n")
    loop = h.load("runs", runs, line, *command(bench, port), core=h.tool_core)
    result = loop.result()
    return Sample(rate=runs / result["seconds"], cost=result["processor"] / runs,
                  seconds=result["seconds"])


# Text.

def watch_peaks(harness, programs, until):
    """Runs until() and returns the sum of the programs' largest resident sets."""
    peaks = {}

    def look():
        for p in programs:
            peaks[p.pid] = max(peaks.get(p.pid, 0), status_kb(p.pid, "VmHWM").get("VmHWM", 0))
        return until()

    harness.wait_until(look, "the conversion")
    return sum(peaks.values()) * 1024


def convert(bench, command):
    """GBK comes in, UTF-8 goes to /dev/null. The peer is a pipeline: all of it counts."""
    h, port = bench.harness, bench.harness.new_port()
    path, size = bench.gbk_file()
    words = command(bench, port)
    programs = []
    if words[0] == "nc":
        reading, writing = os.pipe()
        programs.append(h.tool(["iconv", "-f", "gbk", "-t", "utf-8"], stdin=reading))
        os.close(reading)
        programs.append(h.server(words, port, stdout=writing))
        os.close(writing)
    else:
        programs.append(h.server(words, port))
    start = time.monotonic()
    blast = h.load("blast", port, size, path)
    peak = watch_peaks(h, programs, lambda: all(p.status is not None for p in programs))
    seconds = time.monotonic() - start
    for p in programs:
        p.wait()
    blast.wait()
    used = sum(p.usage.ru_utime + p.usage.ru_stime for p in programs)
    return Sample(rate=size / seconds, cost=used / size, memory=peak, seconds=seconds)


def converters():
    return {
        "nc | iconv": lambda b, port: ["nc", "-d", "-l", LOOPBACK, port],
        "lean": lambda b, port: [b.lean, "convert", port, "gbk"],
        "tcptool": lambda b, port: [b.tool, "serve", "-q", "-1", "-e", "gbk", "-b", LOOPBACK,
                                    "-p", port],
    }


def upper_stream(bench, command):
    """Everything that goes comes back in upper case."""
    h, size, port = bench.harness, bench.scale.upper_bytes, bench.harness.new_port()
    server = h.server(command(bench, port), port)
    before = h.processor_s(server)
    load = h.load("stream", port, size)
    load.wait()
    result = load.result()
    return Sample(rate=size / result["seconds"], cost=(h.processor_s(server) - before) / size,
                  seconds=result["seconds"])


def upper_streamers():
    own = upper_servers("-1")["tcptool"]
    return {
        "socat, tr": lambda b, port: [
            "socat", "-b131072", f"TCP-LISTEN:{port},bind={LOOPBACK},reuseaddr",
            "EXEC:/usr/bin/tr a-z A-Z"],
        "lean": lambda b, port: [b.lean, "upper-stream", port],
        "tcptool": own,
    }


# A room.

def chat_load(speakers, lines):
    """All speakers say so many lines at a time."""
    def measure(bench, command):
        s = bench.scale
        return measure_held(bench, command, ["chat", s.members, speakers, lines, s.seconds])
    return measure


def rooms():
    def own(bench, port):
        bench.need("chat", "--room")
        return [bench.tool, "chat", "-q", "--listen", "--room", "--max-conns", "0",
                "-b", LOOPBACK, "-p", port]

    return {
        "ncat --chat": lambda b, port: ["ncat", "--chat", "-l", "-m", "1000", LOOPBACK, port],
        "ncat --broker": lambda b, port: ["ncat", "--broker", "-l", "-m", "1000", LOOPBACK, port],
        "lean": lambda b, port: [b.lean, "room", port],
        "tcptool": own,
    }


# A broadcast.

def readers_load(count):
    """All readers discard what they are sent: zeros, of which there is no end."""
    def measure(bench, command):
        with open("/dev/zero", "rb") as zeros:
            return measure_held(bench, command, ["readers", count, bench.scale.seconds],
                                stdin=zeros)
    return measure


def relayed_load(count):
    """The same, with a client of a broker that sends them."""
    def measure(bench, command):
        return measure_held(bench, command, ["readers", count, bench.scale.seconds, "publish"])
    return measure


def many_readers(option):
    def own(bench, port):
        bench.need("serve", option)
        return [bench.tool, "serve", "-q", option, "-b", LOOPBACK, "-p", port]
    return own


def broadcasters():
    return {
        "lean": lambda b, port: [b.lean, "broadcast", port],
        "tcptool": many_readers("--broadcast"),
    }


def brokers():
    return {
        "ncat --broker": lambda b, port: ["ncat", "--broker", "-l", "-m", "1000", LOOPBACK, port],
        "tcptool": many_readers("--broker"),
    }


# Workers.

STREAMS = 8


def workers_load(bench, command):
    """Replies in GBK and upper case on several connections. It is the tool that is busy, so that
    the load, which shares the cores with it, takes little of them away."""
    h, port = bench.harness, bench.harness.new_port()
    path, size = bench.gbk_file()
    server = h.server(command(bench, port), port, core=None)
    before = h.processor_s(server)
    start = time.monotonic()
    loads = [h.load("stream", port, size // STREAMS, path, core=None) for _ in range(STREAMS)]
    for load in loads:
        load.wait()
    seconds, used = time.monotonic() - start, h.processor_s(server) - before
    return bulk_sample(size // STREAMS * STREAMS, seconds, used)


def workers():
    def own(count):
        def make(bench, port):
            bench.need("upper", "--workers")
            return [bench.tool, "upper", "-q", "-e", "gbk", "-b", LOOPBACK, "-p", port,
                    "--workers", count]
        return make
    return {"1 worker": own(1), "2 workers": own(2)}


BULK_RATE, BULK_COST = ("GB/s", 1 / GB), ("s/GB", GB)
MICRO = ("µs", 1e6)


def all_rows(scale):
    """Every row, in the order of the table."""
    def bulk(name, title, measure, contestants):
        return Row(name, title, measure, contestants, BULK_RATE, BULK_COST)

    def size(n):
        return f"{n / (1 << 30):g} GB" if n >= 1 << 30 else f"{n // MEGA} MB"

    rows = [
        bulk("receive", f"receive {size(scale.receive_bytes)} to /dev/null",
             receive_null(lambda b: b.scale.receive_bytes), peers_receive()),
        bulk("receive-pipe", f"receive {size(scale.receive_bytes)} into a pipe", receive_pipe,
             peers_receive()),
        bulk("receive-file", f"receive {size(scale.receive_bytes)} into a file on tmpfs",
             receive_file, peers_receive()),
        bulk("send-file", f"send {size(scale.send_bytes)}, `< file`", send_file, peers_send()),
        bulk("send-pipe", f"send {size(scale.send_bytes)}, `cat \\|`", send_pipe, peers_send()),
        Row("echo", "echo 64 bytes, 100 connections", echo_load(100), echo_servers(),
            ("requests/s", 1), MICRO),
        Row("upper", "reply with one line in upper case and close (`upper --single`)", short_load(),
            upper_servers("--single"), ("conn/s", 1), MICRO),
        Row("upper-shut", "the same, the client ending first (`upper`)", short_load("shut"),
            only(upper_servers(), "socat", "lean", "tcptool"), ("conn/s", 1), MICRO),
        Row("reply", "reply to a line with a fixed one (`serve --reply`)", short_load("shut"),
            reply_servers(), ("conn/s", 1), MICRO),
        Row("program-true", "`/bin/true`",
            short_load("shut", line=""), program_servers("/bin/true"), ("conn/s", 1), MICRO, None,
            "program"),
        Row("program-cat", "`/bin/cat`, the client sending a line",
            short_load("shut"), program_servers("/bin/cat"), ("conn/s", 1), MICRO, None, "program"),
        Row("idle", f"{scale.idle:,} idle connections, printing", idle_memory(
            lambda b: b.scale.idle, lambda b: b.scale.idle_processes), printing_servers(),
            memory="bytes each", rounds=1, memory_most=512),
        Row("idle-echo", f"{scale.idle:,} idle connections, echo", idle_memory(
            lambda b: b.scale.idle, lambda b: b.scale.idle_processes), echo_servers(),
            memory="bytes each", rounds=1, memory_most=512),
        bulk("relay", f"relay {size(scale.send_bytes)} one way", relay_bulk, relays()),
        Row("relay-echo", "relay an echo of 64 bytes, 100 connections",
            relayed("echo", echo_load(100)), relays(), ("requests/s", 1), MICRO),
        Row("relay-short", "relay a line and its answer, and close",
            relayed("upper", short_load("shut")), relays(), ("conn/s", 1), MICRO),
        Row("relay-idle", f"{scale.idle:,} idle connections, relayed", relayed("echo", idle_memory(
            lambda b: b.scale.idle, lambda b: b.scale.idle_processes)), relays(),
            memory="bytes each", rounds=1),
        Row("start", "connect, send a line, end", start_up, peers_send(), ("runs/s", 1),
            ("ms", 1e3)),
        Row("gbk", f"print {size(scale.convert_bytes)} of GBK as UTF-8", convert, converters(),
            BULK_RATE, BULK_COST, "peak RSS", "text"),
        Row("upper-ascii", f"reply with {size(scale.upper_bytes)} of ASCII in upper case",
            upper_stream, upper_streamers(), BULK_RATE, BULK_COST, None, "text"),
        Row("chat", f"room of {scale.members}, 10 speakers, 10 lines of 64 bytes at a time",
            chat_load(10, 10), rooms(), ("lines/s", 1), MICRO, None, "chat"),
        Row("chat-line", f"room of {scale.members}, 1 speaker, 1 line of 64 bytes at a time",
            chat_load(1, 1), rooms(), ("lines/s", 1), MICRO, None, "chat"),
        Row("broadcast-100", "send the same to 100 readers (`serve --broadcast`)",
            readers_load(100), broadcasters(), BULK_RATE, BULK_COST, None, "chat"),
        Row("broadcast-500", "send the same to 500 readers",
            readers_load(500), broadcasters(), BULK_RATE, BULK_COST, None, "chat"),
        Row("broker-100", "pass on what one client sends to 100 readers (`serve --broker`)",
            relayed_load(100), brokers(), BULK_RATE, BULK_COST, None, "chat"),
        Row("broker-500", "pass on what one client sends to 500 readers",
            relayed_load(500), brokers(), BULK_RATE, BULK_COST, None, "chat"),
        Row("workers", f"reply with {size(scale.convert_bytes)} of GBK in upper case on {STREAMS} "
            "connections", workers_load, workers(), BULK_RATE, BULK_COST, None, "workers"),
    ]
    for count in scale.echo_steps:
        rows.append(Row(f"scale-echo-{count}", f"{count:,}", echo_load(count),
                        echo_servers(count), ("requests/s", 1), MICRO, None, "scale-echo",
                        scale.scaling_rounds))
    for bytes_ in scale.transfer_steps:
        label = next(f"{bytes_ / n:g} {unit}" for n, unit in
                     ((1 << 30, "GB"), (MEGA, "MB"), (1 << 10, "kB")) if bytes_ >= n)
        rows.append(Row(f"scale-bytes-{bytes_}", label, receive_null(lambda b, n=bytes_: n),
                        only(peers_receive(), "nc", "lean", "tcptool"), BULK_RATE, BULK_COST,
                        None, "scale-bytes", scale.scaling_rounds * (5 if bytes_ < MEGA else 1)))
    return rows
