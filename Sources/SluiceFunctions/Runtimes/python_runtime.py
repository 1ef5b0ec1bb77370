"""Client of the Lambda Runtime API for Python handlers: standard library only, and little of that, so that a cold start
costs what the interpreter and the handler cost. Run as `python3 python_runtime.py`, with Lambda's own variables."""
import os
import sys
import time

try:
    # What `socket` wraps; the wrapping takes as long to load as half of the interpreter.
    import _socket as socket
except ImportError:
    import socket

API = os.environ["AWS_LAMBDA_RUNTIME_API"]
BASE = "/2018-06-01/runtime"
ERROR_TYPE = "Lambda-Runtime-Function-Error-Type"


class Connection:
    """HTTP/1.1 to the host, one request at a time over one connection."""

    def __init__(self):
        host, port = API.rsplit(":", 1)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.connect((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""

    def send(self, *requests):
        """Sends requests, each the bytes of `get` or `post`, in one go. Each has an answer, in the same order."""
        self.socket.sendall(b"".join(requests))

    def answer(self):
        """Returns status, headers (names in lower case) and body."""
        while (end := self.rest.find(b"\r\n\r\n")) < 0:
            self.read()
        lines = self.rest[:end].decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        start, length = end + 4, int(headers.get("content-length", 0))
        chunks, have = [self.rest[start:]], len(self.rest) - start
        while have < length:
            chunks.append(self.socket.recv(min(1 << 20, length - have)))
            if not chunks[-1]:
                raise ConnectionError("the host is gone")
            have += len(chunks[-1])
        body = b"".join(chunks)
        self.rest = body[length:]
        return int(lines[0].split(" ", 2)[1]), headers, body[:length]

    def read(self):
        part = self.socket.recv(65_536)
        if not part:
            raise ConnectionError("the host is gone")
        self.rest += part


def get(path):
    return f"GET {BASE}{path} HTTP/1.1\r\nHost: {API}\r\n\r\n".encode()


def post(path, body, error_type=None):
    head = f"POST {BASE}{path} HTTP/1.1\r\nHost: {API}\r\nContent-Length: {len(body)}\r\n"
    if error_type:
        head += f"{ERROR_TYPE}: {error_type}\r\n"
    return (head + "\r\n").encode("latin-1", "replace") + body


class Context:
    """What a handler gets as its second argument, as in Lambda."""

    def __init__(self, headers):
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers.get("lambda-runtime-invoked-function-arn", "")
        self._deadline = int(headers["lambda-runtime-deadline-ms"])
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.client_context = None
        self.identity = None

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))

    def log(self, text):
        sys.stdout.write(str(text))


def failure(error, kind=None):
    """An error as Lambda reports it; lines of this file are left out of the trace."""
    import traceback

    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    return {
        "errorMessage": str(error),
        "errorType": kind or type(error).__name__,
        "stackTrace": traceback.format_list(frames) + (
            traceback.format_exception_only(type(error), error) if isinstance(error, SyntaxError) else []),
    }


def load(name):
    """Returns the handler, or how it cannot be had."""
    module_name, _, function_name = name.rpartition(".")
    try:
        __import__(module_name.replace("/", "."))
        module = sys.modules[module_name.replace("/", ".")]
    except ModuleNotFoundError as error:
        missing = error.name == module_name.replace("/", ".")
        report = failure(error, "Runtime.ImportModuleError")
        report["errorMessage"] = f"Unable to import module '{module_name}': {error}" + (
            f"; is it in {os.getcwd()}?" if missing else "")
        return None, report
    except SyntaxError as error:
        report = failure(error, "Runtime.UserCodeSyntaxError")
        report["errorMessage"] = f"Syntax error in module '{module_name}': {error}"
        return None, report
    except Exception as error:
        report = failure(error)
        report["errorMessage"] = f"importing module '{module_name}' failed: {report['errorMessage']}"
        return None, report
    handler = getattr(module, function_name, None)
    if not callable(handler):
        return None, {
            "errorMessage": f"Handler '{function_name}' missing on module '{module_name}'",
            "errorType": "Runtime.HandlerNotFound", "stackTrace": [],
        }
    return handler, None


def serialized(report):
    import json

    return json.dumps(report).encode()


def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass


NEXT = get("/invocation/next")


def invocation(connection):
    """Waits for the next one: its id, event and context."""
    # Not before: it takes as long to load as the interpreter, and the host is making the first event meanwhile.
    import json

    status, headers, body = connection.answer()
    if status != 200:
        raise ConnectionError(f"the host answered {status}")
    trace = headers.get("lambda-runtime-trace-id")
    if trace:
        os.environ["_X_AMZN_TRACE_ID"] = trace
    return headers["lambda-runtime-aws-request-id"], json.loads(body), Context(headers)


def answer(handler, request_id, event, context):
    """Calls the handler, and returns the request that says what it made of the event."""
    import json

    try:
        result = handler(event, context)
        try:
            return post(f"/invocation/{request_id}/response", json.dumps(result, separators=(",", ":")).encode())
        except (TypeError, ValueError) as error:
            report = failure(error, "Runtime.MarshalError")
            report["errorMessage"] = f"Unable to marshal response: {error}"
    except Exception as error:
        report = failure(error)
    return post(f"/invocation/{request_id}/error", serialized(report), report["errorType"])


def main():
    # A line is seen when it is written, not when the next answer is sent: this process may not live until then.
    sys.stdout.reconfigure(line_buffering=True)
    # As in Lambda: modules are looked for beside the handler, not beside this file.
    sys.path[0] = os.getcwd()
    connection = Connection()
    handler, report = load(os.environ["_HANDLER"])
    if report:
        sys.stderr.write(report["errorMessage"] + "\n" + "".join(report["stackTrace"]))
        flush()
        connection.send(post("/init/error", serialized(report), report["errorType"]))
        connection.answer()
        sys.exit(1)
    connection.send(NEXT)
    while True:
        request = answer(handler, *invocation(connection))
        flush()
        # The answer and the next question at once: one turn less for both sides.
        connection.send(request, NEXT)
        connection.answer()


if __name__ == "__main__":
    try:
        main()
    except (ConnectionError, KeyboardInterrupt):
        # The host has ended, or wants no more.
        sys.exit(0)
