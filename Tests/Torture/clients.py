"""Clients that remember every answer, and say when a later one contradicts it."""
import collections
import hashlib
import json
import sqlite3
import threading
import time

from server import SQS, Refused, Unknown


class Violations:
    """What must never be, as it was seen."""

    def __init__(self):
        self.lock = threading.Lock()
        self.found = []

    def add(self, text):
        with self.lock:
            self.found.append(text)


class Client:
    """A thread with a connection of its own, until it is told to finish."""

    def __init__(self, torture, name):
        self.torture, self.name = torture, name
        self.random = torture.random_for(name)
        self.sqs = SQS(torture.server)
        self.finishing = threading.Event()
        self.thread = threading.Thread(target=self.go, name=name, daemon=True)

    def start(self):
        self.thread.start()

    def finish(self):
        self.finishing.set()

    def join(self):
        self.thread.join(120)
        if self.thread.is_alive():
            self.violation("does not come to its end: an answer never came")

    def violation(self, text):
        self.torture.violations.add(f"{self.name}: {text}")

    def go(self):
        try:
            while not self.finishing.is_set():
                if not self.torture.server.up.wait(0.2):
                    continue
                try:
                    self.step()
                except (Unknown, Refused):
                    # Told to finish, or the server is away: the step knows what it does not know.
                    time.sleep(0.02)
        except Exception as error:
            self.violation(f"{type(error).__name__}: {error}")
            raise
        finally:
            self.sqs.close()


def text_with_checksum(name, random):
    """A body that says itself whether it is whole."""
    text = f"{name} " + "".join(random.choices("abcdefgh ", k=random.choice([10, 200, 2_000, 8_000])))
    return f"{hashlib.md5(text.encode()).hexdigest()} {text}"


def name_of(body):
    """`None` = it is not whole."""
    checksum, _, text = body.partition(" ")
    return text.split(" ")[0] if hashlib.md5(text.encode()).hexdigest() == checksum else None


class StandardQueue:
    """What is known of the messages of one standard queue."""

    def __init__(self, torture, name):
        self.torture, self.name = torture, name
        self.lock = threading.Lock()
        # Names of messages: answered sends, and all that were tried.
        self.answered, self.tried = set(), set()
        self.received = set()
        # When their deletion was answered; and whose deletion was asked for.
        self.deleted, self.asked = {}, set()
        # Receive count, and when it was told, by message id.
        self.counts = {}
        self.receives = self.receipts_after_kill = 0

    def note_receive(self, message, began, who):
        name = name_of(message["Body"])
        count = int(message["Attributes"]["ApproximateReceiveCount"])
        with self.lock:
            self.receives += 1
            if name is None or name not in self.tried:
                return who.violation(f"received what nobody sent: {message['Body'][:80]}")
            deleted = self.deleted.get(name)
            if deleted is not None and deleted < began:
                who.violation(f"{name} came back after its deletion was answered")
            former, told = self.counts.get(message["MessageId"], (0, 0))
            if told < began and count <= former:
                who.violation(f"the receive count of {name} went from {former} to {count}")
            self.counts[message["MessageId"]] = (max(count, former), time.monotonic())
            self.received.add(name)
        return name

    def note_deleted(self, name):
        with self.lock:
            self.deleted[name] = time.monotonic()

    def missing(self):
        return self.answered - set(self.deleted) - self.asked


class StandardSender(Client):
    def __init__(self, torture, name, queue):
        super().__init__(torture, name)
        self.queue = queue
        self.count = 0

    def step(self):
        names = [f"{self.name}-{self.count + n}" for n in range(self.random.randint(1, 10))]
        self.count += len(names)
        with self.queue.lock:
            self.queue.tried.update(names)
        answer = self.sqs("SendMessageBatch", QueueUrl=self.queue.name, Entries=[
            {"Id": f"{n}", "MessageBody": text_with_checksum(name, self.random)} for n, name in enumerate(names)])
        with self.queue.lock:
            self.queue.answered.update(names[int(entry["Id"])] for entry in answer.get("Successful", []))


class StandardReceiver(Client):
    """Receives, deletes most of it at once, and some of it later, perhaps after a kill."""

    VISIBILITY = 20
    # Receipts that are kept have at least so many seconds left.
    MARGIN = 6

    def __init__(self, torture, name, queue):
        super().__init__(torture, name)
        self.queue = queue
        self.kept = []

    def step(self):
        began = time.monotonic()
        starts = self.torture.starts
        answer = self.sqs("ReceiveMessage", QueueUrl=self.queue.name, MaxNumberOfMessages=10, WaitTimeSeconds=1,
                          VisibilityTimeout=self.VISIBILITY, AttributeNames=["All"])
        now = []
        for message in answer.get("Messages", []):
            name = self.queue.note_receive(message, began, self)
            if name is None:
                continue
            item = (name, message["ReceiptHandle"], began, starts)
            (now if self.torture.draining or self.random.random() < 0.7 else self.kept).append(item)
        kept, self.kept = self.kept, []
        for item in kept:
            (now if self.torture.draining or self.random.random() < 0.1 else self.kept).append(item)
        self.delete(now)

    def delete(self, items):
        """Only with a receipt that is still good: then nobody else has had the message since."""
        items = [item for item in items if time.monotonic() - item[2] < self.VISIBILITY - self.MARGIN
                 and item[0] not in self.queue.deleted]
        for start in range(0, len(items), 10):
            part = items[start:start + 10]
            self.queue.asked.update(item[0] for item in part)
            answer = self.sqs("DeleteMessageBatch", QueueUrl=self.queue.name, Entries=[
                {"Id": f"{n}", "ReceiptHandle": item[1]} for n, item in enumerate(part)])
            if answer.get("Failed"):
                self.violation(f"receipts that are good were refused: {answer['Failed'][:2]}")
            for entry in answer.get("Successful", []):
                item = part[int(entry["Id"])]
                self.queue.note_deleted(item[0])
                self.queue.receipts_after_kill += item[3] != self.torture.starts


class FIFOQueue:
    """What is known of one FIFO queue with a few groups."""

    def __init__(self, torture, name, groups):
        self.torture, self.name = torture, name
        self.groups = [f"g{n}" for n in range(groups)]
        # The last number of each group whose send was answered.
        self.sent = collections.Counter()
        # The last number that was received, and the last whose deletion was answered.
        self.seen, self.done = collections.Counter(), collections.Counter()
        self.ids = {}
        self.retried = 0


class FIFOSender(Client):
    """Sends numbers, each again until it is answered: stored once, thanks to its deduplication id."""

    def __init__(self, torture, name, queue):
        super().__init__(torture, name)
        self.queue = queue
        self.pending = []

    def step(self):
        if not self.pending:
            groups = self.random.sample(self.queue.groups, 4)
            self.pending = [(group, self.queue.sent[group] + 1 + n) for group in groups for n in range(2)]
        else:
            self.queue.retried += 1
        answer = self.sqs("SendMessageBatch", QueueUrl=self.queue.name, Entries=[
            {"Id": f"{n}", "MessageBody": text_with_checksum(f"{group}/{number}", self.random), "MessageGroupId": group,
             "MessageDeduplicationId": f"{group}-{number}"} for n, (group, number) in enumerate(self.pending)])
        if answer.get("Failed"):
            raise Refused(answer["Failed"])
        for group, number in self.pending:
            self.queue.sent[group] = max(self.queue.sent[group], number)
        self.pending = []


class FIFOReceiver(Client):
    """The only one at its queue: what it is given has to be the next, or one whose deletion is not known."""

    def __init__(self, torture, name, queue):
        super().__init__(torture, name)
        self.queue = queue

    def step(self):
        answer = self.sqs("ReceiveMessage", QueueUrl=self.queue.name, MaxNumberOfMessages=10, WaitTimeSeconds=1,
                          VisibilityTimeout=2, AttributeNames=["All"])
        handled = []
        for message in answer.get("Messages", []):
            name = name_of(message["Body"])
            if name is None:
                self.violation(f"received what nobody sent: {message['Body'][:80]}")
                continue
            group, _, number = name.partition("/")
            self.look(group, int(number), message["MessageId"])
            handled.append((group, int(number), message["ReceiptHandle"]))
        # Mostly all; what is behind one that is not deleted waits for it in its group, and comes after it.
        if not self.torture.draining and self.random.random() < 0.1:
            handled = handled[:self.random.randrange(len(handled) + 1)]
        if handled:
            self.delete(handled)

    def delete(self, handled):
        answer = self.sqs("DeleteMessageBatch", QueueUrl=self.queue.name, Entries=[
            {"Id": f"{n}", "ReceiptHandle": receipt} for n, (_, _, receipt) in enumerate(handled)])
        for entry in answer.get("Successful", []):
            group, number, _ = handled[int(entry["Id"])]
            self.queue.done[group] = max(self.queue.done[group], number)

    def look(self, group, number, message):
        seen, done = self.queue.seen[group], self.queue.done[group]
        if number > seen + 1:
            self.violation(f"{group}/{number} overtook {group}/{seen + 1}, or that is lost")
        if number <= done:
            self.violation(f"{group}/{number} came back after its deletion was answered")
        former = self.queue.ids.setdefault((group, number), message)
        if former != message:
            self.violation(f"{group}/{number} is there twice, as {former} and {message}")
        self.queue.seen[group] = max(seen, number)


class RecordSender(Client):
    """Records for a pipeline: each number is sent once, whatever becomes of the answer."""

    def __init__(self, torture, name, queue, fifo=False):
        super().__init__(torture, name)
        self.queue, self.fifo = queue, fifo
        self.count = 0
        self.answered, self.tried = set(), set()

    def step(self):
        numbers = list(range(self.count, self.count + self.random.randint(1, 10)))
        self.count += len(numbers)
        self.tried.update(numbers)
        answer = self.sqs("SendMessageBatch", QueueUrl=self.queue, Entries=[
            {"Id": f"{n}", "MessageBody": json.dumps({"n": number, "g": f"g{number % 7}"}),
             **({"MessageDeduplicationId": f"{number}"} if self.fifo else {})} for n, number in enumerate(numbers)])
        self.answered.update(numbers[int(entry["Id"])] for entry in answer.get("Successful", []))


class Poisoned(Client):
    """Receives a message that kills: the server is killed as often as the message is received."""

    def __init__(self, torture, name, queue, dead):
        super().__init__(torture, name)
        self.queue, self.dead = queue, dead
        self.kills = 0

    def step(self):
        answer = self.sqs("ReceiveMessage", QueueUrl=self.queue, MaxNumberOfMessages=1, WaitTimeSeconds=1,
                          VisibilityTimeout=1)
        if answer.get("Messages"):
            self.kills += 1
            self.torture.kill_now.set()


def rows_of(path, table):
    """The numbers in a table, in the order in which they were written."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
        return database.execute(f"SELECT n, g FROM {table} ORDER BY rowid").fetchall()
