import json
import time
import uuid

from sqs_case import ACCOUNT, ClientError, SQSCase, make_client

# Recorded from AWS, or stated in its service model and its Developer Guide; docs/sqs.md names the source of each.
DEFAULTS = {
    "VisibilityTimeout": "30", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600", "DelaySeconds": "0",
    "ReceiveMessageWaitTimeSeconds": "0", "SqsManagedSseEnabled": "true", "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0",
}
DIFFERENT = "A queue already exists with the same name and a different value for attribute "
NO_DEDUPLICATION = (
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
BATCH_ID = (
    "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters "
    "long.")
MEBIBYTE = 1 << 20


class Queues:
    def test_defaults(self):
        """a new queue has AWS's defaults, and no attribute that it has not"""
        url = self.make()
        attributes = self.attributes(url)
        self.assertEqual({k: attributes[k] for k in DEFAULTS}, DEFAULTS)
        self.assertEqual(attributes["QueueArn"], f"arn:aws:sqs:us-east-1:{ACCOUNT}:{url.rsplit('/', 1)[1]}")
        self.assertAlmostEqual(int(attributes["CreatedTimestamp"]), time.time(), delta=60)
        self.assertEqual(
            set(attributes), {*DEFAULTS, "QueueArn", "CreatedTimestamp", "LastModifiedTimestamp"})

    def test_defaults_fifo(self):
        """a new FIFO queue has AWS's defaults"""
        attributes = self.attributes(self.make(fifo=True))
        self.assertEqual(
            set(attributes),
            {*DEFAULTS, "QueueArn", "CreatedTimestamp", "LastModifiedTimestamp", "FifoQueue",
             "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"})
        self.assertEqual(
            [attributes[k] for k in
             ("FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit")],
            ["true", "false", "queue", "perQueue"])

    def test_again(self):
        """the same queue again is the same URL, one with another attribute is refused with its name"""
        name = self.name()
        url = self.make(name=name, DelaySeconds="1")
        self.assertEqual(self.make(name=name), url)
        self.assertEqual(self.make(name=name, DelaySeconds="1"), url)
        for attributes in ({"DelaySeconds": "2"}, {"VisibilityTimeout": "30", "DelaySeconds": "0"}):
            with self.refused("QueueAlreadyExists", DIFFERENT + "DelaySeconds", shape="QueueNameExists"):
                self.make(name=name, **attributes)
        with self.refused("QueueAlreadyExists", DIFFERENT + "VisibilityTimeout", shape="QueueNameExists"):
            self.make(name=name, VisibilityTimeout="31")

    def test_again_fifo(self):
        """a FIFO queue again with another ContentBasedDeduplication is refused"""
        name = self.name(fifo=True)
        self.make(fifo=True, name=name, ContentBasedDeduplication="true")
        with self.refused("QueueAlreadyExists", DIFFERENT + "ContentBasedDeduplication", shape="QueueNameExists"):
            self.make(fifo=True, name=name, ContentBasedDeduplication="false")

    def test_names(self):
        """names that are none are refused, and 80 characters are allowed, .fifo among them"""
        rule = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        for name in ("a.b", "a b", "a" * 81, "ä", "q.fifo"):
            with self.subTest(name=name), self.invalid(rule):
                self.sqs.create_queue(QueueName=name)
        unique = uuid.uuid4().hex
        self.make(name=unique + "a" * 48)
        self.make(fifo=True, name=unique + "a" * 43 + ".fifo")
        for name in ("abc", "a" * 76 + ".fifo", "x.y.fifo", ".fifo"):
            with self.subTest(name=name), self.invalid(
                    "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end "
                    "with .fifo suffix and be 1 to 80 in length"):
                self.sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})
        with self.refused("InvalidAttributeName", "Unknown Attribute FifoQueue."):
            self.sqs.create_queue(QueueName=self.name(), Attributes={"FifoQueue": "false"})

    def test_attribute_ranges(self):
        """an attribute is taken at both ends of its range, and refused beyond"""
        ranges = {
            "DelaySeconds": (0, 900), "MaximumMessageSize": (1024, MEBIBYTE), "MessageRetentionPeriod": (60, 1209600),
            "ReceiveMessageWaitTimeSeconds": (0, 20), "VisibilityTimeout": (0, 43200),
        }
        url = self.make()
        for name, (low, high) in ranges.items():
            for value in (low, high):
                self.sqs.set_queue_attributes(QueueUrl=url, Attributes={name: str(value)})
                self.assertEqual(self.attributes(url, name), {name: str(value)})
            for value in (low - 1, high + 1, "x", "", "1.5"):
                with self.subTest(name=name, value=value), self.refused(
                        "InvalidAttributeValue", f"Invalid value for the parameter {name}."):
                    self.sqs.set_queue_attributes(QueueUrl=url, Attributes={name: str(value)})
                with self.subTest(name=name, value=value, at="creation"), self.refused("InvalidAttributeValue"):
                    self.make(**{name: str(value)})

    def test_unknown_attributes(self):
        """attributes that are none, or cannot be set, are refused by name"""
        url = self.make()
        for name in ("Nonsense", "QueueArn", "CreatedTimestamp", "ApproximateNumberOfMessages", "FifoQueue",
                     "ContentBasedDeduplication"):
            with self.subTest(name=name), self.refused("InvalidAttributeName", f"Unknown Attribute {name}."):
                self.sqs.set_queue_attributes(QueueUrl=url, Attributes={name: "true"})
        with self.refused("InvalidAttributeName", "Unknown Attribute Nonsense."):
            self.attributes(url, "Nonsense")
        for name, value in {"DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"}.items():
            with self.subTest(name=name), self.refused(
                    "InvalidAttributeName", f"You can specify the {name} only when FifoQueue is set to true."):
                self.sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})

    def test_queue_type_stays(self):
        """a FIFO queue stays one"""
        url = self.make(fifo=True)
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"FifoQueue": "true"})
        with self.refused(
                "InvalidAttributeValue",
                "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported."):
            self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"FifoQueue": "false"})

    def test_no_names_no_attributes(self):
        """nothing is answered that was not asked for"""
        url = self.make()
        answer = self.sqs.get_queue_attributes(QueueUrl=url)
        self.assertFalse(answer.get("Attributes"))

    def test_encryption(self):
        """one kind of encryption excludes the other"""
        url = self.make()
        names = ("KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled")
        self.sqs.set_queue_attributes(
            QueueUrl=url, Attributes={"KmsDataKeyReusePeriodSeconds": "6000", "KmsMasterKeyId": "testKeyId",
                                      "SqsManagedSseEnabled": "false"})
        self.assertEqual(
            self.attributes(url, *names),
            {"KmsMasterKeyId": "testKeyId", "KmsDataKeyReusePeriodSeconds": "6000", "SqsManagedSseEnabled": "false"})
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
        self.assertEqual(self.attributes(url, *names), {"SqsManagedSseEnabled": "true"})
        with self.refused(
                "InvalidAttributeName",
                "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS "
                "SSE."):
            self.sqs.set_queue_attributes(
                QueueUrl=url, Attributes={"KmsMasterKeyId": "testKeyId", "SqsManagedSseEnabled": "true"})

    def test_list(self):
        """queues are listed by prefix, and in pages"""
        start = f"list-{uuid.uuid4().hex[:8]}"
        urls = [self.make(name=f"{start}-{n}") for n in range(5)]
        self.assertEqual(self.sqs.list_queues(QueueNamePrefix=start)["QueueUrls"], urls)
        self.assertTrue(set(urls) <= set(self.sqs.list_queues()["QueueUrls"]))
        self.assertNotIn("QueueUrls", self.sqs.list_queues(QueueNamePrefix=start + "-nothing"))
        pages, token = [], None
        while True:
            more = {"NextToken": token} if token else {}
            page = self.sqs.list_queues(QueueNamePrefix=start, MaxResults=2, **more)
            pages.append(page["QueueUrls"])
            token = page.get("NextToken")
            if not token:
                break
        self.assertEqual(pages, [urls[:2], urls[2:4], urls[4:]])

    def test_url(self):
        """a queue's URL is found by its name, and a queue that is not there is said not to be"""
        name = self.name()
        url = self.make(name=name)
        self.assertEqual(self.sqs.get_queue_url(QueueName=name)["QueueUrl"], url)
        self.assertEqual(self.sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=ACCOUNT)["QueueUrl"], url)
        message = "The specified queue does not exist."
        if self.protocol == "query":
            message = "The specified queue does not exist for this wsdl version."
        for ask in (lambda: self.sqs.get_queue_url(QueueName="nothing"), lambda: self.send(url + "x"),
                    lambda: self.receive(url + "x"), lambda: self.sqs.delete_queue(QueueUrl=url + "x"),
                    lambda: self.attributes(url + "x"), lambda: self.sqs.purge_queue(QueueUrl=url + "x")):
            with self.refused("AWS.SimpleQueueService.NonExistentQueue", message, shape="QueueDoesNotExist"):
                ask()

    def test_delete(self):
        """a deleted queue is gone, and its name rests for a minute"""
        name = self.name()
        url = self.make(name=name)
        self.send(url)
        self.sqs.delete_queue(QueueUrl=url)
        with self.refused("AWS.SimpleQueueService.NonExistentQueue"):
            self.receive(url)
        with self.refused(
                "AWS.SimpleQueueService.QueueDeletedRecently",
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
                shape="QueueDeletedRecently"):
            self.make(name=name)

    def test_purge(self):
        """a purge takes out what waits, what is in flight and what is delayed, once a minute"""
        url = self.make()
        for n in range(3):
            self.send(url, f"m{n}")
        self.send(url, "later", DelaySeconds=2)
        held = self.receive(url, limit=1, VisibilityTimeout=1)
        self.sqs.purge_queue(QueueUrl=url)
        time.sleep(2.2)
        self.assertEqual(self.receive(url), [])
        self.delete(url, *held)
        with self.refused(
                "AWS.SimpleQueueService.PurgeQueueInProgress",
                f"Only one PurgeQueue operation on {url.rsplit('/', 1)[1]} is allowed every 60 seconds.", status=403,
                shape="PurgeQueueInProgress"):
            self.sqs.purge_queue(QueueUrl=url)
        self.send(url, "after")
        self.assertEqual(self.bodies(url), ["after"])

    def test_tags(self):
        """tags are set at the creation and later, and taken off"""
        url = self.make(tags={"a": "1"})
        self.sqs.tag_queue(QueueUrl=url, Tags={"b": "2", "c": ""})
        self.assertEqual(self.sqs.list_queue_tags(QueueUrl=url)["Tags"], {"a": "1", "b": "2", "c": ""})
        self.sqs.untag_queue(QueueUrl=url, TagKeys=["a", "c", "nothing"])
        self.assertEqual(self.sqs.list_queue_tags(QueueUrl=url)["Tags"], {"b": "2"})
        self.sqs.untag_queue(QueueUrl=url, TagKeys=["b"])
        self.assertFalse(self.sqs.list_queue_tags(QueueUrl=url).get("Tags"))
        with self.invalid(f"Too many tags added for queue {url.rsplit('/', 1)[1]}."):
            self.sqs.tag_queue(QueueUrl=url, Tags={f"k{n}": "v" for n in range(51)})

    def test_permissions(self):
        """permissions become statements of the policy, and go again"""
        url = self.make()
        arn = self.arn(url)
        give = lambda label, accounts, actions: self.sqs.add_permission(
            QueueUrl=url, Label=label, AWSAccountIds=accounts, Actions=actions)
        give("one", [ACCOUNT, "668614515564"], ["ReceiveMessage"])
        give("two", [ACCOUNT], ["SendMessage", "DeleteMessage"])
        policy = json.loads(self.attributes(url, "Policy")["Policy"])
        self.assertEqual(
            policy,
            {"Version": "2008-10-17", "Id": f"{arn}/SQSDefaultPolicy", "Statement": [
                {"Sid": "one", "Effect": "Allow", "Action": "SQS:ReceiveMessage", "Resource": arn, "Principal": {
                    "AWS": [f"arn:aws:iam::{ACCOUNT}:root", "arn:aws:iam::668614515564:root"]}},
                {"Sid": "two", "Effect": "Allow", "Action": ["SQS:SendMessage", "SQS:DeleteMessage"], "Resource": arn,
                 "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}]})
        with self.invalid("Value one for parameter Label is invalid. Reason: Already exists."):
            give("one", [ACCOUNT], ["ReceiveMessage"])
        self.sqs.remove_permission(QueueUrl=url, Label="one")
        self.sqs.remove_permission(QueueUrl=url, Label="two")
        self.assertEqual(self.attributes(url, "Policy"), {})
        with self.invalid("Value two for parameter Label is invalid. Reason: can't find label."):
            self.sqs.remove_permission(QueueUrl=url, Label="two")
        with self.invalid(
                "Value SQS:CreateQueue for parameter ActionName is invalid. Reason: Only the queue owner is allowed to "
                "invoke this action."):
            give("three", [ACCOUNT], ["CreateQueue"])

    def test_policy(self):
        """a policy is answered as it was written, and one that is none is refused"""
        url = self.make()
        policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}]}'
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        self.assertEqual(self.attributes(url, "Policy"), {"Policy": policy})
        with self.refused("InvalidAttributeValue", "Invalid value for the parameter Policy."):
            self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": "{"})
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
        self.assertEqual(self.attributes(url, "Policy"), {})


class Messages:
    def test_send_and_receive(self):
        """a message is received with the digests of what it is"""
        url = self.make()
        sent = self.send(url, "hello")
        self.assertEqual(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592")
        self.assertEqual(str(uuid.UUID(sent["MessageId"])), sent["MessageId"])
        self.assertFalse({"MD5OfMessageAttributes", "MD5OfMessageSystemAttributes", "SequenceNumber"} & set(sent))
        (message,) = self.receive(url)
        self.assertEqual(
            {k: v for k, v in message.items() if k != "ReceiptHandle"},
            {"MessageId": sent["MessageId"], "MD5OfBody": sent["MD5OfMessageBody"], "Body": "hello"})
        self.assertNotIn("Messages", self.sqs.receive_message(QueueUrl=url))

    def test_bodies(self):
        """a body comes back as it was, whatever characters it has"""
        url = self.make()
        for body in ('"&quot;&quot;\r', "<a>&amp;\t\n</a>", "äöü€😀", " spaces ", "\\u0041\\", "{\"a\": \"b\\n\"}", "]]>", "\x7f"):
            with self.subTest(body=body):
                self.send(url, body)
                (message,) = self.receive(url)
                self.assertEqual(message["Body"], body)
                self.delete(url, message)

    def test_characters_that_are_none(self):
        """characters that a message may not have are refused"""
        url = self.make()
        for body in ("a\x00", "\x08", "\x1f", "\ufffe", "\uffff"):
            with self.subTest(body=body), self.refused("InvalidMessageContents"):
                self.send(url, body)
        self.assertEqual(self.receive(url), [])

    def test_empty_body(self):
        """an empty body is refused as a missing one"""
        with self.missing("MessageBody"):
            self.send(self.make(), "")

    def test_message_attributes(self):
        """message attributes come back, and their digest is of those that were asked for"""
        url = self.make(VisibilityTimeout="0")
        text = lambda value: {"DataType": "String", "StringValue": value}
        sent = self.send(
            url, "msg", MessageAttributes={"Hello": text("There"), "General": text("Kenobi"), "Help.Me": text("Me")})
        self.assertEqual(sent["MD5OfMessageAttributes"], "4c360f3fdafd970e05fae2f149d997f5")
        for names, wanted, digest in (
            ([], {}, None), (["All"], {"Hello", "General", "Help.Me"}, "4c360f3fdafd970e05fae2f149d997f5"),
            ([".*"], {"Hello", "General", "Help.Me"}, "4c360f3fdafd970e05fae2f149d997f5"),
            (["*"], {"Hello", "General", "Help.Me"}, "4c360f3fdafd970e05fae2f149d997f5"),
            (["Foo", "Help"], {}, None), (["Hello", "General"], {"Hello", "General"}, "fca026605781cb4126a1e9044df24232"),
            (["Foo", "Hello"], {"Hello"}, "a311262e065454b75da111d535b8dacd"),
            (["Hel.*"], {"Hello", "Help.Me"}, "83fee93c1bcd8b9a5a923ffacdc636c7"), (["AWS."], {}, None),
            (["..foo"], {}, None),
        ):
            with self.subTest(names=names):
                (message,) = self.receive(url, MessageAttributeNames=names)
                self.assertEqual(set(message.get("MessageAttributes", {})), set(wanted))
                self.assertEqual(message.get("MD5OfMessageAttributes"), digest)

    def test_types_of_attributes(self):
        """numbers, binaries and labelled types are kept as they are"""
        url = self.make()
        attributes = {
            "n": {"DataType": "Number", "StringValue": "-1.50e3"}, "b": {"DataType": "Binary", "BinaryValue": b"\x00\x01\xff"},
            "s.1øßä": {"DataType": "String.json", "StringValue": "{}"}, "m": {"DataType": "Number.int", "StringValue": "007"},
        }
        self.send(url, MessageAttributes=attributes)
        (message,) = self.receive(url, MessageAttributeNames=["All"])
        self.assertEqual(message["MessageAttributes"], attributes)

    def test_wrong_attributes(self):
        """attributes that are none are refused, each with AWS's sentence where it is known"""
        url = self.make()
        value = {"DataType": "String", "StringValue": "x"}
        reserved = ("You can't use message attribute names beginning with 'AWS.' or 'Amazon.'. These strings are reserved "
                    "for internal use. Additionally, they cannot start or end with '.'.")
        for name, attribute, message in (
            ("ErrorDetails", {"DataType": "String", "StringValue": ""},
             "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'."),
            ("b", {"DataType": "Binary", "BinaryValue": b""},
             "Message (user) attribute 'b' must contain a non-empty value of type 'Binary'."),
            ("aws.x", value, reserved), ("Amazon.x", value, reserved), (".x", value, reserved), ("x.", value, reserved),
            ("a..b", value, None), ("a b", value, None), ("a§", value, None), ("a?", value, None), ("x" * 257, value, None),
            ("t", {"DataType": "Text", "StringValue": "x"}, None),
            ("t", {"DataType": "", "StringValue": "x"}, None),
            ("n", {"DataType": "Number", "StringValue": "x1"}, None),
            ("n", {"DataType": "Number", "StringValue": "1" * 39}, None),
            ("c", {"DataType": "String", "StringValue": "\x01"}, None),
        ):
            with self.subTest(name=name, attribute=attribute), self.invalid(message):
                self.send(url, MessageAttributes={name: attribute})
        with self.invalid("Number of message attributes [11] exceeds the allowed maximum [10]."):
            self.send(url, MessageAttributes={f"a{n}": value for n in range(11)})
        self.assertEqual(self.receive(url), [])

    def test_system_attributes(self):
        """system attributes are answered when they are asked for"""
        url = self.make()
        trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
        before = time.time() * 1000
        sent = self.send(
            url, MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": trace}})
        self.assertEqual(sent["MD5OfMessageSystemAttributes"], "5ae4d5d7636402d80f4eb6d213245a88")
        (message,) = self.receive(url, AttributeNames=["All"], VisibilityTimeout=0)
        found = message["Attributes"]
        self.assertEqual(
            set(found), {"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp",
                         "AWSTraceHeader"})
        self.assertEqual((found["AWSTraceHeader"], found["ApproximateReceiveCount"]), (trace, "1"))
        for name in ("SentTimestamp", "ApproximateFirstReceiveTimestamp"):
            self.assertAlmostEqual(int(found[name]), before, delta=10_000)
        (again,) = self.receive(url, AttributeNames=["ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp"])
        self.assertEqual(
            again["Attributes"],
            {"ApproximateReceiveCount": "2",
             "ApproximateFirstReceiveTimestamp": found["ApproximateFirstReceiveTimestamp"]})
        self.assertNotEqual(again["ReceiptHandle"], message["ReceiptHandle"])

    def test_sizes(self):
        """a message of exactly the limit is taken, attributes counted, and one byte more is not"""
        url = self.make(MaximumMessageSize="1024")
        self.send(url, "a" * 1024)
        self.send(url, "ä" * 512)
        message = "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."
        for body in ("a" * 1025, "ä" * 512 + "a"):
            with self.invalid(message):
                self.send(url, body)
        attributes = {"k": {"DataType": "String", "StringValue": "x"}}
        self.send(url, "a" * 1016, MessageAttributes=attributes)
        with self.invalid(message):
            self.send(url, "a" * 1017, MessageAttributes=attributes)
        url = self.make()
        self.send(url, "a" * MEBIBYTE)
        with self.invalid(
                "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."):
            self.send(url, "a" * (MEBIBYTE + 1))
        self.assertEqual([len(body) for body in self.bodies(url)], [MEBIBYTE])

    def test_delay(self):
        """a delayed message comes later: its own delay, or its queue's"""
        url = self.make(DelaySeconds="1")
        self.send(url, "queue's")
        self.send(url, "none", DelaySeconds=0)
        self.assertEqual(self.bodies(url), ["none"])
        depth = self.attributes(url, "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessages")
        self.assertEqual(depth["ApproximateNumberOfMessagesDelayed"], "1")
        self.assertEqual(self.bodies(url, WaitTimeSeconds=3), ["queue's"])
        for delay in (-1, 901):
            with self.invalid(
                    f"Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."):
                self.send(url, DelaySeconds=delay)

    def test_receive_limits(self):
        """how many messages, and how long, is checked"""
        url = self.make()
        for n in range(12):
            self.send(url, f"{n}")
        self.assertEqual(len(self.sqs.receive_message(QueueUrl=url)["Messages"]), 1)
        self.assertLessEqual(len(self.receive(url)), 10)
        for limit in (0, 11, -1):
            with self.invalid(
                    f"Value {limit} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if "
                    "provided."):
                self.receive(url, limit=limit)
        for wait in (-1, 21):
            with self.invalid(
                    f"Value {wait} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."):
                self.receive(url, WaitTimeSeconds=wait)
        for timeout in (-1, 43201):
            with self.invalid():
                self.receive(url, VisibilityTimeout=timeout)

    def test_long_poll(self):
        """a receive that waits ends with the first message, or with its time"""
        url = self.make(ReceiveMessageWaitTimeSeconds="1")
        start = time.monotonic()
        self.assertEqual(self.receive(url), [])
        self.assertGreaterEqual(time.monotonic() - start, 0.9)
        start = time.monotonic()
        self.assertEqual(self.receive(url, WaitTimeSeconds=0), [])
        self.assertLess(time.monotonic() - start, 0.5)
        self.send(url, "later", DelaySeconds=1)
        start = time.monotonic()
        self.assertEqual(self.bodies(url, WaitTimeSeconds=20), ["later"])
        self.assertLess(time.monotonic() - start, 5)

    def test_visibility(self):
        """a message that is received is hidden until its timeout, which counts its receives"""
        url = self.make(VisibilityTimeout="1")
        self.send(url)
        (first,) = self.receive(url)
        self.assertEqual(self.receive(url), [])
        self.assertEqual(self.attributes(url, "ApproximateNumberOfMessagesNotVisible")[
            "ApproximateNumberOfMessagesNotVisible"], "1")
        (second,) = self.receive(url, WaitTimeSeconds=3, AttributeNames=["All"])
        self.assertEqual(second["Attributes"]["ApproximateReceiveCount"], "2")
        self.assertEqual(first["MessageId"], second["MessageId"])

    def test_change_visibility(self):
        """a timeout is made longer, shorter, or ended at once"""
        url = self.make(VisibilityTimeout="1")
        self.send(url)
        (message,) = self.receive(url)
        change = lambda message, timeout: self.sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=timeout)
        change(message, 3)
        time.sleep(1.3)
        self.assertEqual(self.receive(url), [])
        change(message, 0)
        (message,) = self.receive(url)
        for timeout in (-1, 43201):
            with self.invalid():
                change(message, timeout)
        time.sleep(1.2)
        # It is over already: nothing happens, and nothing is said.
        change(message, 10)
        self.assertEqual(len(self.receive(url, VisibilityTimeout=0)), 1)
        self.delete(url, *self.receive(url))
        with self.invalid(
                f"Value {message['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: Message does not exist or "
                "is not available for visibility timeout change."):
            change(message, 10)

    def test_total_visibility(self):
        """a message is hidden for twelve hours in all"""
        url = self.make()
        self.send(url)
        (message,) = self.receive(url)
        time.sleep(1.1)
        with self.invalid(
                "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is "
                "beyond the limit [43200 seconds]."):
            self.sqs.change_message_visibility(
                QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=43200)

    def test_older_receipt(self):
        """an older receipt still ends the timeout of a later receive"""
        url = self.make()
        self.send(url)
        (first,) = self.receive(url, VisibilityTimeout=0)
        self.assertEqual(len(self.receive(url)), 1)
        self.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
        self.assertEqual(len(self.receive(url)), 1)

    def test_delete_message(self):
        """a message is deleted in flight, after its timeout, and twice"""
        url = self.make(VisibilityTimeout="1")
        self.send(url)
        (message,) = self.receive(url)
        self.delete(url, message, message)
        self.send(url)
        (message,) = self.receive(url)
        time.sleep(1.2)
        self.delete(url, message)
        self.assertEqual(self.receive(url), [])

    def test_wrong_receipts(self):
        """a receipt of another queue, a forged and a shortened one are refused"""
        url, other = self.make(), self.make()
        self.send(other)
        (message,) = self.receive(other)
        handle = message["ReceiptHandle"]
        for wrong in ("garbage", handle[:-4], handle[:8] + "AAAA" + handle[12:], handle, "a" * 500):
            for ask in (lambda: self.sqs.delete_message(QueueUrl=url, ReceiptHandle=wrong),
                        lambda: self.sqs.change_message_visibility(
                            QueueUrl=url, ReceiptHandle=wrong, VisibilityTimeout=1)):
                with self.subTest(wrong=wrong), self.refused(
                        "ReceiptHandleIsInvalid", f'The input receipt handle "{wrong}" is not a valid receipt handle.'):
                    ask()
        self.delete(other, message)


class Batches:
    def entries(self, count, **more):
        return [{"Id": f"{n}", "MessageBody": f"m{n}", **more} for n in range(count)]

    def test_batch(self):
        """a batch is answered entry by entry"""
        url = self.make()
        answer = self.sqs.send_message_batch(QueueUrl=url, Entries=self.entries(10))
        self.assertEqual([entry["Id"] for entry in answer["Successful"]], [f"{n}" for n in range(10)])
        self.assertFalse(answer.get("Failed"))
        messages = self.receive(url)
        self.assertEqual({m["Body"] for m in messages}, {f"m{n}" for n in range(10)})
        self.assertEqual({m["MessageId"] for m in messages}, {e["MessageId"] for e in answer["Successful"]})
        changed = self.sqs.change_message_visibility_batch(
            QueueUrl=url, Entries=[{"Id": m["Body"], "ReceiptHandle": m["ReceiptHandle"], "VisibilityTimeout": 0}
                                   for m in messages])
        self.assertEqual(len(changed["Successful"]), 10)
        messages = self.receive(url)
        deleted = self.sqs.delete_message_batch(
            QueueUrl=url, Entries=[{"Id": m["Body"], "ReceiptHandle": m["ReceiptHandle"]} for m in messages])
        self.assertEqual({e["Id"] for e in deleted["Successful"]}, {f"m{n}" for n in range(10)})
        self.assertEqual(self.attributes(url, "ApproximateNumberOfMessagesNotVisible")[
            "ApproximateNumberOfMessagesNotVisible"], "0")

    def test_bad_characters_in_errors(self):
        """an error that repeats what XML cannot carry can be read still, and so can a value that was stored"""
        url = self.make()
        done = self.sqs.send_message_batch(QueueUrl=url, Entries=[
            {"Id": "a", "MessageBody": "x"}, {"Id": "b", "MessageBody": "y", "MessageGroupId": "\x01"}])
        self.assertEqual(([e["Id"] for e in done["Successful"]], [e["Id"] for e in done["Failed"]]), (["a"], ["b"]))
        with self.invalid():
            self.send(url, MessageAttributes={"k": {"DataType": "String.\x01", "StringValue": "x"}})
        with self.invalid():
            self.send(url, MessageSystemAttributes={"AWSTraceHeader": {"DataType": "Binary", "BinaryValue": b"x"}})

    def test_one_bad_entry(self):
        """an entry that is wrong fails alone"""
        url = self.make(MaximumMessageSize="1024")
        entries = self.entries(5)
        entries[1]["DelaySeconds"] = 901
        entries[2]["MessageBody"] = "a" * 1025
        entries[3]["MessageBody"] = "\x01"
        answer = self.sqs.send_message_batch(QueueUrl=url, Entries=entries)
        self.assertEqual([e["Id"] for e in answer["Successful"]], ["0", "4"])
        self.assertEqual(
            [(e["Id"], e["Code"], e["SenderFault"]) for e in answer["Failed"]],
            [("1", "InvalidParameterValue", True), ("2", "InvalidParameterValue", True),
             ("3", "InvalidMessageContents", True)])
        self.assertEqual(set(self.bodies(url)), {"m0", "m4"})
        (message,) = self.receive(url, VisibilityTimeout=0) or [None]
        wrong = [{"Id": "a", "ReceiptHandle": "garbage"}]
        answer = self.sqs.delete_message_batch(QueueUrl=url, Entries=wrong)
        self.assertEqual([(e["Id"], e["Code"], e["SenderFault"]) for e in answer["Failed"]],
                         [("a", "ReceiptHandleIsInvalid", True)])

    def test_wrong_batches(self):
        """a batch that is wrong as a whole is refused as a whole"""
        url = self.make()
        send = lambda entries: self.sqs.send_message_batch(QueueUrl=url, Entries=entries)
        prefix = "AWS.SimpleQueueService."
        with self.refused(
                prefix + "TooManyEntriesInBatchRequest", "Maximum number of entries per request are 10. You have sent 11.",
                shape="TooManyEntriesInBatchRequest"):
            send(self.entries(11))
        for identifier in ("", "a" * 81, "a:b", "ä"):
            with self.subTest(id=identifier), self.refused(
                    prefix + "InvalidBatchEntryId", BATCH_ID, shape="InvalidBatchEntryId"):
                send([{"Id": identifier, "MessageBody": "x"}])
        with self.refused(prefix + "BatchEntryIdsNotDistinct", "Id 1 repeated.", shape="BatchEntryIdsNotDistinct"):
            send([{"Id": "1", "MessageBody": "x"}, {"Id": "1", "MessageBody": "y"}])
        with self.refused(prefix + "EmptyBatchRequest", shape="EmptyBatchRequest"):
            send([])
        with self.refused(
                prefix + "BatchRequestTooLong", "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 "
                "bytes.", shape="BatchRequestTooLong"):
            send([{"Id": "1", "MessageBody": "a" * (MEBIBYTE - 8),
                   "MessageAttributes": {"k": {"DataType": "String", "StringValue": "x"}}},
                  {"Id": "2", "MessageBody": "a"}])
        self.assertEqual(self.receive(url), [])
        for ask in (lambda entries: self.sqs.delete_message_batch(QueueUrl=url, Entries=entries),
                    lambda entries: self.sqs.change_message_visibility_batch(
                        QueueUrl=url, Entries=[{**e, "VisibilityTimeout": 1} for e in entries])):
            with self.refused(prefix + "TooManyEntriesInBatchRequest"):
                ask([{"Id": f"{n}", "ReceiptHandle": "x"} for n in range(20)])
            with self.refused(prefix + "InvalidBatchEntryId", BATCH_ID):
                ask([{"Id": "a:b", "ReceiptHandle": "x"}])

    def test_size_of_the_batch(self):
        """a batch may be larger than its queue's limit, and not larger than a mebibyte"""
        url = self.make(MaximumMessageSize="1024")
        answer = self.sqs.send_message_batch(
            QueueUrl=url, Entries=[{"Id": f"{n}", "MessageBody": "a" * 1024} for n in range(10)])
        self.assertEqual(len(answer["Successful"]), 10)
        url = self.make()
        answer = self.sqs.send_message_batch(
            QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "a" * (MEBIBYTE - 1)}, {"Id": "2", "MessageBody": "b"}])
        self.assertEqual(len(answer["Successful"]), 2)


class FIFO:
    def put(self, url, body, group="g", **more):
        more.setdefault("MessageDeduplicationId", uuid.uuid4().hex)
        return self.send(url, body, MessageGroupId=group, **more)

    def test_order(self):
        """messages of a group come in order, with rising sequence numbers"""
        url = self.make(fifo=True)
        numbers = [self.put(url, f"{n}")["SequenceNumber"] for n in range(12)]
        self.assertEqual(numbers, sorted(numbers))
        self.assertTrue(all(len(number) == 20 for number in numbers), numbers)
        messages = self.receive(url, AttributeNames=["All"])
        self.assertEqual([m["Body"] for m in messages], [f"{n}" for n in range(10)])
        self.assertEqual([m["Attributes"]["SequenceNumber"] for m in messages], numbers[:10])
        self.assertEqual(
            set(messages[0]["Attributes"]),
            {"SenderId", "SentTimestamp", "ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "SequenceNumber",
             "MessageDeduplicationId", "MessageGroupId"})
        self.assertEqual(self.receive(url), [])
        self.delete(url, *messages)
        self.assertEqual(self.bodies(url), ["10", "11"])

    def test_groups(self):
        """a group waits while a message of it is in flight, and others do not"""
        url = self.make(fifo=True)
        for body, group in (("a1", "a"), ("a2", "a"), ("b1", "b"), ("a3", "a"), ("b2", "b")):
            self.put(url, body, group)
        (first,) = self.receive(url, limit=1)
        self.assertEqual(first["Body"], "a1")
        self.assertEqual(self.bodies(url), ["b1", "b2"])
        self.delete(url, first)
        self.assertEqual(self.bodies(url), ["a2", "a3"])

    def test_groups_take_turns(self):
        """a receive takes all of one group before the next; a group that comes back stands behind the others"""
        url = self.make(fifo=True, ContentBasedDeduplication="true")
        for body in ("1a", "2a", "2b", "3a", "1b"):
            self.send(url, body, MessageGroupId=body[0])
        self.assertEqual(self.bodies(url, limit=3, VisibilityTimeout=0), ["1a", "1b", "2a"])
        self.assertEqual(self.bodies(url, VisibilityTimeout=0), ["3a", "1a", "1b", "2a", "2b"])

    def test_a_group_comes_back(self):
        """a message whose timeout is ended brings its group back, behind the others, and not its neighbours"""
        url = self.make(fifo=True, ContentBasedDeduplication="true")
        for body in ("1a", "1b", "2a"):
            self.send(url, body, MessageGroupId=body[0])
        first, second = self.receive(url, limit=2)
        self.assertEqual([first["Body"], second["Body"]], ["1a", "1b"])
        self.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
        self.assertEqual(self.bodies(url), ["2a", "1a"])

    def test_partly_deleted(self):
        """a group of which something is in flight still is not received from"""
        url = self.make(fifo=True, ContentBasedDeduplication="true")
        for body in ("1a", "2a", "1b", "2b", "1c", "1d", "3a"):
            self.send(url, body, MessageGroupId=body[0])
        messages = self.receive(url, limit=2)
        self.assertEqual([m["Body"] for m in messages], ["1a", "1b"])
        self.delete(url, messages[0])
        self.assertEqual(self.bodies(url), ["2a", "2b", "3a"])

    def test_purge_forgets(self):
        """a purge forgets the deduplication ids"""
        url = self.make(fifo=True)
        self.put(url, "a", MessageDeduplicationId="d")
        self.sqs.purge_queue(QueueUrl=url)
        self.put(url, "b", MessageDeduplicationId="d")
        self.assertEqual(self.bodies(url), ["b"])

    def test_what_a_message_needs(self):
        """a message needs a group, and a deduplication id unless its body is one"""
        url = self.make(fifo=True)
        with self.missing("MessageGroupId"):
            self.send(url, MessageDeduplicationId="1")
        with self.invalid(NO_DEDUPLICATION):
            self.send(url, MessageGroupId="g")
        with self.invalid("The request must contain the parameter MessageGroupId."):
            self.sqs.send_message_batch(
                QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x", "MessageDeduplicationId": "1"}])
        with self.invalid(NO_DEDUPLICATION):
            self.sqs.send_message_batch(
                QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x", "MessageGroupId": "1"}])
        with self.invalid(
                "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for "
                "this queue type."):
            self.put(url, "x", DelaySeconds=2)
        self.put(url, "x", DelaySeconds=0)
        for name in ("MessageGroupId", "MessageDeduplicationId"):
            for wrong in ("a" * 129, "a b", "ä", ""):
                more = {"MessageGroupId": "g", "MessageDeduplicationId": "d", name: wrong}
                with self.subTest(name=name, wrong=wrong), self.invalid(
                        f"Value {wrong} for parameter {name} is invalid. Reason: {name} can only include alphanumeric and "
                        "punctuation characters. 1 to 128 in length."):
                    self.send(url, **more)

    def test_standard_queues(self):
        """a standard queue has groups for fairness, and no deduplication"""
        url = self.make()
        self.send(url, "a", MessageGroupId="tenant")
        (message,) = self.receive(url, AttributeNames=["All"])
        self.assertEqual(message["Attributes"]["MessageGroupId"], "tenant")
        with self.invalid(
                "Value 1 for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is "
                "not valid for this queue type."):
            self.send(url, MessageDeduplicationId="1")

    def test_deduplication(self):
        """a second message of one deduplication id is the first one, whatever its group and body"""
        url = self.make(fifo=True)
        first = self.put(url, "a", MessageDeduplicationId="d")
        for body, group in (("a", "g"), ("b", "g"), ("a", "h")):
            again = self.put(url, body, group, MessageDeduplicationId="d")
            self.assertEqual(again["MessageId"], first["MessageId"])
            self.assertEqual(again["SequenceNumber"], first["SequenceNumber"])
        self.delete(url, *self.receive(url))
        self.put(url, "a", MessageDeduplicationId="d")
        self.assertEqual(self.receive(url), [])

    def test_deduplication_by_content(self):
        """equal bodies are one message, attributes do not count, and an id overrides"""
        url = self.make(fifo=True, ContentBasedDeduplication="true")
        send = lambda body, **more: self.send(url, body, MessageGroupId="g", **more)
        one = send("a")
        two = send("a", MessageAttributes={"k": {"DataType": "String", "StringValue": "v"}})
        self.assertEqual(one["MessageId"], two["MessageId"])
        self.assertNotEqual(send("a", MessageDeduplicationId="other")["MessageId"], one["MessageId"])
        (message, _) = self.receive(url, AttributeNames=["MessageDeduplicationId"])
        self.assertEqual(
            message["Attributes"]["MessageDeduplicationId"],
            "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb")

    def test_deduplication_scope(self):
        """with the scope messageGroup an id counts in its group"""
        url = self.make(fifo=True, DeduplicationScope="messageGroup")
        one = self.put(url, "a", "g", MessageDeduplicationId="d")
        self.assertNotEqual(self.put(url, "a", "h", MessageDeduplicationId="d")["MessageId"], one["MessageId"])
        self.assertEqual(self.put(url, "a", "g", MessageDeduplicationId="d")["MessageId"], one["MessageId"])

    def test_high_throughput(self):
        """the limit per group needs the scope per group"""
        url = self.make(
            fifo=True, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId")
        self.assertEqual(
            self.attributes(url, "DeduplicationScope", "FifoThroughputLimit"),
            {"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"})
        with self.refused("InvalidAttributeValue"):
            self.make(fifo=True, FifoThroughputLimit="perMessageGroupId")
        for name in ("DeduplicationScope", "FifoThroughputLimit"):
            with self.refused("InvalidAttributeValue", f"Invalid value for the parameter {name}."):
                self.make(fifo=True, **{name: "nonsense"})

    def test_expired_receipt(self):
        """an expired receipt deletes nothing, and says so"""
        url = self.make(fifo=True, VisibilityTimeout="1")
        self.put(url, "a")
        (message,) = self.receive(url)
        time.sleep(1.2)
        for ask in (lambda: self.delete(url, message),
                    lambda: self.sqs.change_message_visibility(
                        QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=5)):
            with self.invalid(
                    f"Value {message['ReceiptHandle']} for parameter ReceiptHandle is invalid. Reason: The receipt handle has "
                    "expired."):
                ask()
        (again,) = self.receive(url)
        self.delete(url, again, again)

    def test_later_ones_wait(self):
        """extending one message hides it and all later ones of its group; earlier ones come back"""
        url = self.make(fifo=True, VisibilityTimeout="1")
        for n in range(3):
            self.put(url, f"{n}")
        messages = self.receive(url)
        self.sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=messages[1]["ReceiptHandle"], VisibilityTimeout=30)
        time.sleep(1.3)
        self.assertEqual(self.bodies(url), ["0"])

    def test_attempts(self):
        """the same attempt gets the same messages, until one of them is deleted"""
        url = self.make(fifo=True)
        for n in range(3):
            self.put(url, f"{n}", f"g{n}")
        ask = lambda: self.receive(url, limit=2, ReceiveRequestAttemptId="attempt")
        first = ask()
        again = ask()
        self.assertEqual([m["MessageId"] for m in again], [m["MessageId"] for m in first])
        self.delete(url, again[0])
        self.assertEqual([m["Body"] for m in ask()], ["2"])
        with self.invalid():
            self.receive(self.make(), ReceiveRequestAttemptId="attempt")

    def test_queue_delay(self):
        """a FIFO queue delays all of its messages"""
        url = self.make(fifo=True, DelaySeconds="1")
        self.put(url, "a")
        self.assertEqual(self.receive(url), [])
        self.assertEqual(self.bodies(url, WaitTimeSeconds=3), ["a"])


class DeadLetters:
    def test_too_many_receives(self):
        """a message that was received too often goes to the dead-letter queue as it is"""
        url, dead = self.with_dead_letters(VisibilityTimeout="0")
        sent = self.send(url, "x", MessageAttributes={"k": {"DataType": "String", "StringValue": "v"}})
        (first,) = self.receive(url, AttributeNames=["All"])
        self.assertNotIn("DeadLetterQueueSourceArn", first["Attributes"])
        self.assertEqual(self.receive(url), [])
        (message,) = self.receive(dead, WaitTimeSeconds=2, AttributeNames=["All"], MessageAttributeNames=["All"])
        self.assertEqual(message["MessageId"], sent["MessageId"])
        self.assertEqual(message["Body"], "x")
        self.assertEqual(message["MessageAttributes"]["k"]["StringValue"], "v")
        found = message["Attributes"]
        self.assertEqual(found["DeadLetterQueueSourceArn"], self.arn(url))
        self.assertEqual(found["SentTimestamp"], first["Attributes"]["SentTimestamp"])
        self.assertEqual(found["ApproximateReceiveCount"], "2")

    def test_fifo(self):
        """a dead letter of a FIFO queue keeps its group and its deduplication id, and frees its group"""
        url, dead = self.with_dead_letters(fifo=True, VisibilityTimeout="0")
        self.send(url, "a", MessageGroupId="g", MessageDeduplicationId="1")
        self.send(url, "b", MessageGroupId="g", MessageDeduplicationId="2")
        self.assertEqual(self.bodies(url, limit=1), ["a"])
        self.assertEqual(self.bodies(url, limit=1), ["b"])
        (message,) = self.receive(dead, AttributeNames=["All"])
        self.assertEqual(
            (message["Body"], message["Attributes"]["MessageGroupId"], message["Attributes"]["MessageDeduplicationId"]),
            ("a", "g", "1"))

    def test_policies(self):
        """a redrive policy is answered as it was given, and an empty one takes it off"""
        url, dead = self.make(), self.make()
        policy = json.dumps({"deadLetterTargetArn": self.arn(dead), "maxReceiveCount": "42"})
        set_policy = lambda text: self.sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": text})
        self.assertNotIn("RedrivePolicy", self.attributes(url))
        set_policy(policy)
        self.assertEqual(self.attributes(url, "RedrivePolicy"), {"RedrivePolicy": policy})
        self.assertEqual(self.sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"], [url])
        set_policy("")
        self.assertNotIn("RedrivePolicy", self.attributes(url))
        self.assertFalse(self.sqs.list_dead_letter_source_queues(QueueUrl=dead).get("queueUrls"))

    def test_wrong_policies(self):
        """a redrive policy that is none is refused"""
        dead = self.arn(self.make())
        dummy = '{"deadLetterTargetArn": "dummy", "maxReceiveCount": 42}'
        with self.invalid(
                f"Value {dummy} for parameter RedrivePolicy is invalid. Reason: Invalid value for deadLetterTargetArn."):
            self.make(RedrivePolicy=dummy)
        for policy in ("{", "[]", "{}", '{"maxReceiveCount": 1}', '{"deadLetterTargetArn": "%s"}' % dead):
            with self.subTest(policy=policy), self.invalid():
                self.make(RedrivePolicy=policy)
        for count in ("0", "1001", '"x"', "1.5", "-1"):
            policy = '{"deadLetterTargetArn":"%s","maxReceiveCount":%s}' % (dead, count)
            with self.subTest(count=count), self.invalid(
                    f"Value {policy} for parameter RedrivePolicy is invalid. Reason: Invalid value for maxReceiveCount: "
                    f"{count.strip(chr(34))}, valid values are from 1 to 1000 both inclusive."):
                self.make(RedrivePolicy=policy)
        with self.refused("AWS.SimpleQueueService.NonExistentQueue"):
            self.make(RedrivePolicy='{"deadLetterTargetArn":"%s-nothing","maxReceiveCount":1}' % dead)
        with self.invalid():
            self.make(fifo=True, RedrivePolicy='{"deadLetterTargetArn":"%s","maxReceiveCount":1}' % dead)

    def test_allow_policies(self):
        """a dead-letter queue says whose dead letters it takes"""
        source = self.make()
        for text, is_allowed in (
            ('{"redrivePermission":"allowAll"}', True), ('{"redrivePermission":"denyAll"}', False),
            ('{"redrivePermission":"byQueue","sourceQueueArns":["%s"]}' % self.arn(source), True),
            ('{"redrivePermission":"byQueue","sourceQueueArns":["%s"]}' % self.arn(self.make()), False),
        ):
            dead = self.make(RedriveAllowPolicy=text)
            self.assertEqual(self.attributes(dead, "RedriveAllowPolicy"), {"RedriveAllowPolicy": text})
            policy = {"RedrivePolicy": '{"deadLetterTargetArn":"%s","maxReceiveCount":1}' % self.arn(dead)}
            with self.subTest(text=text):
                if is_allowed:
                    self.sqs.set_queue_attributes(QueueUrl=source, Attributes=policy)
                else:
                    with self.invalid():
                        self.sqs.set_queue_attributes(QueueUrl=source, Attributes=policy)
        for text in ('{"redrivePermission":"nonsense"}', "{}", '{"redrivePermission":"byQueue"}', "x",
                     '{"redrivePermission":"denyAll","sourceQueueArns":["%s"]}' % self.arn(source)):
            with self.subTest(text=text), self.invalid():
                self.make(RedriveAllowPolicy=text)


class Moving:
    """Move tasks: the Query model of that time has them, too."""

    def dead(self, url, dead, *bodies):
        for body in bodies:
            self.send(url, body)
        for _ in range(2):
            self.receive(url, VisibilityTimeout=0)
        self.until(
            lambda: self.attributes(dead, "ApproximateNumberOfMessages")["ApproximateNumberOfMessages"], str(len(bodies)))

    def tasks(self, dead, **more):
        return self.sqs.list_message_move_tasks(SourceArn=self.arn(dead), **more).get("Results", [])

    def test_to_another_queue(self):
        """messages move to another queue as new ones, and the task says how many"""
        url, dead = self.with_dead_letters()
        destination = self.make()
        self.dead(url, dead, "a", "b")
        handle = self.sqs.start_message_move_task(
            SourceArn=self.arn(dead), DestinationArn=self.arn(destination))["TaskHandle"]
        self.assertTrue(handle)
        self.until(lambda: self.tasks(dead)[0]["Status"], "COMPLETED")
        (task,) = self.tasks(dead)
        self.assertAlmostEqual(task.pop("StartedTimestamp") / 1000, time.time(), delta=60)
        self.assertEqual(
            task, {"Status": "COMPLETED", "SourceArn": self.arn(dead), "DestinationArn": self.arn(destination),
                   "ApproximateNumberOfMessagesMoved": 2, "ApproximateNumberOfMessagesToMove": 2})
        messages = self.receive(destination, AttributeNames=["All"])
        self.assertEqual({m["Body"] for m in messages}, {"a", "b"})
        for message in messages:
            self.assertEqual(message["Attributes"]["ApproximateReceiveCount"], "1")
            self.assertNotIn("DeadLetterQueueSourceArn", message["Attributes"])
        self.assertEqual(self.receive(dead), [])

    def test_to_their_sources(self):
        """without a destination each message goes where it came from"""
        dead = self.make()
        policy = '{"deadLetterTargetArn":"%s","maxReceiveCount":1}' % self.arn(dead)
        sources = [self.make(RedrivePolicy=policy) for _ in range(2)]
        for n, source in enumerate(sources):
            self.send(source, f"{n}")
            for _ in range(2):
                self.receive(source, VisibilityTimeout=0)
        self.until(
            lambda: self.attributes(dead, "ApproximateNumberOfMessages")["ApproximateNumberOfMessages"], "2")
        self.sqs.start_message_move_task(SourceArn=self.arn(dead))
        self.until(lambda: self.tasks(dead)[0]["Status"], "COMPLETED")
        self.assertNotIn("DestinationArn", self.tasks(dead)[0])
        for n, source in enumerate(sources):
            self.assertEqual(self.bodies(source), [f"{n}"])

    def test_rate_and_cancel(self):
        """a task keeps to its rate, is the only one of its queue, and can be cancelled"""
        url, dead = self.with_dead_letters()
        destination = self.make()
        self.dead(url, dead, *(f"{n}" for n in range(10)))
        handle = self.sqs.start_message_move_task(
            SourceArn=self.arn(dead), DestinationArn=self.arn(destination), MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
        (task,) = self.tasks(dead)
        self.assertEqual((task["Status"], task["TaskHandle"], task["MaxNumberOfMessagesPerSecond"]), ("RUNNING", handle, 1))
        self.assertLessEqual(task["ApproximateNumberOfMessagesMoved"], 2)
        with self.invalid(
                "There is already a task running. Only one active task is allowed for a source queue arn at a given time."):
            self.sqs.start_message_move_task(SourceArn=self.arn(dead))
        moved = self.sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"]
        self.assertLessEqual(moved, 3)
        (task,) = self.tasks(dead)
        self.assertEqual(task["Status"], "CANCELLED")
        self.assertNotIn("TaskHandle", task)
        with self.refused("ResourceNotFoundException", "Task does not exist.", status=404):
            self.sqs.cancel_message_move_task(TaskHandle=handle)

    def test_destination_goes(self):
        """a task whose destination is deleted fails, and says why"""
        url, dead = self.with_dead_letters()
        destination = self.make()
        self.dead(url, dead, "a", "b", "c")
        self.sqs.start_message_move_task(
            SourceArn=self.arn(dead), DestinationArn=self.arn(destination), MaxNumberOfMessagesPerSecond=1)
        self.sqs.delete_queue(QueueUrl=destination)
        self.until(lambda: self.tasks(dead)[0]["Status"], "FAILED")
        self.assertEqual(self.tasks(dead)[0]["FailureReason"], "AWS.SimpleQueueService.NonExistentQueue")

    def test_wrong_tasks(self):
        """tasks that make no sense are refused"""
        url, dead = self.with_dead_letters()
        with self.invalid("Source queue must be configured as a Dead Letter Queue."):
            self.sqs.start_message_move_task(SourceArn=self.arn(url))
        missing = "The resource that you specified for the %s parameter doesn't exist."
        with self.refused("ResourceNotFoundException", missing % "DestinationArn", status=404):
            self.sqs.start_message_move_task(SourceArn=self.arn(dead), DestinationArn=self.arn(dead) + "x")
        with self.refused("ResourceNotFoundException", missing % "SourceArn", status=404):
            self.sqs.start_message_move_task(SourceArn=self.arn(dead) + "x")
        with self.refused("ResourceNotFoundException", missing % "SourceArn", status=404):
            self.sqs.list_message_move_tasks(SourceArn=self.arn(dead) + "x")
        with self.invalid("Value for parameter TaskHandle is invalid."):
            self.sqs.cancel_message_move_task(TaskHandle="foobared")
        for rate in (0, 501):
            with self.invalid():
                self.sqs.start_message_move_task(SourceArn=self.arn(dead), MaxNumberOfMessagesPerSecond=rate)
        for limit in (0, 11):
            with self.invalid():
                self.tasks(dead, MaxResults=limit)
        with self.invalid(
                "You must use this format to specify the SourceArn: arn:<partition>:<service>:<region>:<account-id>:"
                "<resource-id>"):
            self.sqs.list_message_move_tasks(SourceArn="nonsense")


class JSONTest(Queues, Messages, Batches, FIFO, DeadLetters, Moving, SQSCase):
    """In AWS JSON 1.0, as today's SDKs speak."""


class QueryTest(Queues, Messages, Batches, FIFO, DeadLetters, Moving, SQSCase):
    """In the Query protocol, as SDKs spoke until 2023."""

    protocol = "query"
