/* A quorum queue of RabbitMQ under load: amqpload PORT SECONDS
 *
 * One connection publishes persistent messages, each with its confirm; another consumes with a prefetch of 200 and
 * acknowledges every ten. */
#include "broker.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>

static const char queue[] = "work";

static amqp_connection_state_t open_channel(void) {
    amqp_connection_state_t connection = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(connection);
    if (!socket || amqp_socket_open(socket, "127.0.0.1", port)) fail("connect");
    amqp_rpc_reply_t reply = amqp_login(connection, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest");
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) fail("login");
    amqp_channel_open(connection, 1);
    return connection;
}

/* Confirms may be of several messages, and need not be in order. Tags count from 1. */
static void read_confirm(amqp_connection_state_t connection) {
    static char is_confirmed[ring];
    amqp_frame_t frame;
    amqp_maybe_release_buffers(connection);
    if (amqp_simple_wait_frame(connection, &frame) != AMQP_STATUS_OK) fail("confirm");
    if (frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD) fail("no confirm");
    amqp_basic_ack_t *ack = frame.payload.method.decoded;
    long tag = ack->delivery_tag;
    for (long first = ack->multiple ? confirmed + 1 : tag; first <= tag; first++) is_confirmed[first % ring] = 1;
    while (is_confirmed[(confirmed + 1) % ring]) {
        is_confirmed[(confirmed + 1) % ring] = 0;
        count_confirmed();
    }
}

static void *publish(void *unused) {
    (void)unused;
    amqp_connection_state_t connection = open_channel();
    amqp_confirm_select(connection, 1);
    amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2};
    amqp_bytes_t body = {.len = 1024, .bytes = (void *)payload()};
    while (is_publishing()) {
        while (may_publish(1)) {
            count_published(1);
            if (amqp_basic_publish(connection, 1, amqp_empty_bytes, amqp_cstring_bytes(queue), 0, 0, &properties, body))
                fail("publish");
        }
        if (confirmed == published) usleep(100);
        else read_confirm(connection);
    }
    has_published = 1;
    return NULL;
}

/* What is less than ten is acknowledged when nothing more comes, and when the time is over. */
static void *consume(void *unused) {
    (void)unused;
    amqp_connection_state_t connection = open_channel();
    amqp_basic_qos(connection, 1, 0, 200, 0);
    amqp_basic_consume(connection, 1, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
    long tag = 0;
    for (int unsettled = 0; is_consuming();) {
        amqp_envelope_t envelope;
        struct timeval wait = {.tv_usec = 10000};
        amqp_maybe_release_buffers(connection);
        amqp_rpc_reply_t reply = amqp_consume_message(connection, &envelope, &wait, 0);
        int has_come = reply.reply_type == AMQP_RESPONSE_NORMAL;
        if (!has_come && reply.library_error != AMQP_STATUS_TIMEOUT) fail("consume");
        if (has_come) {
            tag = envelope.delivery_tag;
            unsettled++;
            amqp_destroy_envelope(&envelope);
        }
        if (unsettled == 10 || (unsettled && (!has_come || is_over()))) {
            if (amqp_basic_ack(connection, 1, tag, 1)) fail("ack");
            count(&done, unsettled);
            unsettled = 0;
        }
    }
    // A channel that closes forgets acknowledgements that its queue has not seen yet, and nobody says when it has.
    usleep(500000);
    amqp_connection_close(connection, AMQP_REPLY_SUCCESS);
    return NULL;
}

static long declare(amqp_connection_state_t connection) {
    amqp_table_entry_t type = {
        .key = amqp_cstring_bytes("x-queue-type"),
        .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes("quorum")}};
    amqp_table_t arguments = {.num_entries = 1, .entries = &type};
    amqp_queue_declare_ok_t *queue_there =
        amqp_queue_declare(connection, 1, amqp_cstring_bytes(queue), 0, 1, 0, 0, arguments);
    if (!queue_there) fail("declare");
    return queue_there->message_count;
}

int main(int count, char **words) {
    int seconds;
    read_words(count, words, &seconds);
    amqp_connection_state_t connection = open_channel();
    declare(connection);
    double cpu = run_load(seconds);
    // What was not acknowledged comes back a moment after the consumer is gone, and is counted.
    usleep(100000);
    print_result(cpu, declare(connection));
    return 0;
}
