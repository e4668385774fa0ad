"""The rows over TLS. Every server presents the same certificate; no client verifies it."""
import os
import subprocess

from harness import Unavailable
from rows import (BULK_COST, BULK_RATE, LOOPBACK, MICRO, Row, bulk_sample, finish_sending,
                  measure_held)


def certificate(bench):
    """A file with a certificate and its key, made once."""
    path = bench.path("certificate.pem")
    if not os.path.exists(path):
        try:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                            "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                            "/CN=localhost", "-keyout", path + ".key", "-out", path],
                           check=True, capture_output=True)
        except FileNotFoundError as e:
            raise Unavailable("openssl is not installed") from e
        with open(path, "ab") as f, open(path + ".key", "rb") as key:
            f.write(key.read())
    return path


def tool(bench, command, *words):
    bench.need(command, "--tls")
    return [bench.tool, command, "-q", *words, "--tls"]


def receivers():
    return {
        "ncat": lambda b, port: ["ncat", "--recv-only", "-l", "--ssl", "--ssl-cert", certificate(b),
                                 "--ssl-key", certificate(b), LOOPBACK, port],
        "socat": lambda b, port: ["socat", "-b65536", "-u", f"OPENSSL-LISTEN:{port},bind={LOOPBACK},"
                                  f"reuseaddr,verify=0,cert={certificate(b)}", "STDOUT"],
        "s_server": lambda b, port: ["openssl", "s_server", "-quiet", "-naccept", "1", "-accept",
                                     f"{LOOPBACK}:{port}", "-cert", certificate(b)],
        "lean": lambda b, port: [b.lean, "tls-receive", port, certificate(b)],
        "tcptool": lambda b, port: tool(b, "serve", "-1", "-b", LOOPBACK, "-p", port, "--tls-cert",
                                        certificate(b)),
    }


def senders():
    return {
        "ncat": lambda b, port: ["ncat", "--send-only", "--ssl", LOOPBACK, port],
        "socat": lambda b, port: ["socat", "-b65536", "-u", "STDIN",
                                  f"OPENSSL:{LOOPBACK}:{port},verify=0"],
        "lean": lambda b, port: [b.lean, "tls-send", port],
        "tcptool": lambda b, port: tool(b, "send", "--tls-insecure", LOOPBACK, port),
    }


def servers():
    return {
        "ncat": lambda b, port: ["ncat", "-l", "-k", "-m", "20000", "--ssl", "--ssl-cert",
                                 certificate(b), "--ssl-key", certificate(b), "-e", "/bin/cat",
                                 LOOPBACK, port],
        "socat": lambda b, port: ["socat", f"OPENSSL-LISTEN:{port},bind={LOOPBACK},reuseaddr,fork,"
                                  f"backlog=1024,verify=0,cert={certificate(b)}", "PIPE"],
        "lean": lambda b, port: [b.lean, "tls-echo", port, certificate(b)],
        "tcptool": lambda b, port: tool(b, "serve", "--echo", "--max-conns", "0", "-b", LOOPBACK,
                                        "-p", port, "--tls-cert", certificate(b)),
    }


def receive(into_pipe):
    def measure(bench, command):
        h, size, port = bench.harness, bench.scale.tls_bytes, bench.harness.new_port()
        drain, out = None, subprocess.DEVNULL
        if into_pipe:
            reading, out = os.pipe()
            drain = h.run([h.load_path, "drain"], h.load_core, stdin=reading,
                          stdout=subprocess.PIPE)
            os.close(reading)
        words = command(bench, port)
        silent, held = os.pipe()  # s_server ends with its input
        program = h.run(words, h.tool_core, stdout=out,
                        stdin=silent if words[0] == "openssl" else subprocess.DEVNULL)
        os.close(silent)
        if drain:
            os.close(out)
        h.wait_for_listener(program, port)
        before = h.processor_s(program)
        blast = h.load("tls-blast", port, size)
        blast.wait()
        program.wait()
        os.close(held)
        return bulk_sample(size, blast.result()["seconds"], h.processor_s(program) - before)
    return measure


def send(from_pipe):
    def measure(bench, command):
        h, size = bench.harness, bench.scale.tls_bytes
        path = bench.file("zeros", size, bytes(1 << 20))
        sink = h.load("tls-sink", certificate(bench))
        port = int(sink.read_line())
        if from_pipe:
            reading, writing = os.pipe()
            program = h.tool(command(bench, port), stdin=reading)
            os.close(reading)
            h.run(["cat", path], h.load_core, stdout=writing)
            os.close(writing)
        else:
            with open(path, "rb") as f:
                program = h.tool(command(bench, port), stdin=f)
        return finish_sending(bench, program, sink, size)
    return measure


def echo(bench, command):
    return measure_held(bench, command, ["tls-echo", 100, bench.scale.seconds, 64])


def handshakes(*how):
    def measure(bench, command):
        return measure_held(bench, command, ["tls-handshakes", bench.scale.seconds, *how])
    return measure


def all_rows(scale):
    size = f"{scale.tls_bytes / (1 << 30):g} GB"

    def bulk(name, title, measure, contestants):
        return Row(name, title, measure, contestants, BULK_RATE, BULK_COST, None, "tls")

    return [
        bulk("tls-receive", f"receive {size} to /dev/null", receive(False), receivers()),
        bulk("tls-receive-pipe", f"receive {size} into a pipe", receive(True), receivers()),
        bulk("tls-send-file", f"send {size}, `< file`", send(False), senders()),
        bulk("tls-send-pipe", f"send {size}, `cat \\|`", send(True), senders()),
        Row("tls-echo", "echo 64 bytes, 100 connections", echo, servers(), ("requests/s", 1),
            MICRO, None, "tls"),
        Row("tls-handshakes", "full handshakes", handshakes(), servers(), ("conn/s", 1), MICRO,
            None, "tls"),
        Row("tls-resumed", "resumed handshakes", handshakes("resume"), servers(), ("conn/s", 1),
            MICRO, None, "tls"),
    ]
