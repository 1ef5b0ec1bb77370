/* A server that does nothing: what this machine's sockets and the client of SQS could do at most. Prints its port, answers
 * every request alike, and ends with its standard input. */
#include "load.h"

#include "http.h"

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

int main(void) {
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
    return 0;
}
