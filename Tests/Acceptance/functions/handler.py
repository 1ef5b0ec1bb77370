"""A handler that passes records on, but for those that say what it is to do wrong: {"n": 7, "do": "exit1"}."""
import base64
import ctypes
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time

if os.environ.get("STARTS"):
    with open(os.environ["STARTS"], "a") as starts:
        starts.write("x")
if os.environ.get("BREAK_IMPORT"):
    import a_module_that_nobody_has  # noqa: F401

earlier = current = None


def path(request_id):
    return f"/2018-06-01/runtime/invocation/{request_id}/response"


def post(request_id, body):
    """An answer of its own, beside the one the client sends."""
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.request("POST", path(request_id), body)
    return connection.getresponse().status


def half_an_answer(status):
    """The beginning of an answer, then the end of the process."""
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    connection.putrequest("POST", path(current))
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b'{"records": [')
    os._exit(status)


def stream(body, end=b"0\r\n\r\n"):
    """A streamed answer of its own; without an end the connection is just closed. Returns the status."""
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    with socket.create_connection((host, int(port))) as connection:
        head = (f"POST {path(current)} HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n"
                "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
                "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n")
        connection.sendall(head.encode())
        for start in range(0, len(body), 1000):
            part = body[start : start + 1000]
            connection.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        if not end:
            return 0
        connection.sendall(end)
        return int(connection.recv(1000).split()[1])


def stream_that_breaks():
    """Half an answer, and in the trailers why there is no more."""
    error = base64.b64encode(json.dumps({"errorMessage": "half-way", "errorType": "Stream.Broke"}).encode())
    trailers = (b"Lambda-Runtime-Function-Error-Type: Stream.Broke\r\n"
                b"Lambda-Runtime-Function-Error-Body: " + error + b"\r\n")
    stream(b'{"records": [', b"0\r\n" + trailers + b"\r\n")


def leak():
    kept = []
    while True:
        kept.append(bytearray(8 << 20))


def child_with_pipes():
    subprocess.Popen(["sleep", "300"])
    os._exit(1)


def runaway_with_pipes():
    """A child that has left the process group, and keeps the pipes open."""
    subprocess.Popen(["sleep", os.environ.get("NAP", "300")], start_new_session=True)
    os._exit(1)


def answer_late():
    """An answer that a child gives in our place, after the deadline."""
    code = ("import http.client, sys, time\ntime.sleep(3)\n"
            "connection = http.client.HTTPConnection(sys.argv[1])\n"
            "connection.request('POST', sys.argv[2], b'{\"records\": []}')\n")
    subprocess.Popen([sys.executable, "-c", code, os.environ["AWS_LAMBDA_RUNTIME_API"], path(current)],
                     start_new_session=True)
    time.sleep(1000)


def fork_bomb():
    """Only where the limit is in force, which is looked for again here: what it does without is nobody's to try."""
    groups = dict(line.rstrip().split(":", 2)[1:] for line in open("/proc/self/cgroup"))
    folder = "/sys/fs/cgroup/pids" + groups["pids"] if "pids" in groups else "/sys/fs/cgroup" + groups[""]
    with open(folder + "/pids.max") as limit:
        if int(limit.read()) > 1024:
            os._exit(97)
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.1)


def sleep_beside_a_child():
    subprocess.Popen(["sleep", os.environ.get("NAP", "300")])
    subprocess.Popen(["sleep", os.environ.get("NAP", "300")], start_new_session=True)
    time.sleep(1000)


def die_soon(status):
    threading.Timer(0.05, os._exit, [status]).start()


DEEDS = {
    "exit0": lambda: os._exit(0),
    "exit1": lambda: os._exit(1),
    "sys-exit": lambda: sys.exit(2),
    "half0": lambda: half_an_answer(0),
    "half1": lambda: half_an_answer(1),
    "after0": lambda: die_soon(0),
    "after1": lambda: die_soon(1),
    "runaway": runaway_with_pipes,
    "late": answer_late,
    "fork-bomb": fork_bomb,
    "stream-error": stream_that_breaks,
    "stream-cut": lambda: stream(b'{"records": [', end=None),
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
    global earlier, current
    answers, streams = [], False
    current = context.aws_request_id
    for record in event["records"]:
        value = json.loads(base64.b64decode(record["data"]))
        answer = {"recordId": record["recordId"], "result": "Ok", "data": record["data"]}
        deed = value.get("do")
        if deed in DEEDS:
            DEEDS[deed]()
        elif deed == "old-id" and earlier:
            value["status"] = post(earlier, b"{}")
            answer["data"] = base64.b64encode(json.dumps(value).encode()).decode()
        elif deed == "stream":
            streams = True
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
    earlier = current
    if streams and stream(json.dumps({"records": answers}).encode()) == 202:
        return "this comes after the answer, and is not taken"
    return {"records": answers}
