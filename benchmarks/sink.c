/* A sink faster than any client: takes mail on loopback, writes each recipient down, keeps none.
 *
 *   cc -O2 -o sink benchmarks/sink.c && ./sink --record FILE
 *
 * Called like python -m workers.sink: prints its port, serves until it is killed. It reads the
 * commands that this project's client and Postfix's smtp-source send, in groups or one by one.
 * With --rate N it takes no more than N messages a second, like a relay that has as much to do. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 1 << 18, LINE = 1000 };
struct talk {
    int socket, in_body, matched, length, rcpt;
    char line[LINE], recipient[LINE];
};
static const char END[] = "\r\n.\r\n";
static int record = -1, rate;
static char out[1 << 16], room[ROOM];
static int out_length;

static void say(const char *reply) {
    int n = strlen(reply);
    if (out_length + n > (int)sizeof out) return; /* no client has that much under way */
    memcpy(out + out_length, reply, n);
    out_length += n;
}

static void wait_turn(void) {
    static struct timespec turn, now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (turn.tv_sec < now.tv_sec - 1) turn = now; /* nothing came for long: that is not made up for */
    turn.tv_nsec += 1000000000L / rate;
    turn.tv_sec += turn.tv_nsec / 1000000000L;
    turn.tv_nsec %= 1000000000L;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &turn, NULL);
}

static int command(struct talk *t) { /* 0: the end of the conversation */
    char *open = strchr(t->line, '<'), *close = strchr(t->line, '>');
    if (!strncasecmp(t->line, "EHLO", 4))
        say("250-sink.example.org\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250 PIPELINING\r\n");
    else if (!strncasecmp(t->line, "RCPT", 4) && open && close) {
        t->rcpt = snprintf(t->recipient, LINE, "%.*s\n", (int)(close - open - 1), open + 1);
        say("250 2.1.5 OK\r\n");
    } else if (!strncasecmp(t->line, "DATA", 4)) {
        t->in_body = 1;
        t->matched = 2; /* as if after a line's end: a dot at once ends an empty body */
        say("354 go on\r\n");
    } else if (!strncasecmp(t->line, "QUIT", 4)) {
        say("221 2.0.0 bye\r\n");
        return 0;
    } else
        say("250 2.0.0 OK\r\n");
    return 1;
}

static const char *body(struct talk *t, const char *at, const char *end) { /* where it went on */
    while (at < end) {
        if (t->matched == 0 && !(at = memchr(at, '\r', end - at))) return end;
        if (*at == END[t->matched]) t->matched++;
        else t->matched = *at == '\r';
        at++;
        if (t->matched == 5) {
            t->in_body = t->matched = 0;
            if (record >= 0 && write(record, t->recipient, t->rcpt) != t->rcpt) exit(1);
            if (rate) wait_turn();
            say("250 2.0.0 taken\r\n");
            return at;
        }
    }
    return at;
}

static int come(struct talk *t) { /* 0: close it */
    int n = read(t->socket, room, ROOM), goes_on = n > 0;
    const char *at = room, *end = room + n;
    while (goes_on && at < end) {
        if (t->in_body) {
            at = body(t, at, end);
            continue;
        }
        const char *lf = memchr(at, '\n', end - at), *stop = lf ? lf : end;
        int take = stop - at < LINE - 1 - t->length ? stop - at : LINE - 1 - t->length;
        memcpy(t->line + t->length, at, take);
        t->line[t->length += take] = 0;
        at = lf ? lf + 1 : end;
        if (lf) goes_on = command(t), t->length = 0;
    }
    if (out_length && write(t->socket, out, out_length) != out_length) goes_on = 0;
    out_length = 0;
    return goes_on;
}

int main(int argc, char **argv) {
    for (int i = 1; i + 1 < argc; i++) {
        if (!strcmp(argv[i], "--record")) record = open(argv[i + 1], O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (!strcmp(argv[i], "--rate")) rate = atoi(argv[i + 1]);
    }
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int listening = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0), one = 1;
    if (bind(listening, (void *)&here, size) || listen(listening, 512)) return 1;
    getsockname(listening, (void *)&here, &size);
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    struct epoll_event event = {.events = EPOLLIN}, events[64];
    epoll_ctl(poll, EPOLL_CTL_ADD, listening, &event);
    for (;;) {
        int n = epoll_wait(poll, events, 64, -1);
        for (int i = 0; i < n; i++) {
            struct talk *t = events[i].data.ptr;
            if (t && !come(t)) {
                close(t->socket);
                free(t);
            }
            if (t) continue;
            t = calloc(1, sizeof *t);
            t->socket = accept(listening, NULL, NULL);
            setsockopt(t->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            event.data.ptr = t;
            epoll_ctl(poll, EPOLL_CTL_ADD, t->socket, &event);
            if (write(t->socket, "220 sink.example.org ESMTP\r\n", 28) != 28) continue;
        }
    }
}
