"""Gives a command the controlling side of a terminal as its output.

master_output.py COMMAND...: prints what comes out on the terminal's other side, a line.
"""
import os
import pty
import subprocess
import sys
import tty

master, terminal = pty.openpty()
tty.setraw(terminal)
command = subprocess.Popen(sys.argv[1:], stdout=master)
line = b""
while not line.endswith(b"\n"):
    line += os.read(terminal, 100)
print(line.decode(), end="")
sys.exit(command.wait())
