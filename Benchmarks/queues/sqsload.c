/* Load for a server of SQS: sqsload PORT QUEUE-URL send|batch|cycle|get CONNECTIONS SECONDS MESSAGES WAITING [KEY-ID SECRET]
 *
 * AWS JSON 1.0 on kept connections of 127.0.0.1, one thread each, until the time is over or so many messages are sent (0 = as
 * many as it can). `batch` sends ten a request. `cycle`: one half of the connections sends batches, while fewer than WAITING
 * messages wait; the other half receives ten and deletes them in a batch, until all are deleted. `get` is GET /.
 *
 * An https URL is spoken to in TLS, and nobody looks at the certificate. With a key every request is signed. A connection that
 * the server closes is opened again. */
#include "load.h"

#include "http.h"
#include "signature.h"

static const char *url, *mode;
static long most_messages, most_waiting;
static SSL_CTX *tls;

struct client { struct connection at; char *request, *answer, *body; };

static struct connection open_connection(void) {
    struct connection connection = {connect_to_port(), NULL};
    if (tls) {
        connection.tls = SSL_new(tls);
        SSL_set_fd(connection.tls, connection.fd);
        if (SSL_connect(connection.tls) != 1) fail("TLS");
    }
    return connection;
}

static struct client open_client(void) {
    return (struct client){open_connection(), malloc(room), malloc(room), malloc(room)};
}

static void reopen(struct client *client) {
    if (client->at.tls) SSL_free(client->at.tls);
    close(client->at.fd);
    client->at = open_connection();
}

/* Writes the request, and waits for the answer; returns its body. */
static char *exchange(struct client *client, size_t length) {
    char *found;
    for (int attempt = 0;; attempt++) {
        if (write_all(client->at, client->request, length) && read_message(client->at, client->answer, &found)) break;
        if (attempt == 3) fail("no answer");
        reopen(client);
    }
    if (strncmp(client->answer, "HTTP/1.1 200", 12) != 0) { fprintf(stderr, "%s\n", client->answer); exit(1); }
    *strstr(client->answer, "\r\n\r\n") = 0;
    if (strcasestr(client->answer, "\nconnection: close")) reopen(client);
    return found;
}

/* Asks with the first bytes of the client's body. */
static char *ask(struct client *client, const char *action, size_t length) {
    char *at = client->request + sprintf(client->request, "POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
        "Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.%s\r\n", port, action);
    at = secret ? append_signature(at, port, action, client->body, length) : append_form(at);
    at += sprintf(at, "Content-Length: %zu\r\n\r\n", length);
    memcpy(at, client->body, length);
    char *found = exchange(client, at + length - client->request);
    // An entry of a batch that failed has a code.
    if (*found != '{' || strstr(found, "\"Code\"")) { fprintf(stderr, "%s\n", found); exit(1); }
    return found;
}

static void send_one(struct client *client) {
    int length = sprintf(client->body, "{\"QueueUrl\":\"%s\",\"MessageBody\":\"%s\"}", url, payload());
    ask(client, "SendMessage", length);
}

static void send_ten(struct client *client) {
    char *at = client->body + sprintf(client->body, "{\"QueueUrl\":\"%s\",\"Entries\":[", url);
    for (int n = 0; n < 10; n++) at += sprintf(at, "%s{\"Id\":\"%d\",\"MessageBody\":\"%s\"}", n ? "," : "", n, payload());
    at += sprintf(at, "]}");
    ask(client, "SendMessageBatch", at - client->body);
}

static char *receive(struct client *client, int most) {
    return ask(client, "ReceiveMessage",
        sprintf(client->body, "{\"QueueUrl\":\"%s\",\"MaxNumberOfMessages\":%d}", url, most));
}

/* Deletes what an answer to a receive has; how many that were. */
static int delete_all(struct client *client, char *answer) {
    char *at = client->body + sprintf(client->body, "{\"QueueUrl\":\"%s\",\"Entries\":[", url);
    int messages = 0;
    for (char *found = answer; (found = strstr(found, "\"ReceiptHandle\":")); messages++) {
        char *begin = strchr(found + 16, '"') + 1, *end = strchr(begin, '"');
        at += sprintf(
            at, "%s{\"Id\":\"%d\",\"ReceiptHandle\":\"%.*s\"}", messages ? "," : "", messages, (int)(end - begin), begin);
        found = end;
    }
    at += sprintf(at, "]}");
    if (messages) ask(client, "DeleteMessageBatch", at - client->body);
    return messages;
}

static void get(struct client *client) {
    exchange(client, sprintf(client->request, "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", port));
}

/* Whether so many more may be sent. */
static int may_send(int messages) {
    static atomic_long promised;
    return !is_over() && (most_messages == 0 || atomic_fetch_add(&promised, messages) < most_messages);
}

static void timed(struct client *client, void (*send)(struct client *), int messages) {
    double start = now();
    send(client);
    note_time(start);
    count(&sent, messages);
}

static void send_all(struct client *client, void (*send)(struct client *), int messages) {
    while (may_send(messages)) {
        timed(client, send, messages);
        while (left() >= most_waiting && !is_over()) usleep(100);
    }
}

/* Of the messages that were sent, those that nobody has asked for yet: ten at most, and then they are taken. Receives are for
 * these alone, so that none is in vain, and that of a queue with a backlog no more is taken than was sent. */
static atomic_long taken;

static int take(void) {
    long before = taken, some;
    do {
        some = sent - before;
        if (some > 10) some = 10;
        if (some <= 0) return 0;
    } while (!atomic_compare_exchange_weak(&taken, &before, before + some));
    return some;
}

static atomic_int senders;

static void delete_what_was_sent(struct client *client) {
    while (senders > 0 || left() > 0) {
        int some = take();
        if (some == 0) { usleep(100); continue; }
        int deleted = delete_all(client, receive(client, some));
        atomic_fetch_sub(&taken, some - deleted);
        count(&done, deleted);
    }
}

static void *run(void *argument) {
    struct client client = open_client();
    int is_cycle = strcmp(mode, "cycle") == 0;
    if (is_cycle && (long)argument % 2) {
        delete_what_was_sent(&client);
        return NULL;
    }
    if (is_cycle || strcmp(mode, "batch") == 0) send_all(&client, send_ten, 10);
    else send_all(&client, strcmp(mode, "get") == 0 ? get : send_one, 1);
    senders--;
    return NULL;
}

/* What the server says that it has, in flight or not; -1 = it does not say. */
static long ask_waiting(void) {
    static const char *names[] = {"\"ApproximateNumberOfMessages\"", "\"ApproximateNumberOfMessagesNotVisible\""};
    struct client client = open_client();
    char *found = ask(&client, "GetQueueAttributes",
        sprintf(client.body, "{\"QueueUrl\":\"%s\",\"AttributeNames\":[%s,%s]}", url, names[0], names[1]));
    long all = 0;
    for (int n = 0; n < 2; n++) {
        char *value = strstr(found, names[n]);
        if (!value) return -1;
        all += atol(strpbrk(value + strlen(names[n]), "0123456789"));
    }
    return all;
}

static double run_load(int connections, int seconds) {
    pthread_t threads[256];
    int is_cycle = strcmp(mode, "cycle") == 0;
    senders = is_cycle ? connections - connections / 2 : connections;
    payload();
    double cpu = own_cpu();
    begin(seconds);
    for (int i = 0; i < connections; i++) pthread_create(&threads[i], NULL, run, (void *)(long)i);
    for (int i = 0; i < connections; i++) pthread_join(threads[i], NULL);
    return own_cpu() - cpu;
}

int main(int count, char **words) {
    int connections = count > 4 ? atoi(words[4]) : 0;
    if ((count != 8 && count != 10) || connections < 1 || connections > 256) {
        fprintf(stderr, "usage: sqsload PORT QUEUE-URL send|batch|cycle|get CONNECTIONS SECONDS MESSAGES WAITING "
                        "[KEY-ID SECRET]\n");
        return 64;
    }
    port = atoi(words[1]);
    url = words[2];
    mode = words[3];
    most_messages = atol(words[6]);
    // Nobody takes what is only sent.
    most_waiting = strcmp(mode, "cycle") == 0 ? atol(words[7]) : LONG_MAX;
    if (strncmp(url, "https:", 6) == 0) tls = SSL_CTX_new(TLS_client_method());
    if (count == 10) {
        key_id = words[8];
        secret = words[9];
    }
    double cpu = run_load(connections, atoi(words[5]));
    print_result(cpu, strcmp(mode, "get") == 0 ? -1 : ask_waiting());
    return 0;
}
