<?php
// A producer and consumer with AsyncAws, the SDK that PHP's frameworks use: `php async_aws.php ENDPOINT QUEUE`. Prints
// what it has seen, as JSON.
require '/usr/share/php/AsyncAws/Sqs/autoload.php';

use AsyncAws\Sqs\SqsClient;

[, $endpoint, $name] = $argv;
$sqs = new SqsClient([
    'endpoint' => $endpoint, 'region' => 'us-east-1', 'accessKeyId' => getenv('KEY'), 'accessKeySecret' => getenv('SECRET'),
]);
$created = $sqs->createQueue([
    'QueueName' => $name, 'Attributes' => ['FifoQueue' => 'true', 'ContentBasedDeduplication' => 'true']]);
$url = $created->getQueueUrl();
foreach (['one', 'two', 'two'] as $body) {
    $sent = $sqs->sendMessage([
        'QueueUrl' => $url, 'MessageBody' => $body, 'MessageGroupId' => 'g',
        'MessageAttributes' => ['Kind' => ['DataType' => 'String', 'StringValue' => 'tést']],
    ]);
    $digests[] = [$sent->getMD5OfMessageBody() === md5($body), $sent->getMessageId()];
}
$messages = $sqs->receiveMessage([
    'QueueUrl' => $url, 'MaxNumberOfMessages' => 10, 'WaitTimeSeconds' => 5, 'AttributeNames' => ['All'],
    'MessageAttributeNames' => ['All'],
])->getMessages();
foreach ($messages as $message) {
    $seen[] = [
        $message->getBody(), $message->getAttributes()['MessageGroupId'],
        $message->getMessageAttributes()['Kind']->getStringValue(),
    ];
    $sqs->deleteMessage(['QueueUrl' => $url, 'ReceiptHandle' => $message->getReceiptHandle()])->resolve();
}
try {
    $sqs->getQueueUrl(['QueueName' => 'nobody-made-it'])->getQueueUrl();
} catch (\AsyncAws\Core\Exception\Http\ClientException $error) {
    $code = $error->getAwsCode();
}
echo json_encode(['seen' => $seen, 'digests' => $digests, 'code' => $code]);
