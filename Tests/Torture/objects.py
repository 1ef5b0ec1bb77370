"""What is put into a bucket, by commands beside the server."""
import collections
import gzip
import hashlib
import itertools
import json
import time

from clients import Client


class Content:
    """The bytes of an object: so many lines, each with the number of the content and its own."""

    def __init__(self, number, lines, compressed):
        self.number, self.lines = number, lines
        text = "".join(json.dumps({"o": number, "n": n}) + "\n" for n in range(lines)).encode()
        self.bytes = gzip.compress(text, mtime=0) if compressed else text
        self.digest = hashlib.sha256(self.bytes).hexdigest()


class Bucket:
    """What is known of the objects of one bucket. The same bytes may be put again, and are another object then."""

    def __init__(self, name):
        self.name = name
        self.numbers = itertools.count()
        # Lines of each content; and its number, by its digest.
        self.lines, self.digests = {}, {}
        # How often each content was put: answered, and tried.
        self.answered, self.tried = collections.Counter(), collections.Counter()

    def add(self, content):
        self.lines[content.number] = content.lines
        self.digests[content.digest] = content.number


class Putter(Client):
    """Puts some files at once, again and again until it is answered. Later ones overwrite earlier ones."""

    KEYS = 6
    SIZES = [1, 10, 100, 2_500]

    def __init__(self, torture, name, bucket):
        super().__init__(torture, name)
        self.bucket = bucket
        self.folder = torture.workspace / name
        self.folder.mkdir()
        # Contents by key: what is not answered yet, and the last that was.
        self.pending, self.former = {}, {}

    def step(self):
        time.sleep(self.random.uniform(0, 0.3))
        if not self.pending:
            self.pending = self.some_objects()
        for key, content in self.pending.items():
            (self.folder / key).write_bytes(content.bytes)
        process = self.torture.server.begin("put", self.bucket.name, *[self.folder / key for key in self.pending])
        if process is None:
            return
        numbers = [content.number for content in self.pending.values()]
        self.bucket.tried.update(numbers)
        if self.random.random() < 0.1:
            time.sleep(self.random.uniform(0, 0.1))
            process.kill()
        if process.wait(120) == 0:
            self.bucket.answered.update(numbers)
            self.former, self.pending = self.pending, {}

    def some_objects(self):
        if self.former and self.random.random() < 0.1:
            # The bytes of an object that is there.
            return self.former
        keys = [f"{self.name}-{n}.jsonl{'.gz' if n % 2 else ''}" for n in range(self.KEYS)]
        objects = {}
        for key in self.random.sample(keys, self.random.choice([1, 1, 3])):
            lines = self.random.choices(self.SIZES, weights=[8, 8, 8, 1])[0]
            objects[key] = Content(next(self.bucket.numbers), lines, compressed=key.endswith(".gz"))
            self.bucket.add(objects[key])
        return objects
