/* What the loads of brokers share: a publisher and a consumer that run for some seconds, and a connection that reads lines.
 *
 * At most 160 messages wait for the broker's word that it has them, and at most 2,000 for the consumer, which takes what is
 * left when the time is over. */
#include "load.h"

enum { most_unconfirmed = 160, most_waiting = 2000, ring = 256 };

/* Of the publisher alone. */
static long published, confirmed;
static double published_at[ring];

static int may_publish(int messages) {
    return !is_over() && published + messages - confirmed <= most_unconfirmed && left() < most_waiting;
}

/* Before they are written, so that the consumer never has more than were sent. */
static void count_published(int messages) {
    double moment = now();
    for (int n = 0; n < messages; n++) published_at[published++ % ring] = moment;
    count(&sent, messages);
}

static void count_confirmed(void) { note_time(published_at[confirmed++ % ring]); }

static int is_publishing(void) { return !is_over() || confirmed < published; }
static atomic_int has_published;
static int is_consuming(void) { return !has_published || left() > 0; }

struct reader { int fd; size_t at, end; char bytes[1 << 16]; };

static struct reader *open_reader(void) {
    struct reader *reader = calloc(1, sizeof *reader);
    reader->fd = connect_to_port();
    return reader;
}

static int is_empty(const struct reader *reader) { return reader->at == reader->end; }

static void fill(struct reader *reader) {
    ssize_t got = read(reader->fd, reader->bytes, sizeof reader->bytes);
    if (got <= 0) fail("the server has gone");
    reader->at = 0;
    reader->end = got;
}

/* `into` may be NULL: they are passed over. */
static void read_bytes(struct reader *reader, char *into, size_t count) {
    while (count > 0) {
        if (is_empty(reader)) fill(reader);
        size_t here = reader->end - reader->at, some = here < count ? here : count;
        if (into) memcpy(into, reader->bytes + reader->at, some);
        if (into) into += some;
        reader->at += some;
        count -= some;
    }
}

/* Without its end, which is CR LF. */
static void read_line(struct reader *reader, char *line, size_t most) {
    size_t length = 0;
    for (char byte = 0; byte != '\n';) {
        read_bytes(reader, &byte, 1);
        if (byte != '\r' && byte != '\n' && length + 1 < most) line[length++] = byte;
    }
    line[length] = 0;
}

static void write_bytes(struct reader *reader, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t some = write(reader->fd, bytes, count);
        if (some <= 0) fail("write");
        bytes += some;
        count -= some;
    }
}

static void write_text(struct reader *reader, const char *text) { write_bytes(reader, text, strlen(text)); }

static void read_words(int count, char **words, int *seconds) {
    if (count != 3) {
        fprintf(stderr, "usage: %s PORT SECONDS\n", words[0]);
        exit(64);
    }
    port = atoi(words[1]);
    *seconds = atoi(words[2]);
}

static void *publish(void *unused);
static void *consume(void *unused);

/* Returns the CPU seconds. */
static double run_load(int seconds) {
    pthread_t publisher, consumer;
    payload();
    double cpu = own_cpu();
    begin(seconds);
    pthread_create(&publisher, NULL, publish, NULL);
    pthread_create(&consumer, NULL, consume, NULL);
    pthread_join(publisher, NULL);
    pthread_join(consumer, NULL);
    return own_cpu() - cpu;
}
