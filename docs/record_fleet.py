"""Record `cmean run` with three workers, one of which is killed, as an animated picture.

    python docs/record_fleet.py     # a minute; writes docs/images/fleet.webp

The servers, the workers and the shell at its pseudo-terminal are real, and so are the times; what
the last caption says is counted in the catalog. Besides what the tests need, this takes the
packages pexpect and pyte, and the font DejaVu Sans Mono (in Debian: fonts-dejavu-core).
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pexpect
import pyte
from PIL import Image, ImageColor, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
TRACKS, ARTWORKS = 40, 260
PARTS = 5 * (TRACKS + ARTWORKS)
WORKERS = 3
ENOUGH = 10  # tasks that a worker holds when it is killed, at least
PROMPT, LINES = "$ ", 24
TICK, QUIET = 0.25, 0.02
"""Seconds between two looks at the screen, and after which what is written there is complete."""
LAST = 6.0  # seconds that the last picture stays
FONT_SIZE = 20  # a character is 12.04 pixels wide then: columns lie on whole pixels
MARGIN = 18
GROUND, STRIP = "#12161d", "#1f2630"
COLOURS = {  # by the names of pyte, which calls yellow brown
    "default": "#d5dae3",
    "black": GROUND,
    "red": "#f2777a",
    "green": "#98c379",
    "brown": "#e5c07b",
    "blue": "#6cb6ff",
    "magenta": "#c678dd",
    "cyan": "#56c2d0",
    "white": "#d5dae3",
}
CALM, ALARM, GOOD = COLOURS["brown"], COLOURS["red"], COLOURS["green"]
SGR_FAINT, SGR_BLINK, SGR_EXTENDED = 2, 5, 38


class Frame(NamedTuple):
    """What was to be seen from a moment on: lines of characters, a caption and its colour."""

    since: float
    screen: Sequence[Sequence[Any]]
    caption: tuple[str, str]


class Screen(pyte.Screen):
    """A screen that knows faint text, which pyte does not: it is kept as blinking."""

    def select_graphic_rendition(self, *attributes: int) -> None:
        """Set colours and styles; the 2 in 38;5;2 is a colour."""
        if SGR_EXTENDED not in attributes:
            attributes = tuple(SGR_BLINK if a == SGR_FAINT else a for a in attributes)
        super().select_graphic_rendition(*attributes)


class Terminal:
    """A shell at a pseudo-terminal, and the film of its screen."""

    def __init__(self, folder: Path, environment: dict[str, str], columns: int) -> None:
        self.screen = Screen(columns, LINES)
        self.stream = pyte.ByteStream(self.screen)
        self.film: list[Frame] = []
        self.caption = ("", CALM)
        path = f"{Path(sys.executable).parent}:{environment['PATH']}"
        own = {"PS1": PROMPT, "TERM": "xterm-256color", "PATH": path}
        options = {"cwd": folder, "env": environment | own, "dimensions": (LINES, columns)}
        self.shell = pexpect.spawn("/bin/sh", ["-i"], **options)
        self.shell.delaybeforesend = None
        self.until(self.prompted)
        self.film.clear()

    def roll(self, seconds: float = TICK) -> None:
        """Take in what the shell writes, then take a picture, unless nothing has changed."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                left = max(QUIET, deadline - time.monotonic())
                self.stream.feed(self.shell.read_nonblocking(65536, timeout=left))
            except pexpect.TIMEOUT:
                break
        columns = range(self.screen.columns)
        lines = [[self.screen.buffer[y][x] for x in columns] for y in range(LINES)]
        frame = Frame(time.monotonic(), lines, self.caption)
        if not self.film or self.film[-1][1:] != frame[1:]:
            self.film.append(frame)

    def until(self, condition: Callable[[], bool], seconds: float = 180.0) -> None:
        """Go on until a condition holds."""
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("\n".join(self.screen.display))
            self.roll()

    def hold(self, seconds: float) -> None:
        """Go on for so long."""
        deadline = time.monotonic() + seconds
        self.until(lambda: time.monotonic() >= deadline)

    def prompted(self) -> bool:
        """Whether the shell waits for a command."""
        cursor = self.screen.cursor
        return cursor.x == len(PROMPT) and self.screen.display[cursor.y].startswith(PROMPT)

    def type(self, command: str) -> None:
        """Enter a command as somebody would who types well."""
        for character in command:
            self.shell.send(character)
            self.roll(0.05)
        self.shell.send("\r")
        self.roll()


def perform(folder: Path, columns: int) -> list[Frame]:
    """Start the servers, enter a corpus, play, and return the film."""
    from fleet import Redis, fleet_on  # noqa: PLC0415 - the tests', on the path by now
    from support import PostgreSQL, write_artwork, write_track  # noqa: PLC0415

    with ExitStack() as stack:
        redis = Redis(folder)
        stack.callback(redis.kill)
        redis.start()
        server = stack.enter_context(PostgreSQL())
        fleet = stack.enter_context(fleet_on(folder / "fleet", server.start(), redis.url))
        for name in ("CMEAN_PROFILE", "CMEAN_TESTING", "PYTHONPATH"):
            del fleet.environment[name]  # the back-ends are those that come with cmean
        # Workers tell what they did at a third of the lease, here every two seconds.
        fleet.environment["CMEAN_LEASE_SECONDS"] = "6"
        media = fleet.folder / "media"
        for n in range(TRACKS):
            write_track(media / f"track-{n}.wav", 8.0, 110.0 * 2 ** (n / 12))
        for n in range(ARTWORKS):
            colour = (40 + 37 * n % 200, 40 + 53 * n % 200, 40 + 71 * n % 200)
            write_artwork(media / f"artwork-{n}.png", colour, 96 + n)
        fleet.register(media)
        return play(fleet, Terminal(fleet.folder, fleet.environment, columns))


def play(fleet: Any, terminal: Terminal) -> list[Frame]:  # noqa: ANN401 - of the tests
    """What happens on the stage."""
    terminal.caption = ("no worker yet; three are being started", CALM)
    terminal.type("cmean run")
    terminal.hold(2)
    started = {process.pid: process for process in (fleet.start() for _ in range(WORKERS))}
    workers = "SELECT pid FROM workers ORDER BY id"
    terminal.until(lambda: len(fleet.rows(workers)) == WORKERS)
    terminal.caption = (f"three workers share {PARTS:,} parts of music and pictures", CALM)
    terminal.until(lambda: fleet.in_state("done") >= PARTS / 3)
    held = kill_at_work(fleet, started[fleet.rows(workers)[1][0]])
    terminal.caption = (f"worker 2 is killed with kill -9; it held {len(held)} tasks", ALARM)
    terminal.hold(4)
    theirs = f"id IN ({', '.join(held)}) AND state = 'leased'"
    terminal.until(lambda: fleet.number(f"SELECT COUNT(*) FROM tasks WHERE {theirs}") == 0)  # noqa: S608
    terminal.caption = ("what it held is free again, and is done by the others", CALM)
    terminal.until(terminal.prompted)
    terminal.caption = verdict(fleet)
    terminal.hold(4)
    terminal.type("cmean status")
    terminal.until(terminal.prompted)
    terminal.shell.close(force=True)
    return terminal.film


def kill_at_work(fleet: Any, worker: Any) -> list[str]:  # noqa: ANN401 - of the tests
    """Kill a worker while it holds work; returns the tasks that it held."""
    query = f"""SELECT t.id FROM tasks t JOIN workers w ON w.id = t.worker_id
        WHERE t.state = 'leased' AND w.pid = {worker.pid}"""  # noqa: S608 - a number of our own
    while True:
        worker.send_signal(signal.SIGSTOP)  # so that it ends nothing between look and kill
        held = [str(task) for (task,) in fleet.rows(query)]
        if len(held) >= ENOUGH:
            worker.kill()
            worker.wait()
            return held
        worker.send_signal(signal.SIGCONT)
        time.sleep(QUIET)


def verdict(fleet: Any) -> tuple[str, str]:  # noqa: ANN401 - of the tests
    """What became of all the work, counted row by row: a caption and its colour."""
    captions = fleet.rows("SELECT item_id, position FROM v_captions")
    emotions = fleet.rows("SELECT item_id, position FROM v_emotions")
    lost = 2 * PARTS - len(set(captions)) - len(set(emotions))
    doubled = len(captions) + len(emotions) - len(set(captions)) - len(set(emotions))
    done = f"{len(captions):,} captions and {len(emotions):,} emotions of {PARTS:,} parts"
    return f"{lost} lost, {doubled} doubled: {done}", ALARM if lost or doubled else GOOD


def drawn(film: Sequence[Frame]) -> Iterator[Image.Image]:
    """The pictures of a film."""
    fonts = [ImageFont.truetype(f"DejaVuSansMono{kind}.ttf", FONT_SIZE) for kind in ("", "-Bold")]
    wide, high = round(fonts[0].getlength("x")), sum(fonts[0].getmetrics())
    top = LINES * high + 2 * MARGIN
    size = (len(film[0].screen[0]) * wide + 2 * MARGIN, top + high + 2 * MARGIN)
    for frame in film:
        image = Image.new("RGB", size, GROUND)
        draw = ImageDraw.Draw(image)
        for y, line in enumerate(frame.screen):
            for x, cell in enumerate(line):
                place = (MARGIN + x * wide, MARGIN + y * high)
                draw.text(place, cell.data, colour(cell.fg, faint=cell.blink), fonts[cell.bold])
        draw.rectangle((0, top, *size), STRIP)
        draw.text((MARGIN, top + MARGIN), *frame.caption, fonts[True])
        yield image


def colour(name: str, *, faint: bool) -> tuple[int, ...]:
    """The colour of that name or of six digits; what is faint lies half way to the ground."""
    full = ImageColor.getrgb(COLOURS.get(name, f"#{name}"))
    ground = ImageColor.getrgb(GROUND) if faint else full
    return tuple((a + b) // 2 for a, b in zip(full, ground, strict=True))


def main() -> None:
    """Record, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "images" / "fleet.webp")
    parser.add_argument("--columns", type=int, default=110, help="of the terminal (default: 110)")
    args = parser.parse_args()
    sys.path.insert(0, str(ROOT / "tests"))
    with tempfile.TemporaryDirectory() as folder:
        film = perform(Path(folder), args.columns)
    lengths = [round(1000 * (b.since - a.since)) for a, b in pairwise(film)] + [round(1000 * LAST)]
    first, *others = drawn(film)
    options: dict[str, Any] = {"save_all": True, "append_images": others, "duration": lengths}
    first.save(args.output, lossless=True, quality=60, method=4, **options)
    print(f"{args.output}: {len(film)} frames, {args.output.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
