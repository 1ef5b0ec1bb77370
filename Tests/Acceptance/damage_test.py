import contextlib
import shutil
import sqlite3
import time

import harness
from harness import DAMAGED, DEAD, DEFINITION, DONE

LINES = """\
pipeline: lines
source: {queue: lines-in}
archive: {keep: 30d}
subject: {customer: $.g}
queue: {type: fifo, group: $.g}
deliver: {to: "sqlite:lines.db", table: lines, key: [n], columns: {n: integer, g: text}}
"""

DROP = """\
pipeline: drop
source: {bucket: drop}
archive: {keep: 30d}
deliver: {to: "sqlite:drop.db", table: drop, key: [n], columns: {n: integer}}
"""

FLIPS = 60


def content(store):
    """All rows of all tables; a text when they cannot be read."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro&immutable=1", uri=True)) as database:
            database.text_factory = bytes
            names = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            return {name: sorted(map(repr, database.execute(f"SELECT * FROM \"{name.decode()}\"").fetchall()))
                    for (name,) in names}
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        return f"{error}"


class DamageCase(harness.Case):
    """A folder with a bit of everything in it, and ways to damage it."""

    def setUp(self):
        super().setUp()
        self.lines, self.drop = self.write("lines.yaml", LINES), self.write("drop.yaml", DROP)
        self.write("a.jsonl", "".join(f'{{"n": {n}, "g": "g{n % 7}"}}\n' for n in range(300)) + '{"n": "x", "g": "a"}\n')
        self.orders("send", "lines-in", "a.jsonl", expect=DONE)
        self.orders("put", "drop", "a.jsonl", expect=DONE)
        self.orders("run", self.lines, self.drop, "--until-idle", expect=DEAD)

    def make_segment(self):
        """Lets hours pass until the raw copies are a file."""
        process = self.spawn("run", self.lines, "--clock-rate", "3600")
        self.until(lambda: len(list(self.data.glob("archive/*.seg"))), 1)
        time.sleep(0.5)
        self.terminate(process)
        (segment,) = self.data.glob("archive/*.seg")
        return segment

    def leave_log(self):
        """What a kill leaves of a write-ahead log behind twenty messages, each sent by itself."""
        process = self.spawn("run", self.lines)
        self.orders("wait", "--ready", expect=DONE)
        for n in range(20):
            self.orders("send", "other", self.write("one.jsonl", f'{{"n": {n}}}\n'), expect=DONE)
        process.kill()
        process.wait()
        log = self.data / "store.db-wal"
        return log

    def flip(self, path, place=None):
        """In a copy of the folder, which the commands of the test work on until it is taken back."""
        copy = self.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.whole, copy, ignore=shutil.ignore_patterns("*.sock", "reserve"))
        file = copy / path.relative_to(self.whole)
        bytes_ = bytearray(file.read_bytes())
        place = self.random.randrange(len(bytes_)) if place is None else place
        bytes_[place] ^= 1 << self.random.randrange(8)
        file.write_bytes(bytes_)
        self.data = copy
        return place


class DamageTest(DamageCase):
    """One bit of one file is another than was written: `data check` says so, or nothing that is stored has changed."""

    def check_each(self, path, wanted=(DAMAGED,)):
        self.whole = self.data
        for _ in range(FLIPS):
            place = self.flip(path)
            answer = self.orders("data", "check", expect=None)
            self.assertIn(answer.code, wanted, f"a bit at {place} of {path.name}\n{answer}")
        self.data = self.whole

    def test_store(self):
        """a bit of the store"""
        self.orders("send", "lines-in", "a.jsonl", expect=DONE)
        self.orders("send", "other", "a.jsonl", expect=DONE)
        self.whole = self.data
        before = content(self.whole / "store.db")
        for _ in range(FLIPS):
            place = self.flip(self.whole / "store.db")
            after = content(self.data / "store.db")
            answer = self.orders("data", "check", expect=None)
            # The text of a table's definition may say that another version has written it.
            wanted = (DAMAGED, DEFINITION, DONE) if after == before else (DAMAGED, DEFINITION)
            self.assertIn(answer.code, wanted, f"a bit at {place}\n{answer}")

    def test_segment(self):
        """a bit of raw copies in a segment"""
        segment = self.make_segment()
        self.orders("data", "check", expect=DONE)
        self.check_each(segment)

    def test_object(self):
        """a bit of an object"""
        (blob,) = [path for path in (self.data / "objects").rglob("*") if len(path.name) == 64]
        blob.chmod(0o600)
        self.check_each(blob)

    def test_log(self):
        """a bit of the write-ahead log that a kill has left, in front of its last two transactions"""
        log = self.leave_log()
        size = len(log.read_bytes())
        self.assertGreater(size, 40 * 4_120, "the log is too short to be damaged in front of two transactions")
        self.whole = self.data
        before = self.data
        for _ in range(FLIPS // 3):
            # The last transactions are of one message each, of a few pages.
            place = self.flip(log, self.random.randrange(size - 30 * 4_120))
            for command in (("data", "check"), ("status",), ("backup", f"b-{place}"), ("data", "upgrade")):
                answer = self.orders(*command, expect=DAMAGED)
                self.assertIn("store.db-wal", answer.text, f"a bit at {place} of {size}")
        self.data = before
        self.orders("data", "check", expect=DONE)
        self.assertEqual(self.json("queue", "show", "other")["ready"], 20)

    def test_places(self):
        """damage of a message is said with its chunk, and nobody is given the message"""
        self.orders("send", "other", self.write("b.jsonl", "".join(f"{'x' * n}\n" for n in range(1, 200))), expect=DONE)
        self.whole = self.data
        with contextlib.closing(sqlite3.connect(f"file:{self.whole / 'store.db'}?mode=ro", uri=True)) as database:
            (chunk, header, data) = database.execute(
                "SELECT c.id, c.header, b.data FROM chunk c JOIN body b ON b.chunk = c.id ORDER BY c.id DESC LIMIT 1").fetchone()
        store = (self.whole / "store.db").read_bytes()
        for part, command, code in [(header[:40], ("status",), DAMAGED), (data[-200:], ("data", "check"), DAMAGED)]:
            self.flip(self.whole / "store.db", store.index(part) + 30)
            answer = self.orders(*command, expect=code)
            self.assertIn(f"chunk {chunk}", answer.text)
            self.assertIn("checksum", answer.text)
