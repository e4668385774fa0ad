"""Connects COUNT clients at once to a server that serves fewer at a time.

clients_in_turn.py PORT COUNT: each sends a text of its own, and ends when it has
its answer, which makes room for the next. Prints how many were answered.
"""
import asyncio
import resource
import sys

port, count = map(int, sys.argv[1:])
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


async def client(number):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    text = f"client {number}: ".encode() * 50
    writer.write(text)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer == text


async def main():
    results = await asyncio.gather(*map(client, range(count)), return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            print(repr(result), file=sys.stderr)
    print(sum(result is True for result in results))


asyncio.run(main())
