import json
import shutil
import sqlite3
import subprocess

import harness
from harness import DEAD, DEFINITION, DONE, STALLED

PIPELINE = """\
pipeline: lines
source: {queue: lines-in}
transform:
  runtime: nodejs%s.x
  handler: orders.handler
  code: ./code
  contract: json
  batch: 32
  timeout: 2s
  environment: {GREETING: hello}
  memory: 128MB
  concurrency: 1
queue: {max_receive_count: 2}
deliver: {to: "sqlite:lines.db", table: lines, key: [n]}
"""
COUNT = 50
BAD = 17

# What the handler does for a record: in `one`, which every form of it calls.
ONE = """
function one(record) {
  const deeds = {
    throw: () => { throw new RangeError("n is odd"); },
    reject: () => Promise.reject(new TypeError("rejected")),
    text: () => { throw "just text"; },
    exit: () => process.exit(3),
    loop: () => { for (;;); },
    hang: () => new Promise(() => {}),
    leak: () => { const all = []; for (;;) all.push(new Array(1e5).fill(all.length)); },
    later: () => new Promise(() => setTimeout(() => { throw new Error("thrown later"); }, 10)),
    unawaited: () => { Promise.reject(new Error("nobody awaits it")); return new Promise(() => {}); },
    circle: () => { const circle = {}; circle.circle = circle; return circle; },
    bigint: () => 1n,
  };
  return record.do ? deeds[record.do]() : { n: record.n };
}
"""
LIST = """{ records: await Promise.all(event.records.map(async ({ id, record }) => ({ id, result: "Ok", record: await one(record) }))) }"""
# The forms that Lambda takes a handler in: the file, and what is in it.
FORMS = {
    "ES module, async": ("orders.mjs", ONE + f"export async function handler(event, context) {{ return {LIST}; }}"),
    "CommonJS, async": ("orders.cjs", ONE + f"exports.handler = async (event) => ({LIST});"),
    "CommonJS in .js": ("orders.js", ONE + f"module.exports = {{ handler: async (event) => ({LIST}) }};"),
    "callback": (
        "orders.js", ONE + f"exports.handler = (event, context, callback) => {{ setTimeout(async () => callback(null, {LIST}), 1); }};"),
    "default export": ("orders.mjs", ONE + f"export default {{ handler: async (event) => ({LIST}) }};"),
    "without await": (
        "orders.mjs", ONE + 'export const handler = (event) => ({ records: event.records.map(({ id, record }) => ({ id, result: "Ok", record: one(record) })) });'),
}
DEADLY = {
    "throw": "RangeError: n is odd", "reject": "TypeError: rejected", "text": "just text", "exit": "exit status 3",
    "loop": "timeout after 2 s", "hang": "nothing is left that it could wait for", "leak": "the function used more than 128 MB of memory before it answered", "later": "thrown later",
    "unawaited": "nobody awaits it", "circle": "circular", "bigint": "BigInt",
}


def node_version():
    """The major version of the node in PATH; None = there is none."""
    node = shutil.which("node")
    return node and subprocess.run([node, "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout[1:].split(".")[0]


class NodeTest(harness.Case):
    def setUp(self):
        super().setUp()
        self.version = node_version()
        if not self.version:
            self.skipTest("there is no node in PATH")
        (self.folder / "code").mkdir()

    def define(self, version=None):
        return self.write("lines.yaml", PIPELINE % (version or self.version))

    def handler(self, name, text):
        for old in (self.folder / "code").iterdir():
            old.unlink()
        self.write(f"code/{name}", text)

    def send(self, deed=None):
        records = [{"n": n} for n in range(COUNT)]
        if deed:
            records[BAD]["do"] = deed
        text = "".join(json.dumps(record) + "\n" for record in records)
        self.orders("send", "lines-in", self.write("lines.jsonl", text), expect=DONE)

    def numbers(self):
        with sqlite3.connect(f"file:{self.folder / 'lines.db'}?mode=ro", uri=True) as database:
            return [n for (n,) in database.execute("SELECT n FROM lines ORDER BY n")]

    def start_afresh(self):
        shutil.rmtree(self.data, ignore_errors=True)
        for path in self.folder.glob("lines.db*"):
            path.unlink()

    def test_forms(self):
        """a handler may be a CommonJS or an ES module, async, with a callback, or neither"""
        for form, (name, text) in FORMS.items():
            with self.subTest(form):
                self.start_afresh()
                self.handler(name, text)
                self.send()
                self.orders("run", self.define(), "--until-idle", expect=DONE, timeout=60)
                self.assertEqual(self.numbers(), list(range(COUNT)))

    def test_deadly(self):
        """whatever a handler in JavaScript does for one record, the others come through, and that one is dead with the reason"""
        self.handler(*FORMS["ES module, async"])
        for deed, words in DEADLY.items():
            with self.subTest(deed):
                self.start_afresh()
                self.send(deed)
                self.orders("run", self.define(), "--until-idle", expect=DEAD, timeout=120)
                self.assertEqual(self.numbers(), [n for n in range(COUNT) if n != BAD], "rows")
                answer = self.orders("dlq", "show", "--all", "--json", expect=DONE)
                self.assertEqual(len(answer.out.splitlines()), 1, "dead letters")
                self.assertIn(words, answer.out)

    def test_context(self):
        """a handler is given what Lambda gives it, and what it writes is in the log with its request"""
        self.handler("orders.mjs", """
            export async function handler(event, context) {
              console.log("to the log");
              console.error("and this");
              const left = context.getRemainingTimeInMillis();
              return { records: event.records.map(({ id }) => ({ id, result: "Ok", record: { n: 1,
                name: context.functionName, memory: context.memoryLimitInMB, left: left > 0 && left <= 2000,
                request: context.awsRequestId.length, greeting: process.env.GREETING, path: process.env.HOME ?? "none" } })) };
            }""")
        answer = self.orders("try", self.define(), input=b'{"n": 1}\n', expect=DONE)
        self.assertEqual(json.loads(answer.out.split("→ ")[1]), {
            "n": 1, "name": "lines-transform", "memory": "128", "left": True, "request": 36, "greeting": "hello", "path": "none"})
        for words in ("to the log", "and this", "request="):
            self.assertIn(words, answer.err)

    def test_start(self):
        """a handler that cannot be loaded pauses the step with the reason, and no receive is spent"""
        wrong = {
            "no function": ("orders.mjs", "export const other = 1;", "'handler' is no function"),
            "syntax": ("orders.mjs", "export const handler = (;", "Unexpected token"),
            "import": ("orders.mjs", "import 'nowhere-to-be-found'; export const handler = () => {};", "nowhere-to-be-found"),
        }
        for name, (file, text, words) in wrong.items():
            with self.subTest(name):
                self.start_afresh()
                self.handler(file, text)
                self.send()
                answer = self.orders("run", self.define(), "--until-idle", expect=STALLED, timeout=60)
                self.assertIn(words, answer.err)
                self.assertEqual(self.queue(self.pipeline("lines"), "intake")["dead_lettered"], 0)

    def test_module(self):
        """check says which files of a handler's module it looked for, and where"""
        self.handler("other.mjs", "")
        answer = self.orders("check", self.define(), expect=DEFINITION)
        self.assertIn("lines.yaml:5:12: transform.handler: the module of 'orders.handler' is not there", answer.err)
        self.assertIn("no 'orders.js', 'orders.mjs' or 'orders.cjs' in ", answer.err)

    def test_interpreter(self):
        """check refuses a runtime whose interpreter is not there, or is of another version"""
        self.handler(*FORMS["ES module, async"])
        self.orders("check", self.define(), expect=DONE)
        answer = self.orders("check", self.define("99"), expect=DEFINITION)
        self.assertIn("lines.yaml:4:12: transform.runtime: 'nodejs99.x' is asked for, and", answer.err)
        self.assertIn(f"write 'nodejs{self.version}.x'", answer.err)
