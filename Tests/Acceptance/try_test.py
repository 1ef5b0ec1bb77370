import json

import harness
from harness import DEAD, DEFINITION, DONE

PIPELINE = """\
pipeline: lines
source: {queue: lines-in}
%s
transform: {runtime: python3, handler: %s, contract: firehose, batch: 10}
deliver: {to: "sqlite:out/lines.db", table: lines, key: [n], columns: {at: timestamp}}
"""

HANDLER = """\
import base64
def handler(event, context):
    if any(b"boom" in base64.b64decode(record["data"]) for record in event["records"]):
        raise ValueError("boom")
    return {"records": [{"recordId": r["recordId"], "result": "Ok", "data": r["data"]} for r in event["records"]]}
"""


class TryTest(harness.Case):
    def define(self, queue="", handler="lines.handler", code=HANDLER):
        self.write("lines.py", code)
        return self.write("lines.yaml", PIPELINE % (queue, handler))

    def results(self, definition, *lines):
        records = "".join(f"{line}\n" for line in lines).encode()
        answer = self.orders("try", definition, "--json", input=records, expect=DEAD)
        return [json.loads(line) for line in answer.out.splitlines()], answer

    def test_start(self):
        """why a function does not start is said with the results, as text and as JSON"""
        definition = self.define(code="import a_module_that_nobody_has\n")
        cause = "the function does not start: Runtime.ImportModuleError: Unable to import module 'lines'"
        results, _ = self.results(definition, '{"n": 1}', '{"n": 2}')
        self.assertEqual([r["outcome"] for r in results], ["not tried"] * 2)
        for result in results:
            self.assertIn(cause, result["reason"])
            self.assertEqual((result["step"], result["type"]), ("transform", "Runtime.ImportModuleError"))
        answer = self.orders("try", definition, input=b'{"n": 1}\n', expect=DEAD)
        self.assertIn(f"line 1  NOT TRIED: {cause}", answer.out)
        self.assertNotIn("cannot be removed", answer.err)

    def test_group(self):
        """a record without the group that the definition asks for would be dead at intake, and no function sees it"""
        results, _ = self.results(self.define("queue: {type: fifo, group: $.who}"), '{"n": 1, "who": "a"}', '{"n": 2}')
        self.assertEqual([(r["outcome"], r.get("step")) for r in results], [("passed", None), ("dead", "intake")])
        self.assertEqual(results[1]["type"], "intake")
        self.assertEqual(results[1]["reason"], "it has no message group: nothing is found at $.who")
        self.assertNotIn("outputs", results[1])

    def test_sink(self):
        """an output that the sink would not take is dead at the delivery, with the sink's own reason"""
        results, answer = self.results(
            self.define(), '{"n": 1, "more": 1}', '{"m": 1}', "5", '{"n": 2, "at": "soon"}', '{"n": 3, "new": 1}')
        self.assertEqual(
            [(r["outcome"], r.get("step"), r.get("type")) for r in results],
            [("passed", None, None), ("dead", "sqlite", "missing-key"), ("dead", "sqlite", "not-an-object"),
             ("dead", "sqlite", "does-not-fit"), ("passed", None, None)], answer)
        self.assertIn("'n', which `key` names", results[1]["reason"])
        self.assertEqual(results[1]["outputs"], ['{"m": 1}'])
        self.assertFalse((self.folder / "out").exists(), "it wrote to the sink")
        definition = self.define()
        definition.write_text(definition.read_text().replace("key: [n]", "create: false, key: [n]"))
        self.assertEqual(self.results(definition, '{"m": 1}')[0][0].get("type"), "missing-key")
        text = self.orders("try", self.define(), input=b'{"m": 1}\n', expect=DEAD).out
        self.assertIn('line 1  → {"m": 1}\nline 1  DEAD at sqlite: the record has no value for ', text)

    def test_once(self):
        """a fault is said once, although the batch is tried in halves"""
        results, answer = self.results(self.define(), *[f'{{"n": {n}}}' for n in range(9)], '"boom"')
        self.assertEqual([r["outcome"] for r in results], ["passed"] * 9 + ["retry"])
        self.assertEqual(answer.err.count("An invocation has failed: ValueError: boom"), 1, answer)

    def test_module(self):
        """check says where a handler's module or code folder is missing"""
        self.orders("check", self.define(), expect=DONE)
        for handler in ("jobs/lines.handler", "jobs.lines.handler"):
            answer = self.orders("check", self.define(handler=handler), expect=DEFINITION)
            self.assertIn(f"lines.yaml:4:40: transform.handler: the module of '{handler}' is not there", answer.err)
            self.assertIn("no 'jobs/lines.py' or 'jobs/lines/__init__.py' in", answer.err)
        (self.folder / "jobs" / "lines").mkdir(parents=True)
        (self.folder / "jobs" / "lines" / "__init__.py").write_text(HANDLER)
        self.orders("check", self.define(handler="jobs/lines.handler"), expect=DONE)
        # Installed, or where PYTHONPATH says, and not in the code folder.
        self.orders("check", self.define(handler="json.decoder.scanner"), expect=DONE)
        answer = self.orders("check", self.define(handler="jobs/other.handler"), expect=DEFINITION)
        self.assertIn("no 'jobs/other.py' or 'jobs/other/__init__.py' in", answer.err)
        (self.folder / "elsewhere").mkdir()
        (self.folder / "elsewhere" / "far.py").write_text(HANDLER)
        variables = f", environment: {{PYTHONPATH: '{self.folder}/elsewhere'}}"
        self.orders("check", self.define(handler="far.handler" + variables), expect=DONE)
        self.orders("check", self.define(handler="far.handler"), expect=DEFINITION)

        definition = self.define(handler="lines.handler, code: nowhere")
        answer = self.orders("check", definition, expect=DEFINITION)
        self.assertIn("lines.yaml:4:61: transform.code: there is no folder '", answer.err)
        self.assertNotIn("transform.handler", answer.err)

    def test_runtime(self):
        """a wrong runtime is one mistake"""
        definition = self.define()
        definition.write_text(definition.read_text().replace("python3", "pyhton3"))
        answer = self.orders("check", definition, expect=DEFINITION)
        self.assertEqual(answer.err.count("lines.yaml:"), 1, answer)
