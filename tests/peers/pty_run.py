"""Runs a command on a terminal of its own and prints what the terminal shows.

pty_run.py [-f FDS] [-w TEXT | -t TEXT | -s SIGNAL]... -- COMMAND...

-w waits until TEXT was shown (after what earlier -w found), -t types TEXT (\\n, \\x04
and so on are understood), in the order given. FDS says which of the command's
descriptors are the terminal ("012"); the others are ours. Nothing is echoed and no
newline translated. Ends with the command's status, 128 + N when signal N ended it.
"""
import fcntl
import os
import pty
import signal
import sys
import termios

words = sys.argv[1:]
fds = "012"
steps = []
while words[0] != "--":
    if words[0] == "-f":
        fds = words[1]
    else:
        steps.append((words[0], words[1].encode().decode("unicode_escape").encode("latin-1")))
    words = words[2:]
command = words[1:]

master, slave = pty.openpty()
mode = termios.tcgetattr(slave)
mode[1] &= ~termios.OPOST
mode[3] &= ~termios.ECHO
termios.tcsetattr(slave, termios.TCSANOW, mode)

child = os.fork()
if child == 0:
    os.close(master)
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for fd in map(int, fds):
        os.dup2(slave, fd)
    if slave > 2:
        os.close(slave)
    os.execvp(command[0], command)
os.close(slave)


def give_up(*_):
    os.write(2, b"pty_run.py: gave up after 60 s; still to come: %r\n" % (steps,))
    os.killpg(child, signal.SIGKILL)
    os._exit(98)


signal.signal(signal.SIGALRM, give_up)
signal.alarm(60)

shown = b""
searched = 0
while True:
    while steps:
        act, text = steps[0]
        if act == "-w":
            found = shown.find(text, searched)
            if found < 0:
                break
            searched = found + len(text)
        elif act == "-t":
            os.write(master, text)
        elif act == "-s":
            os.kill(child, int(text))
        steps.pop(0)
    try:
        data = os.read(master, 65536)
    except OSError:  # EIO: nobody has the terminal open any more
        break
    shown += data
    os.write(1, data)

status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
if steps:
    os.write(2, b"pty_run.py: never shown: %s\n" % steps[0][1])
    sys.exit(99)
sys.exit(status if status >= 0 else 128 - status)
