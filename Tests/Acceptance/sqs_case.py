"""A test that talks SQS to a server: our own, or, with SQS_ENDPOINT set, anybody's who claims to be SQS."""
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import uuid

import harness

# boto3 asks nobody for credentials, and waits for nobody that is not there.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null"

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

MODELS = harness.ROOT / ".build" / "venv-models"
ACCOUNT = "000000000000"


def make_client(endpoint, protocol="json", region="us-east-1", key="test", secret="test", **config):
    """An SDK's client; `query` = with the last model that spoke the Query protocol."""
    session = botocore.session.Session()
    if protocol == "query":
        session.get_component("data_loader").search_paths.insert(0, str(MODELS))
    options = Config(retries={"max_attempts": 0, "mode": "standard"}, max_pool_connections=64, read_timeout=70, **config)
    return boto3.Session(botocore_session=session).client(
        "sqs", endpoint_url=endpoint, region_name=region, aws_access_key_id=key, aws_secret_access_key=secret,
        config=options, verify=False)


class Server:
    """A `run` without pipelines, for all tests of a class."""

    def __init__(self, *options, variables=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-sqs-"))
        self.options, self.variables = options, variables or {}
        self.start()

    def start(self, listen="127.0.0.1:0"):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SLUICE_")}
        environment.update(self.variables)
        self.log = open(self.folder / "log", "ab+")
        # The log keeps what a process before this one has said.
        begin = self.log.seek(0, os.SEEK_END)
        self.process = subprocess.Popen(
            [str(harness.ORDERS), "run", "--data", str(self.folder / "data"), "--listen", listen, *self.options],
            cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self.log)
        deadline = time.monotonic() + 60
        while True:
            self.log.seek(begin)
            found = re.search(rb"(https?)://(\S+):(\d+) ", self.log.read())
            if found:
                break
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.log.seek(begin)
                raise AssertionError(f"the server does not start: {self.log.read().decode()}")
            time.sleep(0.01)
        self.port = int(found[3])
        self.endpoint = f"{found[1].decode()}://127.0.0.1:{self.port}"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        code = self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
        return code

    def text(self):
        self.log.seek(0)
        return self.log.read().decode()


class SQSCase(harness.Case):
    """Queues with names of their own on a server that the class shares."""

    protocol = "json"
    options = ()
    variables_of_server = {}

    @classmethod
    def setUpClass(cls):
        foreign = os.environ.get("SQS_ENDPOINT")
        cls.server = None if foreign else Server(*cls.options, variables=cls.variables_of_server)
        cls.endpoint = foreign or cls.server.endpoint
        cls.sqs = make_client(cls.endpoint, cls.protocol)

    @classmethod
    def tearDownClass(cls):
        if cls.server:
            code = cls.server.stop()
            assert code == 0, f"the server ended with {code}"

    def name(self, fifo=False):
        return f"q-{uuid.uuid4().hex[:12]}{'.fifo' if fifo else ''}"

    def make(self, fifo=False, name=None, tags=None, **attributes):
        if fifo:
            attributes["FifoQueue"] = "true"
        more = {"tags": tags} if tags else {}
        name = name or self.name(fifo)
        return self.sqs.create_queue(QueueName=name, Attributes=attributes, **more)["QueueUrl"]

    def attributes(self, url, *names):
        return self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"]).get("Attributes", {})

    def arn(self, url):
        return self.attributes(url, "QueueArn")["QueueArn"]

    def with_dead_letters(self, count=1, fifo=False, **attributes):
        dead = self.make(fifo)
        policy = '{"deadLetterTargetArn":"%s","maxReceiveCount":"%d"}' % (self.arn(dead), count)
        return self.make(fifo, RedrivePolicy=policy, **attributes), dead

    def send(self, url, body="hello", **more):
        return self.sqs.send_message(QueueUrl=url, MessageBody=body, **more)

    def receive(self, url, limit=10, **more):
        return self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=limit, **more).get("Messages", [])

    def bodies(self, url, **more):
        return [message["Body"] for message in self.receive(url, **more)]

    def delete(self, url, *messages):
        for message in messages:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    @contextlib.contextmanager
    def refused(self, code, message=None, status=400, shape=None):
        """What is in it is refused so. `shape`: of the JSON protocol; the code's own by default."""
        with self.assertRaises(ClientError) as caught:
            yield
        response = caught.exception.response
        error = response["Error"]
        self.assertEqual(error["Code"], code, error)
        if message is not None:
            self.assertEqual(error["Message"], message)
        self.assertEqual(response["ResponseMetadata"]["HTTPStatusCode"], status)
        self.assertEqual(error.get("Type", "Sender"), "Sender")
        if shape and self.protocol == "json":
            self.assertEqual(error.get("QueryErrorCode"), shape)

    def invalid(self, message=None):
        return self.refused("InvalidParameterValue", message, shape="InvalidParameterValueException")

    def missing(self, name):
        return self.refused(
            "MissingParameter", f"The request must contain the parameter {name}.",
            shape="MissingRequiredParameterException")
