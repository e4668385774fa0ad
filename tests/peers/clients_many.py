"""Connects COUNT clients at once; each sends a text of its own and wants it back.

clients_many.py PORT COUNT: prints how many got exactly that.
"""
import asyncio
import resource
import sys

port, count = map(int, sys.argv[1:])
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


async def client(number, all_connected):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    all_connected.arrived += 1
    if all_connected.arrived == count:
        all_connected.set()
    await all_connected.wait()
    text = f"client {number}: ".encode() * 50
    writer.write(text)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer == text


async def main():
    all_connected = asyncio.Event()
    all_connected.arrived = 0
    results = await asyncio.gather(
        *(client(i, all_connected) for i in range(count)), return_exceptions=True
    )
    for result in results:
        if isinstance(result, Exception):
            print(repr(result), file=sys.stderr)
    print(sum(result is True for result in results))


asyncio.run(main())
