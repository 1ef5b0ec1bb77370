"""A handler that passes records on, but for those that say what it is to do wrong: {"n": 7, "do": "exit1"}."""
import base64
import ctypes
import http.client
import json
import os
import subprocess
import sys
import threading
import time

if os.environ.get("BREAK_IMPORT"):
    import a_module_that_nobody_has  # noqa: F401

earlier = None


def post(request_id, body):
    """An answer of its own, beside the one the client sends."""
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", body)
    return connection.getresponse().status


def half_an_answer():
    """The beginning of an answer, then the end of the process."""
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.putrequest("POST", "/2018-06-01/runtime/invocation/any/response")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b'{"records": [')
    os._exit(1)


def leak():
    kept = []
    while True:
        kept.append(bytearray(8 << 20))


def child_with_pipes():
    subprocess.Popen(["sleep", "300"])
    os._exit(1)


def sleep_beside_a_child():
    subprocess.Popen(["sleep", os.environ.get("NAP", "300")])
    time.sleep(1000)


def die_soon():
    threading.Timer(0.05, os._exit, [1]).start()


DEEDS = {
    "exit0": lambda: os._exit(0),
    "exit1": lambda: os._exit(1),
    "sys-exit": lambda: sys.exit(2),
    "half": half_an_answer,
    "after": die_soon,
    "segv": lambda: ctypes.string_at(0),
    "loop": lambda: exec("while True: pass"),
    "sleep": sleep_beside_a_child,
    "leak": leak,
    "child": child_with_pipes,
    "flood": lambda: [os.write(1, b"x" * (1 << 20)) for _ in range(1024)],
    "long-line": lambda: [os.write(2, b"y" * (1 << 20)) for _ in range(100)],
    "raise": lambda: 1 / 0,
}


def handler(event, context):
    global earlier
    answers = []
    for record in event["records"]:
        value = json.loads(base64.b64decode(record["data"]))
        answer = {"recordId": record["recordId"], "result": "Ok", "data": record["data"]}
        deed = value.get("do")
        if deed in DEEDS:
            DEEDS[deed]()
        elif deed == "old-id" and earlier:
            value["status"] = post(earlier, b"{}")
            answer["data"] = base64.b64encode(json.dumps(value).encode()).decode()
        elif deed == "garbage":
            return "garbage"
        elif deed == "null":
            return None
        elif deed == "large":
            return {"records": [], "filling": "x" * (7 << 20)}
        elif deed == "foreign":
            answer["recordId"] = "somebody-else"
        elif deed == "twice":
            answers.append(answer)
        elif deed == "forget":
            continue
        elif deed == "no-base64":
            answer["data"] = "%%%"
        elif deed == "unknown-result":
            answer["result"] = "Fine"
        elif deed == "fails":
            answer = {"recordId": record["recordId"], "result": "ProcessingFailed", "errorType": "Odd",
                      "errorMessage": "n is odd", "retryable": False}
        elif deed == "drop":
            answer = {"recordId": record["recordId"], "result": "Dropped"}
        answers.append(answer)
    earlier = context.aws_request_id
    return {"records": answers}
