"""Captions a second of a whole run by a model server, against a bare asynchronous client.

The server is a process of its own that answers each request after a random delay. The baseline
sends the same requests by `AsyncOpenAI`, as many at a time, with the pictures encoded beforehand
and nothing stored: what cmean adds is decoding, encoding, claims, commits, and finding out how
many requests the server takes.

    python benchmarks/server_requests.py [--pictures 400] [--delay 1.0] [--in-flight 128]
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import servers  # noqa: F401 - finds the modules of the tests
from fleet import write_picture
from openai import AsyncOpenAI

from cmean.backends.captioners.openai_server import ServerCaptioner
from cmean.catalog import migrate
from cmean.catalog.engine import Catalog
from cmean.config import load_settings
from cmean.domain import Excerpt, Kind, Picture, Prompt, Recipe, Sound
from cmean.inference import recipes, steps
from cmean.jobs.executor import execute_tasks
from cmean.jobs.planner import plan_recipe_tasks
from cmean.jobs.session import start_session
from cmean.library.ingest import ingest_files
from cmean.media.excerpts import load_excerpts

PROFILE = """
[profiles.served]
extends = "server"
[profiles.served.artwork]
preprocessing = {{ whole_size = 64, fragment_size = 64 }}
captioner = {{ backend = "openai", model = "stub", concurrency = {in_flight} }}
"""
REPLY = (
    b'{"id": "1", "object": "chat.completion", "created": 0, "model": "stub", "choices": [{"index":'
    b' 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "A calm sea."}}],'
    b' "usage": {"prompt_tokens": 900, "completion_tokens": 90, "total_tokens": 990}}'
)


def serve(delay: float, ready: multiprocessing.Queue[int]) -> None:
    """Answer each request after 0.5 to 1.5 times a delay, however many there are."""
    chance = random.Random(1)  # noqa: S311 - no secret

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await read_head(reader):
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            await reader.readexactly(length)
            await asyncio.sleep(delay * chance.uniform(0.5, 1.5))
            kind = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
            writer.write(kind + str(len(REPLY)).encode() + b"\r\n\r\n" + REPLY)
            await writer.drain()
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
        ready.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


async def read_head(reader: asyncio.StreamReader) -> bytes:
    """Read the head of a request; empty at the end of the connection."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return b""


def run_bare(url: str, bodies: list[dict[str, Any]], in_flight: int) -> float:
    """Send the requests by an asynchronous client; the seconds it took."""

    async def run() -> float:
        client = AsyncOpenAI(base_url=url, api_key="none", max_retries=0, timeout=600)
        room = asyncio.Semaphore(in_flight)

        async def send(body: dict[str, Any]) -> None:
            async with room:
                await client.chat.completions.create(**body)

        began = time.perf_counter()
        await asyncio.gather(*(send(body) for body in bodies))
        return time.perf_counter() - began

    return asyncio.run(run())


def make_bodies(folder: Path, recipe: Recipe) -> list[dict[str, Any]]:
    """Make the requests that cmean would send."""
    captioner = ServerCaptioner(model="stub")
    bodies = []
    for path in sorted(folder.iterdir()):
        media = load_excerpts(path, Kind.ARTWORK, recipe.parameters["preprocessing"])
        for position in range(len(media)):
            one: Sound | Picture = media[position]
            excerpt = Excerpt(Kind.ARTWORK, position, one, Prompt("Describe this picture."))
            bodies.append({"model": "stub", **captioner._request(excerpt)})  # noqa: SLF001 - the same request
    return bodies


def run_cmean(catalog: Catalog, recipe: Recipe, recipe_id: int) -> tuple[float, int]:
    """Caption by cmean, in this process; the seconds it took, and how many captions."""
    step = steps.load_step(recipe)
    try:
        with start_session(catalog, 60.0) as session:
            began = time.perf_counter()
            batches = list(execute_tasks(session, recipe_id, step, lambda: False))
            return time.perf_counter() - began, sum(batch.done for batch in batches)
    finally:
        step.backend.unload()


def main() -> None:
    """Run both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--delay", type=float, default=1.0, help="mean seconds of an answer")
    parser.add_argument("--in-flight", type=int, default=128)
    args = parser.parse_args()
    ready: multiprocessing.Queue[int] = multiprocessing.Queue()
    server = multiprocessing.Process(target=serve, args=(args.delay, ready), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{ready.get()}/v1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "art").mkdir()
        for number in range(args.pictures):
            write_picture(folder / "art" / f"{number}.png", (number % 256, number // 256, 77))
        (folder / "cmean.toml").write_text(PROFILE.format(in_flight=args.in_flight))
        settings = load_settings(
            {
                "CMEAN_CONFIG": str(folder / "cmean.toml"),
                "CMEAN_DATABASE_URL": f"sqlite:///{folder / 'cmean.db'}",
            }
        )
        import os  # noqa: PLC0415 - the back-end reads the environment

        os.environ["CMEAN_SERVER_URL"] = url
        catalog = Catalog(settings.database_url)
        migrate.ensure_schema(catalog)
        ingest_files(catalog, [folder / "art"])
        with catalog.write() as connection:
            entered = recipes.enter_recipes(connection, settings.get_profile("served"), ["caption"])
            entry = entered.captioners[Kind.ARTWORK]
            plan_recipe_tasks(connection, entry)
        seconds, captions = run_cmean(catalog, entry.recipe, entry.id)
        bodies = make_bodies(folder / "art", entry.recipe)
        bare = run_bare(url, bodies, args.in_flight)
        catalog.close()
    server.kill()
    assert captions == len(bodies) == 5 * args.pictures
    print(f"{captions} requests, {args.delay:g} s each on average, {args.in_flight} at a time")
    print(f"bare asynchronous client: {len(bodies) / bare:.1f} requests/s (1.00)")
    print(f"cmean: {captions / seconds:.1f} captions/s ({bare / seconds:.2f})")


if __name__ == "__main__":
    main()
