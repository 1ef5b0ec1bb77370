/* Load for a server of SQS, and a server that does nothing: what this machine's sockets and this client could do at most.
 *
 *   sqsload load PORT QUEUE-URL send|batch|drain|cycle|get CONNECTIONS SECONDS [tls] [KEY-ID SECRET]
 *   sqsload stub
 *
 * AWS JSON 1.0 on kept connections of 127.0.0.1, one thread each, bodies of 1 KB; `batch` sends ten a request, `drain`
 * receives ten and deletes them in one batch. `cycle`: half of the connections send batches, and wait while 2,000 messages
 * are left; the other half drain, until nothing is left. `get` is GET /. A connection that the server closes is opened again.
 * With a key every request is signed (Signature Version 4), else it has the form of a signature. `load` prints messages a
 * second (of a cycle: those that were deleted in its time), the 50th and 99th percentile of a request in microseconds, and how
 * many messages it were in all. `stub` prints its port, answers every request alike, and ends with its standard input. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { room = 1 << 17, most_times = 1 << 21 };

static void fail(const char *what) { perror(what); exit(1); }

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

struct connection { int fd; SSL *tls; };

static ssize_t read_some(struct connection at, char *bytes, size_t count) {
    return at.tls ? SSL_read(at.tls, bytes, count) : read(at.fd, bytes, count);
}

static int write_all(struct connection at, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t done = at.tls ? SSL_write(at.tls, bytes, count) : write(at.fd, bytes, count);
        if (done <= 0) return 0;
        bytes += done;
        count -= done;
    }
    return 1;
}

/* Reads one HTTP message that has a Content-Length, or none and no body. Its length, or 0 at the end. */
static size_t read_message(struct connection at, char *buffer, char **body) {
    size_t have = 0;
    for (;;) {
        buffer[have] = 0;
        char *end = strstr(buffer, "\r\n\r\n");
        if (end) {
            size_t length = 0;
            for (char *line = buffer; line < end; line = strstr(line, "\r\n") + 2)
                if (strncasecmp(line, "content-length:", 15) == 0) length = strtoul(line + 15, NULL, 10);
            size_t whole = end + 4 - buffer + length;
            if (whole >= room) fail("a message that is too long");
            if (have >= whole) {
                *body = end + 4;
                return whole;
            }
        }
        if (have + 1 >= room) fail("a head that is too long");
        ssize_t got = read_some(at, buffer + have, room - have - 1);
        if (got <= 0) return 0;
        have += got;
    }
}

/* The client. */

static int port, seconds, count_connections;
static const char *url, *mode, *key_id, *secret;
static SSL_CTX *tls;
static atomic_long sent, messages, requests;
static double until;
static float *times;

static struct connection open_connection(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) fail("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct connection connection = {fd, NULL};
    if (tls) {
        connection.tls = SSL_new(tls);
        SSL_set_fd(connection.tls, fd);
        if (SSL_connect(connection.tls) != 1) fail("TLS");
    }
    return connection;
}

struct client { struct connection at; char *request, *answer; };

static void reopen(struct client *client) {
    if (client->at.tls) SSL_free(client->at.tls);
    close(client->at.fd);
    client->at = open_connection();
}

/* Signature Version 4. */

static void hash(const void *bytes, size_t count, char *hex) {
    unsigned char digest[32];
    SHA256(bytes, count, digest);
    for (int i = 0; i < 32; i++) sprintf(hex + 2 * i, "%02x", digest[i]);
}

static void keyed(const void *key, int length, const char *text, unsigned char *code) {
    HMAC(EVP_sha256(), key, length, (const unsigned char *)text, strlen(text), code, NULL);
}

/* The headers Authorization and X-Amz-Date of a request. */
static int sign(char *at, const char *action, const char *body, size_t length) {
    time_t seconds = time(NULL);
    struct tm parts;
    char day[16], moment[32], payload[65], canonical[1024], request[65], text[256], first[256];
    unsigned char key[32], code[32];
    gmtime_r(&seconds, &parts);
    strftime(day, sizeof day, "%Y%m%d", &parts);
    strftime(moment, sizeof moment, "%Y%m%dT%H%M%SZ", &parts);
    hash(body, length, payload);
    int count = sprintf(canonical,
        "POST\n/\n\ncontent-type:application/x-amz-json-1.0\nhost:127.0.0.1:%d\nx-amz-date:%s\nx-amz-target:AmazonSQS.%s\n\n"
        "content-type;host;x-amz-date;x-amz-target\n%s", port, moment, action, payload);
    hash(canonical, count, request);
    sprintf(text, "AWS4-HMAC-SHA256\n%s\n%s/us-east-1/sqs/aws4_request\n%s", moment, day, request);
    sprintf(first, "AWS4%s", secret);
    keyed(first, strlen(first), day, key);
    keyed(key, 32, "us-east-1", key);
    keyed(key, 32, "sqs", key);
    keyed(key, 32, "aws4_request", key);
    keyed(key, 32, text, code);
    int head = sprintf(at, "X-Amz-Date: %s\r\nAuthorization: AWS4-HMAC-SHA256 Credential=%s/%s/us-east-1/sqs/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=", moment, key_id, day);
    for (int i = 0; i < 32; i++) head += sprintf(at + head, "%02x", code[i]);
    return head + sprintf(at + head, "\r\n");
}

static int unsigned_headers(char *at) {
    return sprintf(at, "Authorization: AWS4-HMAC-SHA256 Credential=bench/20260101/us-east-1/sqs/aws4_request, "
        "SignedHeaders=host, Signature=0\r\n");
}

static void note(double start) {
    long place = atomic_fetch_add(&requests, 1);
    if (place < most_times) times[place] = (now() - start) * 1e6;
}

/* Asks, and waits for the answer's body. */
static char *ask(struct client *client, const char *action, const char *body, size_t length) {
    double start = now();
    char *found;
    for (int attempt = 0;; attempt++) {
        int head = sprintf(client->request, "POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
            "Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AmazonSQS.%s\r\n", port, action);
        head += secret ? sign(client->request + head, action, body, length) : unsigned_headers(client->request + head);
        head += sprintf(client->request + head, "Content-Length: %zu\r\n\r\n", length);
        memcpy(client->request + head, body, length);
        if (write_all(client->at, client->request, head + length) && read_message(client->at, client->answer, &found)) break;
        if (attempt == 3) fail("no answer");
        reopen(client);
    }
    if (strncmp(client->answer, "HTTP/1.1 200", 12) != 0 || *found != '{' || strstr(found, "\"Code\"")) {
        fprintf(stderr, "%s\n", client->answer);
        exit(1);
    }
    if (strcasestr(client->answer, "\nconnection: close")) reopen(client);
    note(start);
    return found;
}

static char *append_entry(char *at, int n, const char *text) {
    return at + sprintf(at, "%s{\"Id\":\"%d\",\"MessageBody\":\"%s\"}", n ? "," : "", n, text);
}

/* Deletes what an answer of ReceiveMessage has; how many that were. */
static int delete_all(struct client *client, char *answer, char *body) {
    char *at = body + sprintf(body, "{\"QueueUrl\":\"%s\",\"Entries\":[", url);
    int count = 0;
    for (char *found = answer; (found = strstr(found, "\"ReceiptHandle\":")); count++) {
        char *begin = strchr(found + 16, '"') + 1, *end = strchr(begin, '"');
        at += sprintf(at, "%s{\"Id\":\"%d\",\"ReceiptHandle\":\"%.*s\"}", count ? "," : "", count, (int)(end - begin), begin);
        found = end;
    }
    at += sprintf(at, "]}");
    if (count) ask(client, "DeleteMessageBatch", body, at - body);
    return count;
}

static const char *text(void) {
    static char text[1025];
    if (!text[0]) for (int i = 0; i < 1024; i++) text[i] = 'a' + i % 26;
    return text;
}

static void send_one(struct client *client, char *body) {
    int length = sprintf(body, "{\"QueueUrl\":\"%s\",\"MessageBody\":\"%s\"}", url, text());
    ask(client, "SendMessage", body, length);
    atomic_fetch_add(&messages, 1);
}

static void send_ten(struct client *client, char *body) {
    char *at = body + sprintf(body, "{\"QueueUrl\":\"%s\",\"Entries\":[", url);
    for (int n = 0; n < 10; n++) at = append_entry(at, n, text());
    at += sprintf(at, "]}");
    ask(client, "SendMessageBatch", body, at - body);
}

static int drain(struct client *client, char *body) {
    int length = sprintf(body, "{\"QueueUrl\":\"%s\",\"MaxNumberOfMessages\":10}", url);
    return delete_all(client, ask(client, "ReceiveMessage", body, length), body);
}

static void get(struct client *client) {
    char *found;
    double start = now();
    int head = sprintf(client->request, "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n", port);
    if (!write_all(client->at, client->request, head) || !read_message(client->at, client->answer, &found)) fail("get");
    note(start);
    atomic_fetch_add(&messages, 1);
}

/* One half of the connections sends, the other half deletes what it receives. */
static void cycle(struct client *client, char *body, int sends) {
    while (sends && now() < until) {
        if (sent - messages >= 2000) { usleep(100); continue; }
        atomic_fetch_add(&sent, 10);
        send_ten(client, body);
    }
    while (!sends && (now() < until || sent > messages)) atomic_fetch_add(&messages, drain(client, body));
}

static void *run(void *argument) {
    struct client client = {open_connection(), malloc(room), malloc(room)};
    char *body = malloc(room);
    if (strcmp(mode, "cycle") == 0) cycle(&client, body, (long)argument % 2);
    else while (now() < until) {
        if (strcmp(mode, "send") == 0) send_one(&client, body);
        else if (strcmp(mode, "get") == 0) get(&client);
        else if (strcmp(mode, "batch") == 0) {
            send_ten(&client, body);
            atomic_fetch_add(&messages, 10);
        } else {
            int count = drain(&client, body);
            if (count == 0) break;
            atomic_fetch_add(&messages, count);
        }
    }
    return NULL;
}

static int compare(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static void load(void) {
    pthread_t threads[256];
    times = malloc(most_times * sizeof *times);
    text();
    double start = now();
    until = start + seconds;
    for (int i = 0; i < count_connections; i++) pthread_create(&threads[i], NULL, run, (void *)(long)i);
    for (int i = 0; i < count_connections; i++) pthread_join(threads[i], NULL);
    double took = now() - start;
    long count = requests < most_times ? requests : most_times;
    qsort(times, count, sizeof *times, compare);
    printf("%.0f %.0f %.0f %ld\n", messages / took, times[count / 2], times[count * 99 / 100], (long)messages);
}

/* The server that does nothing. */

static void *serve(void *argument) {
    struct connection at = {(int)(long)argument, NULL};
    char *buffer = malloc(room), *body;
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\n\r\n{}";
    while (read_message(at, buffer, &body) && write_all(at, answer, sizeof answer - 1)) {}
    close(at.fd);
    free(buffer);
    return NULL;
}

static void *accept_all(void *argument) {
    int listener = (int)(long)argument, one = 1;
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) fail("accept");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        pthread_t thread;
        pthread_create(&thread, NULL, serve, (void *)(long)fd);
        pthread_detach(thread);
    }
    return NULL;
}

static void stub(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) < 0 || listen(listener, 256) < 0) fail("listen");
    getsockname(listener, (struct sockaddr *)&address, &length);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    pthread_t thread;
    pthread_create(&thread, NULL, accept_all, (void *)(long)listener);
    while (getchar() != EOF) {}
}

int main(int count, char **words) {
    if (count == 2 && strcmp(words[1], "stub") == 0) {
        stub();
        return 0;
    }
    if (count < 7 || count > 10 || strcmp(words[1], "load") != 0) {
        fprintf(stderr, "usage: sqsload load PORT QUEUE-URL send|batch|drain|cycle|get CONNECTIONS SECONDS [tls] [KEY-ID SECRET]\n"
                        "       sqsload stub\n");
        return 64;
    }
    port = atoi(words[2]);
    url = words[3];
    mode = words[4];
    count_connections = atoi(words[5]);
    seconds = atoi(words[6]);
    if (count_connections < 1 || count_connections > 256) return 64;
    int next = 7;
    if (count > next && strcmp(words[next], "tls") == 0) {
        tls = SSL_CTX_new(TLS_client_method());
        next++;
    }
    if (count > next + 1) {
        key_id = words[next];
        secret = words[next + 1];
    }
    load();
    return 0;
}
