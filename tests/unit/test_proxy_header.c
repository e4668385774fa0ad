/* stages/proxy_header: headers of both versions, whole, cut and malformed. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "net/socket.h"
#include "stages/proxy_header.h"
#include "tests/unit/loopback.h"
#include "tests/unit/scripted.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

/* "\x21\x11", for example: version and command, family and protocol; then the length. */
#define V2(kind, length) SIGNATURE kind "\0" length

#define V2_TCP4 V2("\x21\x11", "\x0c") "\xc0\0\2\1\xc0\0\2\2\x12\x34\0\x50"
#define V2_TCP6            \
    V2("\x21\x21", "\x24") \
    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\xff\xff\0\1"

/* A header, and what it says; peer NULL: nothing. */
struct example {
    const char *bytes;
    size_t n;
    const char *peer, *local;
    size_t rest;
};

#define EXAMPLE(bytes, peer, local, rest)           \
    {                                               \
        bytes, sizeof(bytes) - 1, peer, local, rest \
    }

static const struct example valid[] = {
    EXAMPLE("PROXY TCP4 192.0.2.1 192.0.2.2 4660 80\r\n", "192.0.2.1:4660", "192.0.2.2:80", 0),
    EXAMPLE("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535",
            "255.255.255.255:65535", 0),
    EXAMPLE("PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0", "0.0.0.0:0", 0),
    EXAMPLE("PROXY TCP6 2001:db8::1 2001:db8::2 65535 1\r\n", "[2001:db8::1]:65535",
            "[2001:db8::2]:1", 0),
    EXAMPLE("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
            "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", 0),
    EXAMPLE("PROXY UNKNOWN\r\n", NULL, NULL, 0),
    EXAMPLE("PROXY UNKNOWN ffff::1 what ever 1\r\n", NULL, NULL, 0),
    EXAMPLE(V2_TCP4, "192.0.2.1:4660", "192.0.2.2:80", 0),
    EXAMPLE(V2_TCP6, "[2001:db8::1]:65535", "[2001:db8::2]:1", 0),
    /* TLVs follow. */
    EXAMPLE(V2("\x21\x11", "\x13") "\xc0\0\2\1\xc0\0\2\2\x12\x34\0\x50", "192.0.2.1:4660",
            "192.0.2.2:80", 7),
    /* LOCAL: whatever it has is skipped. */
    EXAMPLE(V2("\x20\0", "\0"), NULL, NULL, 0),
    EXAMPLE(V2("\x20\0", "\5"), NULL, NULL, 5),
    EXAMPLE(V2("\x20\x11", "\x0c") "............", NULL, NULL, 0),
    EXAMPLE(V2("\x20\x11", "\4") "....", NULL, NULL, 0),
    /* Families whose addresses are not used: unspecified, UDP over IPv4, unix datagrams. */
    EXAMPLE(V2("\x21\0", "\0"), NULL, NULL, 0),
    EXAMPLE(V2("\x21\x12", "\x0c"), NULL, NULL, 12),
    EXAMPLE(V2("\x21\x32", "\xd8"), NULL, NULL, 216),
};

static const struct example invalid[] = {
    EXAMPLE("", NULL, NULL, 0),
    EXAMPLE("GET / HTTP/1.0\r\n", NULL, NULL, 0),
    EXAMPLE("PROXY \r\n", NULL, NULL, 0),
    EXAMPLE("PROXY UNKNOWN\n", NULL, NULL, 0),
    EXAMPLE("PROXY unknown\r\n", NULL, NULL, 0),
    EXAMPLE("PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n", NULL, NULL, 0),
    EXAMPLE("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", NULL, NULL, 0),
    EXAMPLE("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", NULL, NULL, 0),
    EXAMPLE("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n", NULL, NULL, 0),
    EXAMPLE("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n", NULL, NULL, 0),
    EXAMPLE("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n", NULL, NULL, 0),
    EXAMPLE("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", NULL, NULL, 0),
    EXAMPLE("PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n", NULL, NULL, 0),
    EXAMPLE("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n", NULL, NULL, 0),
    EXAMPLE("PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n", NULL, NULL, 0),
    EXAMPLE("PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n", NULL, NULL, 0),
    EXAMPLE("PROXY TCP4 ::1 ::2 1 2\r\n", NULL, NULL, 0),
    EXAMPLE("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", NULL, NULL, 0),
    EXAMPLE("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n", NULL, NULL, 0),
    /* A version or a command that there is not, and too short for its addresses. */
    EXAMPLE(V2("\x11\x11", "\x0c") "............", NULL, NULL, 0),
    EXAMPLE(V2("\x22\x11", "\x0c") "............", NULL, NULL, 0),
    EXAMPLE(V2("\x21\x11", "\x0b") "...........", NULL, NULL, 0),
    EXAMPLE(V2("\x21\x21", "\x0c") "............", NULL, NULL, 0),
};

enum {
    VALID = sizeof(valid) / sizeof(valid[0]),
    INVALID = sizeof(invalid) / sizeof(invalid[0]),
};

static void assert_address(const struct addr *a, const char *text)
{
    char got[ADDR_TEXT_SIZE];

    assert_string_equal(addr_format(a, got), text);
}

static void assert_reads(const struct example *e)
{
    struct proxy_header h;
    struct error err = {0};

    assert_int_equal(proxy_header_parse(e->bytes, e->n, &h, &err), 0);
    assert_false(error_is_set(&err));
    assert_int_equal(h.names_ends, e->peer != NULL);
    assert_int_equal(h.rest, e->rest);
    if (e->peer != NULL) {
        assert_address(&h.peer, e->peer);
        assert_address(&h.local, e->local);
    }
}

static void headers_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALID; i++)
        assert_reads(&valid[i]);
}

static void malformed_headers_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < INVALID; i++) {
        struct proxy_header h;
        struct error err = {0};

        assert_int_equal(proxy_header_parse(invalid[i].bytes, invalid[i].n, &h, &err), -1);
        assert_string_equal(err.text, "not a valid header");
        error_clear(&err);
    }
}

static void unix_sockets_are_named(void **state)
{
    char bytes[16 + 216] = V2("\x21\x31", "\xd8");
    struct proxy_header h;

    (void)state;
    strcpy(bytes + 16, "/run/client");
    memset(bytes + 16 + 108, 'x', 108);
    assert_int_equal(proxy_header_parse(bytes, sizeof(bytes), &h, NULL), 0);
    assert_true(h.names_ends);
    assert_int_equal(h.peer.sa.sa_family, AF_UNIX);
    assert_string_equal(h.peer_path, "unix:/run/client");
    /* A path of full length has no zero byte. */
    assert_int_equal(strlen(h.local_path), 5 + 108);
    assert_int_equal(h.rest, 0);
}

/* Every byte of a header belongs to it, and none that follows; none is complete before its
 * end. */
static void the_length_is_found_whatever_has_come(void **state)
{
    (void)state;
    for (size_t i = 0; i < VALID; i++) {
        char *bytes = malloc(valid[i].n + 20);
        bool complete;

        assert_non_null(bytes);
        memcpy(bytes, valid[i].bytes, valid[i].n);
        memset(bytes + valid[i].n, 'x', 20);
        for (size_t n = 1; n < valid[i].n + 20; n++) {
            char *part = malloc(n); /* reading past its end is seen */
            size_t ours;

            assert_non_null(part);
            memcpy(part, bytes, n);
            ours = proxy_header_length(part, n, &complete);
            free(part);
            assert_int_equal(complete, n >= valid[i].n);
            assert_int_equal(ours, n < valid[i].n ? n : valid[i].n);
        }
        free(bytes);
    }
}

static void what_is_no_header_is_left_alone(void **state)
{
    static const char *const texts[] = {"GET / HTTP/1.0\r\n", "P ", "PROXYX", "\r\n\r\nx", "x"};
    bool complete;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        complete = false;
        assert_int_equal(proxy_header_length(texts[i], strlen(texts[i]), &complete), 0);
        assert_true(complete);
    }
}

/* A line that does not end is taken no further than a header may go. */
static void a_line_without_an_end_is_complete_at_its_limit(void **state)
{
    char line[200] = "PROXY ";
    bool complete;

    (void)state;
    memset(line + 6, 'x', sizeof(line) - 6);
    line[150] = '\n';
    assert_int_equal(proxy_header_length(line, 106, &complete), 106);
    assert_false(complete);
    assert_int_equal(proxy_header_length(line, 200, &complete), 107);
    assert_true(complete);
}

static void what_is_written_is_what_is_read(void **state)
{
    char header[PROXY_HEADER_MAX];
    struct proxy_header h;

    (void)state;
    for (size_t i = 0; i < VALID; i++) {
        if (valid[i].peer == NULL)
            continue;
        assert_int_equal(proxy_header_parse(valid[i].bytes, valid[i].n, &h, NULL), 0);
        for (int v = PROXY_HEADER_V1; v <= PROXY_HEADER_V2; v++) {
            size_t n = proxy_header_format((enum proxy_header_version)v, &h.peer, &h.local, header);
            bool complete;

            assert_int_equal(proxy_header_length(header, n, &complete), n);
            assert_true(complete);
            assert_reads(&(struct example){header, n, valid[i].peer, valid[i].local, 0});
        }
    }
}

static void the_bytes_are_as_specified(void **state)
{
    struct addr from = loopback(1, 4660), to = loopback(2, 80), other = {.length = 0};
    char header[PROXY_HEADER_MAX];
    static const char v1[] = "PROXY TCP4 127.0.0.1 127.0.0.2 4660 80\r\n";
    static const char v2[] = V2("\x21\x11", "\x0c") "\x7f\0\0\1\x7f\0\0\2\x12\x34\0\x50";
    static const char local[] = V2("\x20\0", "\0");

    (void)state;
    assert_int_equal(proxy_header_format(PROXY_HEADER_V1, &from, &to, header), sizeof(v1) - 1);
    assert_memory_equal(header, v1, sizeof(v1) - 1);
    assert_int_equal(proxy_header_format(PROXY_HEADER_V2, &from, &to, header), sizeof(v2) - 1);
    assert_memory_equal(header, v2, sizeof(v2) - 1);
    assert_int_equal(proxy_header_format(PROXY_HEADER_V1, &from, &other, header), 15);
    assert_memory_equal(header, "PROXY UNKNOWN\r\n", 15);
    assert_int_equal(proxy_header_format(PROXY_HEADER_V2, &from, &other, header),
                     sizeof(local) - 1);
    assert_memory_equal(header, local, sizeof(local) - 1);
}

/* The stages. */

static enum handshake_end how;
static struct error why;

static void on_end(void *arg, enum handshake_end end, struct error *error)
{
    (void)arg;
    how = end;
    error_move(&why, error);
}

/* Runs the reader on a script in which every step is followed by a wait. */
static struct stream *read_header(struct loop *l, struct script *script)
{
    static const struct stage_plan plan = {proxy_header_reader, NULL};
    struct stream *s = script_connect(l, script);
    struct handshake *h;

    error_clear(&why);
    how = handshake_start(&h, s, &plan, 1, 0, on_end, NULL, &why);
    for (int i = 0; i < SCRIPT_STEPS && how == HANDSHAKE_WAITS; i++) {
        stream_wake(s, EPOLLIN);
        go(l, 2);
    }
    return s;
}

static void a_connection_gets_the_ends_of_its_header(void **state)
{
    struct script scripts[] = {
        {.reads = {GIVES("PROXY TCP4 192.0.2.9 192.0.2.2 4660 80\r\nrest")}},
        {.reads = {GIVES("PRO"), WAITS, GIVES("XY TCP4 192.0.2.9 192.0.2.2 46"), WAITS,
                   GIVES("60 80\r"), WAITS, GIVES("\nrest")}},
        {.reads = {GIVES(V2("\x21\x11", "\x0f") "\xc0\0\2\x09\xc0\0\2\2\x12\x34\0\x50TLVrest")}},
        {.reads = {GIVES("\r"), WAITS,
                   GIVES("\n\r\n\0\r\nQUIT\n\x21\x11\0\x0f\xc0\0\2\x09\xc0\0\2\2\x12"), WAITS,
                   GIVES("\x34\0\x50T"), WAITS, GIVES("LVrest")}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
        struct loop *l = still_loop();
        struct stream *s = read_header(l, &scripts[i]);
        char left[16];
        size_t got;

        assert_int_equal(how, HANDSHAKE_DONE);
        assert_string_equal(stream_name(s), "192.0.2.9:4660");
        assert_string_equal(stream_local_name(s), "192.0.2.2:80");
        assert_int_equal(addr_port(stream_peer(s)), 4660);
        assert_int_equal(stream_read(s, left, sizeof(left), &got), IO_OK);
        assert_int_equal(got, 4);
        assert_memory_equal(left, "rest", 4);
        stream_close(s, STREAM_AT_ONCE);
        loop_free(l);
    }
}

static void a_header_without_ends_changes_nothing(void **state)
{
    struct script scripts[] = {
        {.reads = {GIVES("PROXY UNKNOWN\r\n")}},
        {.reads = {GIVES(V2("\x20\0", "\2") "xx")}},
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct loop *l = still_loop();
        struct stream *s = read_header(l, &scripts[i]);

        assert_int_equal(how, HANDSHAKE_DONE);
        assert_string_equal(stream_name(s), "192.0.2.1:80");
        stream_close(s, STREAM_AT_ONCE);
        loop_free(l);
    }
}

static void a_connection_without_a_header_fails(void **state)
{
#define AT "192.0.2.1:80: PROXY header: "
    static const struct {
        struct script script;
        const char *why;
    } cases[] = {
        {{.reads = {GIVES("GET / HTTP/1.0\r\n")}}, AT "not a valid header"},
        {{.reads = {GIVES("PROXY TCP4\r\n")}}, AT "not a valid header"},
        {{.reads = {GIVES("PRO"), WAITS, GIVES("MPT\n")}}, AT "not a valid header"},
        {{.reads = {GIVES("\r"), WAITS, GIVES("\r")}}, AT "not a valid header"},
        {{.reads = {GIVES("PROXY TC"), ENDS}}, AT "the connection was closed too early"},
        {{.reads = {GIVES(V2("\x20\0", "\2") "x"), ENDS}},
         AT "the connection was closed too early"},
        {{.reads = {GIVES("PROXY TC"), FAILS(ECONNRESET)}},
         "PROXY header: error receiving from 192.0.2.1:80: Connection reset by peer"},
    };

#undef AT

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct loop *l = still_loop();
        struct script script = cases[i].script;
        struct stream *s = read_header(l, &script);

        assert_int_equal(how, HANDSHAKE_FAILED);
        assert_string_equal(why.text, cases[i].why);
        error_clear(&why);
        stream_close(s, STREAM_AT_ONCE);
        loop_free(l);
    }
}

static void a_header_names_the_ends_of_its_own_socket(void **state)
{
    static const enum proxy_header_version version = PROXY_HEADER_V1;
    static const struct stage_plan plan = {proxy_header_writer, &version};
    struct loop *l = still_loop();
    struct addr peer = {.length = sizeof(peer.in6)}, own = {.length = sizeof(own.in6)};
    struct stream *s;
    struct handshake *h;
    char got[200], wanted[200];
    int fds[2];
    ssize_t n;

    (void)state;
    loopback_pair(fds);
    assert_int_equal(getpeername(fds[0], &peer.sa, &peer.length), 0);
    assert_int_equal(getsockname(fds[0], &own.sa, &own.length), 0);
    s = socket_open(l, fds[0], &peer, NULL);
    assert_non_null(s);
    assert_int_equal(handshake_start(&h, s, &plan, 1, 0, on_end, NULL, &why), HANDSHAKE_DONE);
    snprintf(wanted, sizeof(wanted), "PROXY TCP4 127.0.0.1 127.0.0.1 %u %u\r\n", addr_port(&own),
             addr_port(&peer));
    n = read(fds[1], got, sizeof(got));
    assert_int_equal(n, strlen(wanted));
    assert_memory_equal(got, wanted, (size_t)n);
    stream_close(s, STREAM_AT_ONCE);
    close(fds[1]);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_read),
        cmocka_unit_test(malformed_headers_are_refused),
        cmocka_unit_test(unix_sockets_are_named),
        cmocka_unit_test(the_length_is_found_whatever_has_come),
        cmocka_unit_test(what_is_no_header_is_left_alone),
        cmocka_unit_test(a_line_without_an_end_is_complete_at_its_limit),
        cmocka_unit_test(what_is_written_is_what_is_read),
        cmocka_unit_test(the_bytes_are_as_specified),
        cmocka_unit_test(a_connection_gets_the_ends_of_its_header),
        cmocka_unit_test(a_header_without_ends_changes_nothing),
        cmocka_unit_test(a_connection_without_a_header_fails),
        cmocka_unit_test(a_header_names_the_ends_of_its_own_socket),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
