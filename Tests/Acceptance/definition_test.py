import json
import re
import sqlite3

import harness
from harness import DEFINITION, DONE, EXAMPLE, FAILED

PLACE = r"\S+\.yaml:\d+:\d+: "

MISTAKES = {
    "not YAML": (b"pipeline: [orders\nsource: }\n", PLACE),
    "empty": (b"", r"bad\.yaml"),
    "bytes": (bytes(range(256)) * 16, r"bad\.yaml"),
    "a list": (b"- 1\n- 2\n", PLACE),
    "a misspelt key": (b"pipelin: orders\nsource: {queue: q}\ndeliver: {to: 'sqlite:x.db', table: t}\n", "pipeline"),
    "a duration without a unit": (
        b"pipeline: a\nsource: {queue: q}\ndeliver: {to: 'sqlite:x.db', table: t}\narchive: {keep: 30}\n",
        PLACE,
    ),
    "an unknown function": (
        b"pipeline: a\nsource: {queue: q}\ntransform: {function: no-such}\n"
        b"deliver: {to: 'sqlite:x.db', table: t}\n",
        "order-row",
    ),
    "an unset variable": (b"pipeline: a\nsource: {queue: q}\ndeliver: {to: '${NO_SUCH}', table: t}\n", "NO_SUCH"),
    "deep nesting": (b"a: " + b"[" * 20_000 + b"\n", r"bad\.yaml"),
    "a bomb of aliases": (
        b"x-0: &a0 [1,1,1,1,1,1,1,1,1,1]\n"
        + b"".join(b"x-%d: &a%d [%s]\n" % (n, n, b",".join([b"*a%d" % (n - 1)] * 10)) for n in range(1, 12))
        + b"pipelin: *a11\n",
        r"bad\.yaml",
    ),
}


def settings(explanation):
    """The lines of `check --explain` without their last column, which says where a value was written."""
    return [re.sub(r" {2,}\S+$", "", line) for line in explanation.splitlines()]


class DefinitionTest(harness.Case):
    def test_mistakes(self):
        """a mistake in a definition is exit 78, says where and what, and never crashes or hangs"""
        for name, (content, expected) in MISTAKES.items():
            path = self.write("bad.yaml", content)
            for command in ("check", "run"):
                with self.subTest(name, command=command):
                    answer = self.orders(command, path, expect=DEFINITION, timeout=20)
                    self.assertRegex(answer.text, expected)

    def test_all_at_once(self):
        """all mistakes of a file are reported at once"""
        path = self.write(
            "bad.yaml", "pipeline: A B\nsource: {queue: q}\narchive: {keep: 1s}\ndeliver: {to: 'sqlite:x', tabel: t}\n"
        )
        answer = self.orders("check", path, expect=DEFINITION)
        for expected in ("bad.yaml:1:", "bad.yaml:3:", "bad.yaml:4:", "table"):
            self.assertIn(expected, answer.text)

    def test_example(self):
        """the example's YAML and its Swift definition come to the same settings"""
        path = self.write("orders.yaml", (EXAMPLE / "orders.yaml").read_bytes())
        in_yaml = self.orders("check", path, "--explain", expect=DONE).out
        in_swift = self.orders("check", "--explain", expect=DONE).out
        self.assertIn("orders-in", in_swift)
        self.assertEqual(settings(in_swift), settings(in_yaml))

    def test_missing(self):
        """a definition that is not there is named"""
        answer = self.orders("check", "no-such.yaml")
        self.assertNotEqual(answer.code, DONE, answer)
        self.assertIn("no-such.yaml", answer.err)

    def test_connect(self):
        """`check --connect` asks the sink, makes nothing, and says what is missing"""
        path = self.write(
            "orders.yaml",
            "pipeline: a\nsource: {queue: q}\n"
            "deliver: {to: 'sqlite:out/shop.db', table: orders, key: [id], newer_by: at}\n",
        )
        self.assertIn("ready", self.orders("check", path, "--connect", expect=DONE).out)
        self.assertFalse((self.folder / "out").exists())
        for place in ("orders.yaml/shop.db", "/dev/null"):
            text = f"pipeline: a\nsource: {{queue: q}}\ndeliver: {{to: 'sqlite:{place}', table: t}}\n"
            answer = self.orders("check", self.write("other.yaml", text), "--connect", expect=FAILED)
            self.assertIn("is no f", answer.out)
        (self.folder / "out").mkdir()
        with sqlite3.connect(self.folder / "out" / "shop.db") as database:
            database.execute("CREATE TABLE orders (id INTEGER)")
        self.assertIn("at", self.orders("check", path, "--connect", expect=FAILED).out)
        with sqlite3.connect(self.folder / "out" / "shop.db") as database:
            database.execute("ALTER TABLE orders ADD COLUMN at TEXT")
        answer = self.orders("check", path, "--connect", "--json", expect=FAILED)
        self.assertIn("CREATE UNIQUE INDEX", json.loads(answer.out)["sink"]["problem"])
        with sqlite3.connect(self.folder / "out" / "shop.db") as database:
            database.execute("CREATE UNIQUE INDEX i ON orders (id)")
        self.orders("check", path, "--connect", expect=DONE)
        self.orders("check", path, expect=DONE)
