"""Starts the programs of a measurement, each on its core, and counts what they took.

Processor time is read from the processes' own clocks and from the kernel's
word about those that have ended, children included, so that servers which
start a process per connection are counted whole. No process outlives its
measurement.
"""
import ctypes
import json
import os
import select
import signal
import socket
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
FIRST_PORT = 20000
LAST_PORT = 32000


class Failure(Exception):
    """A measurement that came to nothing; says why."""


class Unavailable(Exception):
    """Something that is not there to be measured."""


def processor_s_of(pid):
    """Processor seconds of a living process, all its threads; None when it is gone."""
    try:
        return time.clock_gettime((~pid << 3) | 2)  # CPUCLOCK_SCHED of that process
    except OSError:
        return None


def stat_fields(pid):
    """The fields of /proc/PID/stat that follow the name, or None."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rpartition(")")[2].split()
    except OSError:
        return None


def descendants_of(root):
    """The process ids of all that come from root, without it."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = stat_fields(int(name))
            if fields:
                children.setdefault(int(fields[1]), []).append(int(name))
    found, look = [], [root]
    while look:
        below = children.get(look.pop(), [])
        found += below
        look += below
    return found


def status_kb(pid, *names):
    """Fields of /proc/PID/status in kB; {} when the process is gone."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
            lines = dict(line.rstrip("\n").split(":", 1) for line in f)
    except (OSError, ValueError):
        return {}
    return {n: int(lines[n].split()[0]) for n in names if n in lines}


def is_listening(port):
    """True when a socket listens there; asked of the kernel, not by connecting."""
    wanted = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as f:
                for line in f:
                    fields = line.split()
                    if fields[3] == "0A" and fields[1].endswith(wanted):
                        return True
        except OSError:
            pass
    return False


class Program:
    """One process that was started, with what it reads and prints."""

    def __init__(self, harness, command, core, stdin, stdout):
        self.harness = harness
        self.command = [str(word) for word in command]
        self.usage = None
        self.status = None
        cores = harness.all_cores if core is None else {core}

        def settle():
            os.sched_setaffinity(0, cores)

        try:
            self.process = subprocess.Popen(
                self.command, stdin=stdin, stdout=stdout, stderr=harness.messages,
                start_new_session=True, preexec_fn=settle)
        except FileNotFoundError as e:
            raise Unavailable(f"{self.command[0]} is not installed") from e
        self.pid = self.process.pid
        harness.programs[self.pid] = self

    def name(self):
        return " ".join(self.command)

    def ended(self, status, usage):
        self.status = os.waitstatus_to_exitcode(status)
        self.process.returncode = self.status
        self.usage = usage

    def wait(self):
        """Waits for the end, which has to be a good one."""
        self.harness.wait_until(lambda: self.status is not None, f"{self.name()} to end")
        if self.status != 0:
            raise Failure(f"{self.name()} ended with {self.status}: {self.harness.last_message()}")

    def read_line(self):
        """The next line of its output."""
        stream = self.process.stdout
        left = self.harness.deadline - time.monotonic()
        if not select.select([stream], [], [], max(left, 0))[0]:
            raise Failure(f"{self.name()} says nothing")
        line = stream.readline()
        if not line:
            raise Failure(f"{self.name()}: {self.harness.last_message()}")
        return line.decode().strip()

    def result(self):
        """Its next line, which is JSON."""
        return json.loads(self.read_line())

    def say_go(self):
        if self.read_line() != "ready":
            raise Failure(f"{self.name()} did not get ready")
        return self

    def go(self):
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()

    def release(self):
        """Ends its input, and with it the connections that it holds."""
        self.process.stdin.close()
        self.wait()

    def tree(self):
        return [self.pid] + descendants_of(self.pid)


class Harness:
    """The cores, the ports and the processes of measurements, one at a time."""

    def __init__(self, timeout_s):
        self.all_cores = os.sched_getaffinity(0)
        ordered = sorted(self.all_cores)
        self.load_core = ordered[0]
        self.tool_core = ordered[-1]
        self.timeout_s = timeout_s
        self.deadline = 0
        self.programs = {}
        self.orphans_s = 0  # processor time of those that were left to us
        self.port = FIRST_PORT
        self.messages = os.memfd_create("messages")
        # Grandchildren whose parent has ended come to us, so that they are counted and ended too.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def begin(self):
        """A new measurement."""
        self.deadline = time.monotonic() + self.timeout_s
        self.orphans_s = 0
        os.ftruncate(self.messages, 0)
        os.lseek(self.messages, 0, os.SEEK_SET)

    def last_message(self):
        text = os.pread(self.messages, 1 << 16, 0).decode(errors="replace").strip()
        return text.splitlines()[-1] if text else "no message"

    def new_port(self):
        """A port that is free, outside those that the kernel gives to clients."""
        while True:
            self.port = self.port + 1 if self.port < LAST_PORT else FIRST_PORT
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    s.bind(("127.0.0.1", self.port))
                    return self.port
                except OSError:
                    pass

    def run(self, command, core, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
        return Program(self, command, core, stdin, stdout)

    def tool(self, command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL):
        """The measured program, on its core."""
        return self.run(command, self.tool_core, stdin, stdout)

    def server(self, command, port, stdout=subprocess.DEVNULL, core="tool",
               stdin=subprocess.DEVNULL):
        """The same, waited for until it listens."""
        program = self.run(command, self.tool_core if core == "tool" else core, stdin, stdout)
        self.wait_for_listener(program, port)
        return program

    def wait_for_listener(self, program, port):
        self.wait_until(lambda: program.status is not None or is_listening(port),
                        f"{program.name()} to listen")
        if program.status is not None:
            raise Failure(f"{program.name()} ended with {program.status}: {self.last_message()}")

    def load(self, *command, core="load"):
        """The other side, on the other core."""
        return self.run([self.load_path, *command], self.load_core if core == "load" else core,
                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def reap(self):
        """Takes in what has ended."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            program = self.programs.get(pid)
            if program is not None:
                program.ended(status, usage)
            else:
                self.orphans_s += usage.ru_utime + usage.ru_stime

    def wait_until(self, true, what):
        pause_s = 0.0005
        while True:
            self.reap()
            if true():
                return
            if time.monotonic() > self.deadline:
                raise Failure(f"waited {self.timeout_s:g} s for {what}")
            time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, 0.01)

    def processor_s(self, program):
        """What program and all that come from it have taken so far."""
        self.reap()
        total = self.orphans_s
        if program.usage is not None:
            total += program.usage.ru_utime + program.usage.ru_stime
        for pid in program.tree():
            own = processor_s_of(pid)
            fields = stat_fields(pid)
            if own is not None:
                total += own
            if fields:
                total += (int(fields[13]) + int(fields[14])) * TICK_S
        return total

    def end_all(self):
        """Ends what is still there, whatever it is."""
        for program in self.programs.values():
            for stream in (program.process.stdin, program.process.stdout):
                if stream is not None and not stream.closed:
                    stream.close()
        while True:
            self.reap()
            left = descendants_of(os.getpid())
            if not left:
                break
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.002)
        self.programs.clear()
