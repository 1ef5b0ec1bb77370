"""The pipelines of the server that is tortured, their functions, and what sends records to them.

What is received alone when the process ends has spent a receive, whoever ended it. So only the queue of the records
that kill allows few of them; elsewhere nothing dies of kills.
"""
import json
import os

from clients import Client

LINES = """\
pipeline: lines
source: {queue: lines-in}
archive: {keep: 10y}
queue: {max_receive_count: 1000}
deliver: {to: "sqlite:lines.db", table: lines, columns: {n: integer, g: text}}
"""

EVENTS = """\
pipeline: events
source: {queue: events-in}
archive: {keep: KEEP}
dead_letters: {keep: 10y}
queue: {type: fifo, group: $.g, max_receive_count: 1000}
transform:
  command: ["python3", "function.py"]
  contract: json
  # Without further tries: its group does not wait for it.
  errors: [{match: "*", then: reject}]
deliver: {to: "sqlite:events.db", table: events, columns: {n: integer, g: text}}
"""

# A client of the Runtime API: every 97th record is rejected.
FUNCTION = """\
import json, os, urllib.request
base = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(f"{base}/next") as request:
        event, number = json.load(request), request.headers["Lambda-Runtime-Aws-Request-Id"]
    answer = {"records": [
        {"id": r["id"], "result": "ProcessingFailed" if r["record"]["n"] % 97 == 0 else "Ok", "record": r["record"]}
        for r in event["records"]]}
    urllib.request.urlopen(f"{base}/{number}/response", json.dumps(answer).encode()).read()
"""

KILLERS = """\
pipeline: killers
source: {queue: killers-in}
archive: {keep: 10y}
dead_letters: {keep: 10y}
queue: {max_receive_count: RECEIVES}
transform:
  command: ["python3", "killer.py"]
  contract: json
  environment: {KILLS: "KILLS_FILE", ANSWERS: "ANSWERS_FILE", HOST: "HOST_PROGRAM"}
deliver:
  to: sqlite:killers.db
  table: killers
  columns: {n: integer, g: text}
  queue: {max_receive_count: 1000}
"""

# Kills the server at some records, and notes it first: so that it is known who did it. Whoever has inherited the
# function of a server that is dead is not meant.
KILLER = """\
import json, os, signal, urllib.request
host = os.getppid()
handle = os.pidfd_open(host)
if os.readlink(f"/proc/{host}/exe") != os.environ["HOST"]:
    raise SystemExit("the server is dead")
base = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
while True:
    with urllib.request.urlopen(f"{base}/next") as request:
        event, number = json.load(request), request.headers["Lambda-Runtime-Aws-Request-Id"]
    killers = [r["record"]["n"] for r in event["records"] if "kills" in r["record"]]
    if killers:
        with open(os.environ["KILLS"], "a") as kills:
            kills.write(f"{killers[0]}\\n")
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        signal.pause()
    answer = {"records": [{"id": r["id"], "result": "Ok", "record": r["record"]} for r in event["records"]]}
    urllib.request.urlopen(f"{base}/{number}/response", json.dumps(answer).encode()).read()
    with open(os.environ["ANSWERS"], "a") as answers:
        answers.write(".")
"""

FILES = """\
pipeline: files
source: {bucket: drop}
archive: {keep: KEEP}
queue: {max_receive_count: 1000}
deliver: {to: "sqlite:files.db", table: files, columns: {o: integer, n: integer}}
"""

# Receives of a record that kills.
RECEIVES = 4


def write(folder, server, keep):
    """Writes the definitions and their functions; the names of the definitions.

    `keep` is how long the raw copies of some of them are kept.
    """
    replaced = {"KEEP": keep, "RECEIVES": f"{RECEIVES}", "KILLS_FILE": f"{server.kills}",
                "ANSWERS_FILE": f"{server.answers}", "HOST_PROGRAM": os.path.realpath(server.command)}
    definitions = {"lines.yaml": LINES, "events.yaml": EVENTS, "killers.yaml": KILLERS, "files.yaml": FILES}
    for name, text in definitions.items():
        for word, value in replaced.items():
            text = text.replace(word, value)
        (folder / name).write_text(text)
    (folder / "function.py").write_text(FUNCTION)
    (folder / "killer.py").write_text(KILLER)
    return list(definitions)


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
            {"Id": f"{n}", "MessageBody": json.dumps(self.record(number)),
             **({"MessageDeduplicationId": f"{number}"} if self.fifo else {})} for n, number in enumerate(numbers)])
        self.answered.update(numbers[int(entry["Id"])] for entry in answer.get("Successful", []))

    def record(self, number):
        return {"n": number, "g": f"g{number % 7}"}

    def ends_dead(self, number):
        """Whether this record becomes a dead letter, and no row."""
        return False


class RejectedSender(RecordSender):
    """Some of its records are rejected by the function."""

    def ends_dead(self, number):
        return number % 97 == 0


class KillerSender(RecordSender):
    """Few of its records make the function kill the server: each does so until its receives are spent."""

    def __init__(self, torture, name, queue):
        super().__init__(torture, name, queue)
        self.killers = set()

    def record(self, number):
        record = super().record(number)
        if len(self.killers & self.answered) < self.torture.starts / 10 and self.random.random() < 0.1:
            self.killers.add(number)
            record["kills"] = True
        return record

    def ends_dead(self, number):
        return number in self.killers
