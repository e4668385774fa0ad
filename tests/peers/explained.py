"""Prints the steps that --explain has written to FILE, a line each: "CALL: MEANING".

explained.py FILE [calls]: with calls, "NUMBER CALL" only. Steps of clients begin with "> ".
"""
import re
import sys

CALL_AT, MEANING_AT = 4, 28

with open(sys.argv[1], encoding="utf-8") as file:
    lines = file.read().splitlines()
steps = []
for line in lines:
    found = re.match(r"(127\.0\.0\.1:\d+|\[::1\]:\d+|)( {2}\d| \d\d|\d{3}| {4}TCP_INFO) ", line)
    if found:
        label = found[1]
        line = line[len(label):]
        number, call = line[:CALL_AT].strip(), line[CALL_AT:MEANING_AT]
        if not call.endswith(" ") and len(line) > MEANING_AT:
            call, line = line[CALL_AT:], ""
        steps.append([label, number, call.strip(), line[MEANING_AT:]])
    elif steps and line.startswith(" " * (len(steps[-1][0]) + MEANING_AT)):
        steps[-1][3] = " ".join(filter(None, (steps[-1][3], line.strip())))
for label, number, call, meaning in steps:
    mark = "> " if label else ""
    if len(sys.argv) == 2:
        print(f"{mark}{call}: {meaning}")
    elif number:
        print(f"{mark}{number} {call}")
