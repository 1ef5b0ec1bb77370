"""What must be there at the end of what was sent and put: read while nobody has the folder."""
import collections
import contextlib
import hashlib
import json
import shutil
import sqlite3

from pipelines import RECEIVES


class MessageBooks:
    """Of a pipeline with a queue: each record is a row or a dead letter, once, and a raw copy."""

    def __init__(self, torture, sender, keeps_all=True):
        self.torture, self.sender, self.name = torture, sender, sender.name
        # Whether the raw copies are kept until the end.
        self.keeps_all = keeps_all

    def problems(self):
        sender = self.sender
        rows = rows_of(self.torture.place, self.name, "n, g")
        numbers = [number for number, _ in rows]
        letters, copies = self.dead_letters(), self.raw_copies()
        yield from self.differences(numbers + letters, "rows and dead letters")
        yield from some("dead letters that should be rows", {n for n in letters if not sender.ends_dead(n)})
        yield from some("rows that should be dead letters", {n for n in numbers if sender.ends_dead(n)})
        if self.keeps_all:
            yield from self.differences(copies, "raw copies")
            yield from some("either a raw copy, or a row or dead letter", set(copies) ^ {*numbers, *letters})
        else:
            yield from some("raw copies too many", twice(copies) | set(copies) - sender.tried)
        if sender.fifo:
            yield from self.overtaken(rows)

    def differences(self, found, what):
        yield from some(f"answered records missing among the {what}", self.sender.answered - set(found))
        yield from some(f"{what} too many", twice(found))
        yield from some(f"{what} that nobody sent", set(found) - self.sender.tried)

    def overtaken(self, rows):
        for group in {group for _, group in rows}:
            line = [number for number, g in rows if g == group]
            if line != sorted(line):
                yield f"group {group} is not in order"

    def dead_letters(self):
        return self.numbers_in("dlq", "export", "--pipeline", self.name, "--all")

    def raw_copies(self):
        return self.numbers_in("archive", "export", self.name)

    def numbers_in(self, *command):
        """Of the records that a command writes; one that finds none says so."""
        file = self.torture.workspace / "export.jsonl"
        code, text = self.torture.server.run(*command, "-o", file)
        if code != 0:
            assert "nothing was written" in text, f"{command}: {code} {text}"
            return []
        return [json.loads(json.loads(line)["body_text"])["n"] for line in file.read_text().splitlines()]


class KillerBooks(MessageBooks):
    """Of the pipeline whose function kills: each record that does is dead after its receives."""

    def problems(self):
        yield from super().problems()
        kills = collections.Counter(self.torture.server.kills_from_inside())
        yield from some("records that killed and should not", set(kills) - self.sender.killers)
        yield from some("records that should have killed", self.sender.killers & self.sender.answered - set(kills))
        # The first time with others, the second perhaps beside one that was alone of another queue; neither is counted.
        yield from some("records that killed too often", {n for n, times in kills.items() if times > RECEIVES + 2})


class ObjectBooks:
    """Of a pipeline with a bucket: all lines of an object are rows as often as it was put, or none."""

    name = "files"

    def __init__(self, torture, bucket, keeps_all=True):
        self.torture, self.bucket, self.keeps_all = torture, bucket, keeps_all

    def problems(self):
        bucket = self.bucket
        rows = collections.Counter(rows_of(self.torture.place, self.name, "o, n"))
        found = {}
        for number, lines in bucket.lines.items():
            counts = {rows.pop((number, n), 0) for n in range(lines)}
            found[number] = max(counts)
            if len(counts) > 1:
                yield f"of the {lines} lines of object {number} there are {min(counts)} to {max(counts)} rows each"
        yield from some("rows that nobody put", set(rows))
        yield from self.differences(found, "rows")
        copies = self.raw_copies()
        if copies.pop(None, 0):
            yield "there are raw copies of what nobody put"
        if self.keeps_all:
            yield from self.differences(copies, "raw copies")
            yield from some("objects with other rows than raw copies", {n for n in found if found[n] != copies[n]})
        else:
            yield from some("objects with raw copies too many", {n for n in copies if copies[n] > bucket.tried[n]})

    def differences(self, found, what):
        """`found`: how often the content of each number is there."""
        bucket = self.bucket
        missing = {n for n, times in bucket.answered.items() if found.get(n, 0) < times}
        yield from some(f"objects without all their {what}", missing)
        yield from some(f"objects with {what} too many", {n for n in found if found[n] > bucket.tried[n]})

    def raw_copies(self):
        """How often each content is there; under `None` what is no content."""
        folder = self.torture.workspace / "exported"
        code, text = self.torture.server.run("archive", "export", self.name, "-o", folder)
        assert code == 0, f"the raw copies of {self.name} cannot be exported: {code} {text}"
        digests = (hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir())
        copies = collections.Counter(self.bucket.digests.get(digest) for digest in digests)
        shutil.rmtree(folder)
        return copies


def rows_of(folder, table, columns):
    """In the order in which they were written."""
    with contextlib.closing(sqlite3.connect(f"file:{folder / table}.db?mode=ro", uri=True)) as database:
        return database.execute(f"SELECT {columns} FROM {table} ORDER BY rowid").fetchall()


def twice(numbers):
    return {number for number, times in collections.Counter(numbers).items() if times > 1}


def some(text, numbers):
    """Says how many they are, and which the first; nothing when there are none."""
    if numbers:
        yield f"{len(numbers)} {text}: {sorted(numbers)[:5]}"
