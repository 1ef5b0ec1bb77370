"""Clients that remember every answer, and say when a later one contradicts it."""
import collections
import hashlib
import json
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
            former, told, taken = self.counts.get(message["MessageId"], (0, 0, 0))
            if told < began and time.monotonic() < taken + StandardReceiver.VISIBILITY - 1:
                who.violation(f"{name} was given out again before its visibility timeout")
            if told < began and count <= former:
                who.violation(f"the receive count of {name} went from {former} to {count}")
            self.counts[message["MessageId"]] = (max(count, former), time.monotonic(), max(began, taken))
        return name

    def note_deleted(self, name):
        with self.lock:
            self.deleted[name] = time.monotonic()

    def problems(self):
        """At the end: what was answered was received, and its deletion asked for."""
        missing = self.answered - set(self.deleted) - self.asked
        if missing:
            yield f"{len(missing)} answered messages were never received: {sorted(missing)[:5]}"


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
        for start in range(0, len(items), 10):
            part = [item for item in items[start:start + 10] if item[0] not in self.queue.deleted
                    and time.monotonic() - item[2] < self.VISIBILITY - self.MARGIN]
            if not part:
                continue
            self.queue.asked.update(item[0] for item in part)
            answer = self.sqs("DeleteMessageBatch", QueueUrl=self.queue.name, Entries=[
                {"Id": f"{n}", "ReceiptHandle": item[1]} for n, item in enumerate(part)])
            refused = [entry for entry in answer.get("Failed", []) if entry["Code"] == "ReceiptHandleIsInvalid"
                       and time.monotonic() - part[int(entry["Id"])][2] < self.VISIBILITY - 1]
            if refused:
                self.violation(f"receipts that are good were refused: {refused[:2]}")
            for entry in answer.get("Successful", []):
                item = part[int(entry["Id"])]
                self.queue.note_deleted(item[0])
                self.queue.receipts_after_kill += item[3] != self.torture.starts


class FIFOQueue:
    """What is known of one FIFO queue with a few groups."""

    def __init__(self, torture, name, groups):
        self.torture, self.name = torture, name
        self.groups = [f"g{n}" for n in range(groups)]
        # The last number of each group whose send was answered, and that was tried.
        self.sent, self.tried = collections.Counter(), collections.Counter()
        # The last number that was received.
        self.seen = collections.Counter()
        # (Group, number): whose deletion was asked for, and answered.
        self.asked, self.done = set(), set()
        self.ids = {}
        self.retried = 0

    def problems(self):
        """At the end: each group has come, and nothing that was given out is left without a deletion."""
        for group, number in self.sent.items():
            if self.seen[group] < number:
                yield f"{group}: {number} were answered, {self.seen[group]} came"
            left = [n for n in range(1, number + 1) if (group, n) not in self.asked]
            if left:
                yield f"{group}: {left[:5]} were given out, not deleted, and are not there"


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
        for group, number in self.pending:
            self.queue.tried[group] = max(self.queue.tried[group], number)
        answer = self.sqs("SendMessageBatch", QueueUrl=self.queue.name, Entries=[
            {"Id": f"{n}", "MessageBody": text_with_checksum(f"{group}/{number}", self.random), "MessageGroupId": group,
             "MessageDeduplicationId": f"{group}-{number}"} for n, (group, number) in enumerate(self.pending)])
        if answer.get("Failed"):
            raise Refused(answer["Failed"])
        for group, number in self.pending:
            self.queue.sent[group] = max(self.queue.sent[group], number)
        self.pending = []


class FIFOReceiver(Client):
    """The only one at its queue: what is before what it is given is deleted, or in front of it in the same answer."""

    def __init__(self, torture, name, queue):
        super().__init__(torture, name)
        self.queue = queue

    def step(self):
        answer = self.sqs("ReceiveMessage", QueueUrl=self.queue.name, MaxNumberOfMessages=10, WaitTimeSeconds=1,
                          VisibilityTimeout=2, AttributeNames=["All"])
        handled, earlier = [], set()
        for message in answer.get("Messages", []):
            name = name_of(message["Body"])
            if name is None:
                self.violation(f"received what nobody sent: {message['Body'][:80]}")
                continue
            group, _, number = name.partition("/")
            self.look(group, int(number), message["MessageId"], earlier)
            earlier.add((group, int(number)))
            handled.append((group, int(number), message["ReceiptHandle"]))
        # Mostly all; what is behind one that is not deleted waits for it in its group, and comes after it.
        if not self.torture.draining and self.random.random() < 0.1:
            handled = handled[:self.random.randrange(len(handled) + 1)]
        if handled:
            self.delete(handled)

    def delete(self, handled):
        self.queue.asked.update((group, number) for group, number, _ in handled)
        answer = self.sqs("DeleteMessageBatch", QueueUrl=self.queue.name, Entries=[
            {"Id": f"{n}", "ReceiptHandle": receipt} for n, (_, _, receipt) in enumerate(handled)])
        for entry in answer.get("Successful", []):
            self.queue.done.add(handled[int(entry["Id"])][:2])

    def look(self, group, number, message, earlier):
        if number > self.queue.tried[group]:
            self.violation(f"received what nobody sent: {group}/{number}")
        if (group, number) in self.queue.done:
            self.violation(f"{group}/{number} came back after its deletion was answered")
        # All before the last that was seen were looked at then; they may be asked for again only in their order.
        for before in range(max(1, number - 50), number):
            if (group, before) not in self.queue.asked and (group, before) not in earlier:
                self.violation(f"{group}/{number} overtook {group}/{before}, or that is lost")
        former = self.queue.ids.setdefault((group, number), message)
        if former != message:
            self.violation(f"{group}/{number} is there twice, as {former} and {message}")
        self.queue.seen[group] = max(self.queue.seen[group], number)


class Poisoned(Client):
    """Receives messages that kill: the server is killed as often as one is received, three times at most."""

    ALLOWED = 3

    def __init__(self, torture, name, queue):
        super().__init__(torture, name)
        self.queue = queue
        # How often each was received; and all whose send was answered.
        self.counts, self.sent = collections.Counter(), set()

    def step(self):
        if not self.torture.draining and len(self.sent) < self.torture.starts / 10:
            name = f"poison-{len(self.sent)}-{self.random.randrange(10**9)}"
            self.sqs("SendMessage", QueueUrl=self.queue, MessageBody=name)
            self.sent.add(name)
        answer = self.sqs("ReceiveMessage", QueueUrl=self.queue, MaxNumberOfMessages=1, WaitTimeSeconds=1,
                          VisibilityTimeout=1, AttributeNames=["All"])
        for message in answer.get("Messages", []):
            name, count = message["Body"], int(message["Attributes"]["ApproximateReceiveCount"])
            if count <= self.counts[name] or count > self.ALLOWED:
                self.violation(f"{name} was received for the {count}. time, after {self.counts[name]}")
            self.counts[name] = count
            self.torture.kill_now.set()

    def problems(self):
        """At the end: each is a dead letter."""
        code, text = self.torture.server.run("queue", "show", f"{self.queue}-dlq", "--json")
        dead = json.loads(text)["ready"] if code == 0 else 0
        if dead < len(self.sent):
            yield f"{len(self.sent)} messages that kill were sent, and {dead} are dead letters"
