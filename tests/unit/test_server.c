/* net/server: who is accepted and when, over several loops that share a limit. What becomes
 * of data when a server closes a connection is tested with streams and conversations. */
#include <sys/syscall.h>

#include "base/event.h"
#include "net/service.h"
#include "tests/unit/loopback.h"
#include "tests/unit/scripted.h"

enum { LOOPS = 2, CLIENTS_MAX = 32, DRAIN_MS = 5000, HANDSHAKE_MS = 3000 };

/* The errno that accepting fails with, as often as said. */
static int accept_number, accept_failures;

/* The same for serving. */
static int begin_number, begin_failures;

/* Stands before the one of the C library. */
int accept4(int fd, struct sockaddr *restrict a, socklen_t *restrict length, int flags)
{
    if (accept_failures > 0) {
        accept_failures--;
        errno = accept_number;
        return -1;
    }
    return (int)syscall(SYS_accept4, fd, a, length, flags);
}

/* One loop with its server. */
struct worker {
    struct service *service;
    struct server *server;
    struct run run;
    struct client *clients[CLIENTS_MAX];
    size_t count, ever;
    bool idle;
};

struct scene {
    struct worker workers[LOOPS];
    size_t count;
    struct server_options options;
    struct server_limit limit;
    struct addr address;
    struct listeners_bind bind;
    struct stage_plan stage;
    unsigned port;
    int peers[CLIENTS_MAX];
    size_t peer_count;
};

static struct scene scene;

static struct worker *worker_of(const struct service *v)
{
    struct worker *w = scene.workers;

    while (w->service != v)
        w++;
    return w;
}

static int begin_client(struct service *v, struct client *c, struct error *err)
{
    struct worker *w = worker_of(v);

    if (scene.limit.max > 0)
        assert_in_range(atomic_load(&scene.limit.clients), 1, scene.limit.max);
    if (begin_failures > 0) {
        begin_failures--;
        error_errno(err, begin_number, "cannot begin");
        return -1;
    }
    w->clients[w->count++] = c;
    w->ever++;
    return 0;
}

static void finish(struct worker *w, bool cut)
{
    struct outcome o = {.cut = cut};

    client_over(w->clients[--w->count], &o);
}

static void drop(struct service *v, struct client *c)
{
    struct worker *w = worker_of(v);

    assert_ptr_equal(w->clients[w->count - 1]->server, c->server);
    finish(w, true);
}

static const struct service_ops ops = {
    .size = sizeof(struct service), .begin = begin_client, .drop = drop};

static void wake(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < scene.count; i++)
        server_resume(scene.workers[i].server);
}

static void on_idle(void *arg)
{
    ((struct worker *)arg)->idle = true;
}

/* A stage that a byte of the client decides. */

static enum stage_result step(struct stage *g, struct stream *s, struct error *err)
{
    char byte;
    size_t got;

    (void)g;
    switch (stream_read(s, &byte, 1, &got)) {
    case IO_AGAIN:
        return STAGE_WANTS_READ;
    case IO_OK:
        error_set(err, EXITCODE_FAILED, "a rule");
        if (byte == 'y')
            error_clear(err);
        return byte == 'y' ? STAGE_DONE : STAGE_REFUSED;
    default:
        error_set(err, EXITCODE_FAILED, "no byte");
        return STAGE_FAILED;
    }
}

static void free_stage(struct stage *g)
{
    free(g);
}

static const struct stage_ops stage_ops = {.name = "byte", .step = step, .free = free_stage};

static struct stage *make_stage(const void *config, struct error *err)
{
    struct stage *g = malloc(sizeof(*g));

    (void)config;
    (void)err;
    assert_non_null(g);
    g->ops = &stage_ops;
    return g;
}

static const struct server_options plain = {.drain_ms = DRAIN_MS, .handshake_ms = HANDSHAKE_MS};

static void begin(size_t loops, uint64_t max, const struct server_options *options)
{
    const struct conversation_plan plan = {.goal = GOAL_BOTH_END};
    struct error err = {0};

    event_set_level(EVENT_QUIET);
    accept_failures = begin_failures = 0;
    scene = (struct scene){.options = *options, .address = loopback(1, 0)};
    scene.limit.max = max;
    scene.limit.loops = loops;
    scene.limit.wake = wake;
    scene.bind = (struct listeners_bind){.addresses = {&scene.address, 1}};
    scene.options.listen =
        (struct listeners_plan){.binds = &scene.bind, .count = 1, .socket.backlog = 64};
    scene.options.limit = &scene.limit;
    scene.stage.make = make_stage;
    scene.options.stages = &scene.stage;
    for (size_t i = 0; i < loops; i++) {
        struct worker *w = &scene.workers[i];

        assert_int_equal(run_init_worker(&w->run, NULL), 0);
        loop_set_now(w->run.loop, START_MS);
        w->service = service_new(&ops, NULL, &plan, &w->run, NULL);
        assert_non_null(w->service);
        w->server = server_open(&scene.options, i > 0 ? scene.workers[0].server : NULL, w->service,
                                on_idle, w, &err);
        assert_non_null(w->server);
    }
    scene.count = loops;
    for (size_t i = 0; i < loops; i++)
        server_start(scene.workers[i].server);
    scene.port = addr_port(&server_listeners(scene.workers[0].server)->items[0].address);
}

static void end(void)
{
    for (size_t i = 0; i < scene.count; i++)
        server_end(scene.workers[i].server);
    for (size_t i = 0; i < scene.count; i++) {
        struct worker *w = &scene.workers[i];

        server_free(w->server);
        service_free(w->service);
        run_clear(&w->run);
    }
    while (scene.peer_count > 0)
        close(scene.peers[--scene.peer_count]);
    assert_int_equal(atomic_load(&scene.limit.clients), 0);
}

static int join(void)
{
    return scene.peers[scene.peer_count++] = loopback_connect(1, scene.port);
}

static void go_rounds(int rounds)
{
    while (rounds-- > 0)
        for (size_t i = 0; i < scene.count; i++)
            go(scene.workers[i].run.loop, 1);
}

static void pass_time(int64_t ms)
{
    for (size_t i = 0; i < scene.count; i++)
        pass(scene.workers[i].run.loop, ms);
}

static size_t served_ever(void)
{
    size_t sum = 0;

    for (size_t i = 0; i < scene.count; i++)
        sum += scene.workers[i].ever;
    return sum;
}

static void await_served(size_t count)
{
    int64_t until_ms = real_ms() + PATIENCE_MS;

    while (served_ever() < count) {
        assert_true(real_ms() < until_ms);
        go_rounds(1);
    }
    go_rounds(20);
    assert_int_equal(served_ever(), count);
}

/* Returns true once the connection is over from the server's side. */
static bool await_gone(int peer)
{
    int64_t until_ms = real_ms() + PATIENCE_MS;

    while (poll(&(struct pollfd){.fd = peer, .events = POLLIN}, 1, 0) == 0) {
        assert_true(real_ms() < until_ms);
        go_rounds(1);
    }
    return true;
}

static void the_limit_holds_over_all_loops(void **state)
{
    (void)state;
    begin(LOOPS, 3, &plain);
    for (int i = 0; i < 8; i++)
        join();
    await_served(3);
    for (size_t served = 4; served <= 8; served++) {
        finish(&scene.workers[scene.workers[served % LOOPS].count > 0 ? served % LOOPS
                                                                      : (served + 1) % LOOPS],
               false);
        await_served(served);
    }
    end();
}

static void one_loop_alone_stops_at_the_limit(void **state)
{
    (void)state;
    begin(1, 2, &plain);
    for (int i = 0; i < 3; i++)
        join();
    await_served(2);
    finish(&scene.workers[0], false);
    await_served(3);
    end();
}

/* A loop that is awake while the other one is busy leaves it its share. */
static void loops_share_the_clients(void **state)
{
    enum { CLIENTS = 20 };

    (void)state;
    begin(LOOPS, 0, &plain);
    for (int i = 0; i < CLIENTS; i++)
        join();
    for (int64_t until_ms = real_ms() + PATIENCE_MS; scene.workers[0].ever == 0;) {
        assert_true(real_ms() < until_ms);
        go(scene.workers[0].run.loop, 1);
    }
    go(scene.workers[0].run.loop, 100);
    assert_int_equal(scene.workers[0].ever, 1);
    await_served(CLIENTS);
    assert_in_range(scene.workers[0].ever, CLIENTS / 2 - 1, CLIENTS / 2 + 1);
    end();
}

static void count_wakes(void *arg)
{
    ++*(int *)arg;
}

static void each_loop_has_a_share_of_handshakes(void **state)
{
    const struct server_limit none = {.loops = 1}, one = {.max = 2, .loops = 1};
    const struct server_limit many = {.max = 6, .loops = 3}, more = {.max = 1, .loops = 3};

    (void)state;
    assert_false(server_limit_is_share(&none, 1000));
    assert_false(server_limit_is_share(&one, 1));
    assert_true(server_limit_is_share(&one, 2));
    assert_false(server_limit_is_share(&many, 1));
    assert_true(server_limit_is_share(&many, 2));
    assert_false(server_limit_is_share(&more, 0));
    assert_true(server_limit_is_share(&more, 1));
}

static void the_limit_counts_and_wakes_those_who_pause(void **state)
{
    int wakes = 0;
    struct server_limit l = {.max = 2, .loops = 1, .wake = count_wakes, .arg = &wakes};

    (void)state;
    assert_true(server_limit_take(&l));
    assert_true(server_limit_allows(&l, 1));
    assert_true(server_limit_take(&l));
    assert_false(server_limit_allows(&l, 2));
    assert_false(server_limit_take(&l));
    server_limit_release(&l);
    server_limit_accepted(&l);
    assert_int_equal(wakes, 0);
    server_limit_pause(&l, true);
    assert_true(server_limit_take(&l));
    server_limit_accepted(&l);
    assert_int_equal(wakes, 1);
    server_limit_release(&l);
    assert_int_equal(wakes, 2);
    server_limit_pause(&l, false);
    server_limit_release(&l);
    assert_int_equal(wakes, 2);
    assert_true(server_limit_allows(&l, 0));
}

static void the_limit_gives_each_loop_its_share(void **state)
{
    struct server_limit l = {.loops = 4};

    (void)state;
    assert_true(server_limit_allows(&l, 0));
    atomic_store(&l.clients, 40);
    assert_true(server_limit_allows(&l, 10));
    assert_true(server_limit_allows(&l, 11));
    assert_false(server_limit_allows(&l, 12));
    l.max = 40;
    assert_false(server_limit_allows(&l, 0));
}

static void once_serves_one_and_listens_no_more(void **state)
{
    struct server_options once = plain;
    struct addr a;
    int fd;

    (void)state;
    once.once = true;
    begin(1, 0, &once);
    join();
    await_served(1);
    a = loopback(1, scene.port);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, &a.sa, a.length), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
    assert_false(scene.workers[0].idle);
    finish(&scene.workers[0], false);
    assert_true(scene.workers[0].idle);
    end();
}

static void a_server_that_stops_waits_for_its_clients(void **state)
{
    (void)state;
    begin(1, 0, &plain);
    join();
    join();
    await_served(2);
    server_stop(scene.workers[0].server);
    pass_time(DRAIN_MS - 1);
    assert_false(scene.workers[0].idle);
    finish(&scene.workers[0], false);
    assert_false(scene.workers[0].idle);
    finish(&scene.workers[0], false);
    assert_true(scene.workers[0].idle);
    assert_int_equal(server_cut(scene.workers[0].server), 0);
    end();
}

static void after_the_drain_time_clients_are_cut_off(void **state)
{
    (void)state;
    begin(1, 0, &plain);
    join();
    join();
    await_served(2);
    server_stop(scene.workers[0].server);
    pass_time(DRAIN_MS);
    assert_true(scene.workers[0].idle);
    assert_int_equal(scene.workers[0].count, 0);
    assert_int_equal(server_cut(scene.workers[0].server), 2);
    end();
}

static void a_server_without_clients_stops_at_once(void **state)
{
    (void)state;
    begin(1, 0, &plain);
    go_rounds(3);
    assert_false(scene.workers[0].idle);
    server_stop(scene.workers[0].server);
    assert_true(scene.workers[0].idle);
    end();
}

static void connections_that_are_gone_are_passed_over(void **state)
{
    static const int numbers[] = {ECONNABORTED, EINTR, EPROTO, EPERM};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        begin(1, 1, &plain);
        accept_number = numbers[i];
        accept_failures = 3;
        join();
        await_served(1);
        assert_int_equal(loop_now_ms(scene.workers[0].run.loop), START_MS);
        end();
    }
}

static void a_shortage_of_descriptors_pauses(void **state)
{
    static const int numbers[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        begin(1, 1, &plain);
        accept_number = numbers[i];
        accept_failures = 1000;
        join();
        for (int64_t until_ms = real_ms() + PATIENCE_MS; accept_failures == 1000;) {
            assert_true(real_ms() < until_ms);
            go_rounds(1);
        }
        go_rounds(50);
        /* It does not spin, and has kept no slot. */
        assert_int_equal(accept_failures, 999);
        assert_int_equal(atomic_load(&scene.limit.clients), 0);
        pass_time(100);
        go_rounds(50);
        assert_int_equal(accept_failures, 998);
        accept_failures = 0;
        pass_time(100);
        await_served(1);
        end();
    }
}

static void a_client_that_cannot_be_served_for_now_waits(void **state)
{
    static const int numbers[] = {EMFILE, ENFILE, EAGAIN};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        begin(1, 2, &plain);
        begin_number = numbers[i];
        begin_failures = 1000;
        join();
        join();
        for (int64_t until_ms = real_ms() + PATIENCE_MS; begin_failures == 1000;) {
            assert_true(real_ms() < until_ms);
            go_rounds(1);
        }
        go_rounds(50);
        assert_int_equal(begin_failures, 999);
        assert_int_equal(atomic_load(&scene.limit.clients), 0);
        pass_time(100);
        go_rounds(50);
        assert_int_equal(begin_failures, 998);
        begin_failures = 0;
        pass_time(100);
        await_served(2);
        end();
    }
}

static void a_client_that_cannot_be_served_is_disconnected(void **state)
{
    (void)state;
    begin(1, 1, &plain);
    begin_number = ENOMEM;
    begin_failures = 1;
    event_set_level(EVENT_QUIET);
    assert_true(await_gone(join()));
    join();
    await_served(1);
    end();
}

/* Handshakes. */

static struct server_options staged(void)
{
    struct server_options o = plain;

    o.stage_count = 1;
    return o;
}

static void clients_are_served_after_their_handshake(void **state)
{
    struct server_options options = staged();
    int yes, no;

    (void)state;
    begin(1, 0, &options);
    yes = join();
    no = join();
    go_rounds(20);
    assert_int_equal(served_ever(), 0);
    assert_int_equal(write(no, "n", 1), 1);
    assert_true(await_gone(no));
    assert_int_equal(atomic_load(&scene.limit.refused), 1);
    assert_int_equal(write(yes, "y", 1), 1);
    await_served(1);
    end();
}

static void a_handshake_has_a_time_limit(void **state)
{
    struct server_options options = staged();
    int peer;

    (void)state;
    options.once = true;
    begin(1, 0, &options);
    peer = join();
    await_events(server_listeners(scene.workers[0].server)->items[0].fd, POLLIN);
    go_rounds(5);
    pass_time(HANDSHAKE_MS - 1);
    assert_false(scene.workers[0].idle);
    pass_time(1);
    assert_true(scene.workers[0].idle);
    assert_int_equal(scene.workers[0].run.status, EXITCODE_TIMEOUT);
    assert_true(await_gone(peer));
    end();
}

/* Handshakes are not counted, but they have a bound of the same size. */
static void the_oldest_handshake_makes_room(void **state)
{
    struct server_options options = staged();
    int first;

    (void)state;
    begin(1, 2, &options);
    first = join();
    join();
    join();
    assert_true(await_gone(first));
    assert_int_equal(write(scene.peers[1], "y", 1), 1);
    assert_int_equal(write(scene.peers[2], "y", 1), 1);
    await_served(2);
    end();
}

static void a_client_waits_for_a_slot_after_its_handshake(void **state)
{
    struct server_options options = staged();

    (void)state;
    begin(1, 1, &options);
    assert_int_equal(write(join(), "y", 1), 1);
    await_served(1);
    assert_int_equal(write(join(), "y", 1), 1);
    go_rounds(20);
    assert_int_equal(served_ever(), 1);
    finish(&scene.workers[0], false);
    await_served(2);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_holds_over_all_loops),
        cmocka_unit_test(one_loop_alone_stops_at_the_limit),
        cmocka_unit_test(loops_share_the_clients),
        cmocka_unit_test(each_loop_has_a_share_of_handshakes),
        cmocka_unit_test(the_limit_counts_and_wakes_those_who_pause),
        cmocka_unit_test(the_limit_gives_each_loop_its_share),
        cmocka_unit_test(once_serves_one_and_listens_no_more),
        cmocka_unit_test(a_server_that_stops_waits_for_its_clients),
        cmocka_unit_test(after_the_drain_time_clients_are_cut_off),
        cmocka_unit_test(a_server_without_clients_stops_at_once),
        cmocka_unit_test(connections_that_are_gone_are_passed_over),
        cmocka_unit_test(a_shortage_of_descriptors_pauses),
        cmocka_unit_test(a_client_that_cannot_be_served_for_now_waits),
        cmocka_unit_test(a_client_that_cannot_be_served_is_disconnected),
        cmocka_unit_test(clients_are_served_after_their_handshake),
        cmocka_unit_test(a_handshake_has_a_time_limit),
        cmocka_unit_test(the_oldest_handshake_makes_room),
        cmocka_unit_test(a_client_waits_for_a_slot_after_its_handshake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
