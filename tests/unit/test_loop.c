/* core/loop: who is called, in which order, and who is not called any more. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "tests/unit/loopback.h"
#include "tests/unit/scripted.h"

/* What epoll fails with next; 0: nothing. */
static int wait_number;

/* Stands before the one of the C library. */
int epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
    if (wait_number != 0) {
        errno = wait_number;
        wait_number = 0;
        return -1;
    }
    return (int)syscall(SYS_epoll_pwait, fd, events, max, timeout_ms, NULL, 8);
}

/* Those that were called, by name. */
static char called[64];

static void call(char name)
{
    size_t n = strlen(called);

    assert_true(n + 1 < sizeof(called));
    called[n] = name;
    called[n + 1] = '\0';
}

static void assert_called(const char *names)
{
    assert_string_equal(called, names);
    called[0] = '\0';
}

static struct loop *begin(void)
{
    called[0] = '\0';
    wait_number = 0;
    return still_loop();
}

/* A timer that may do something to another one. */
struct alarm {
    struct timer timer;
    struct loop *loop;
    char name;
    struct alarm *cancels, *sets;
    int64_t delay_ms;
};

static void on_due(struct timer *t)
{
    struct alarm *a = container_of(t, struct alarm, timer);

    assert_false(loop_timer_is_set(t));
    call(a->name);
    if (a->cancels != NULL)
        loop_cancel_timer(a->loop, &a->cancels->timer);
    if (a->sets != NULL)
        loop_set_timer(a->loop, &a->sets->timer, a->delay_ms);
}

static void init_alarms(struct loop *l, struct alarm *alarms, size_t count)
{
    for (size_t i = 0; i < count; i++)
        alarms[i] = (struct alarm){.timer.on_due = on_due, .loop = l, .name = (char)('a' + i % 26)};
}

static void timers_come_in_order(void **state)
{
    struct loop *l = begin();
    struct alarm alarms[5];
    static const int64_t delays[] = {30, 10, 20, 10, 0};

    (void)state;
    init_alarms(l, alarms, 5);
    for (size_t i = 0; i < 5; i++)
        loop_set_timer(l, &alarms[i].timer, delays[i]);
    go(l, 1);
    assert_called("e");
    pass(l, 9);
    assert_called("");
    pass(l, 1);
    assert_int_equal(strlen(called), 2); /* b and d */
    called[0] = '\0';
    pass(l, 100);
    assert_called("ca");
    assert_false(loop_timer_is_set(&alarms[0].timer));
    pass(l, 100);
    assert_called("");
    loop_free(l);
}

static void a_timer_is_set_anew(void **state)
{
    struct loop *l = begin();
    struct alarm a[1];

    (void)state;
    init_alarms(l, a, 1);
    loop_set_timer(l, &a->timer, 10);
    loop_set_timer(l, &a->timer, 20);
    pass(l, 10);
    assert_called("");
    pass(l, 10);
    assert_called("a");
    loop_set_timer(l, &a->timer, 10);
    loop_cancel_timer(l, &a->timer);
    loop_cancel_timer(l, &a->timer);
    pass(l, 100);
    assert_called("");
    loop_free(l);
}

static void timers_may_cancel_and_set_others(void **state)
{
    struct loop *l = begin();
    struct alarm a[3];

    (void)state;
    init_alarms(l, a, 3);
    loop_set_timer(l, &a[0].timer, 1);
    loop_set_timer(l, &a[1].timer, 2);
    a[0].cancels = &a[1];
    a[0].sets = &a[2];
    a[0].delay_ms = 5;
    pass(l, 4);
    assert_called("a");
    pass(l, 5);
    assert_called("c");
    loop_free(l);
}

/* A timer that always sets itself for now must not keep the others from their turn. */
static void a_timer_set_for_now_leaves_others_their_turn(void **state)
{
    struct loop *l = begin();
    struct alarm a[2];

    (void)state;
    init_alarms(l, a, 2);
    a[0].sets = &a[0];
    loop_set_timer(l, &a[0].timer, 0);
    loop_set_timer(l, &a[1].timer, 0);
    go(l, 1);
    assert_int_equal(strlen(called), 2);
    go(l, 1);
    assert_int_equal(strlen(called), 2);
    pass(l, 1);
    assert_int_equal(strlen(called), 3);
    loop_free(l);
}

/* Many are set, cancelled and set anew; those that are left come in order, each once. */
static void many_timers_come_in_order(void **state)
{
    enum { COUNT = 500 };
    struct loop *l = begin();
    static struct alarm alarms[COUNT], other;
    uint32_t random = 1;

    (void)state;
    init_alarms(l, alarms, COUNT);
    init_alarms(l, &other, 1);
    for (int round = 0; round < 20; round++) {
        size_t set = 0, seen = 0;

        for (int i = 0; i < 4 * COUNT; i++) {
            struct alarm *a;

            random = random * 1664525 + 1013904223;
            a = &alarms[(random >> 8) % COUNT];
            if (random >> 30 == 0)
                loop_cancel_timer(l, &a->timer);
            else
                loop_set_timer(l, &a->timer, 1 + (random >> 20) % 97);
        }
        for (size_t i = 0; i < COUNT; i++)
            set += loop_timer_is_set(&alarms[i].timer);
        for (int64_t ms = 1; ms <= 97; ms++) {
            pass(l, 1);
            for (size_t i = 0; i < COUNT; i++)
                if (loop_timer_is_set(&alarms[i].timer))
                    assert_true(alarms[i].timer.due_ms > loop_now_ms(l));
            seen += strlen(called);
            called[0] = '\0';
        }
        assert_int_equal(seen, set);
    }
    loop_free(l);
}

/* Watches. */

struct eye {
    struct watch watch;
    struct loop *loop;
    char name;
    struct eye *closes; /* is unwatched and closed */
    bool frees;         /* and freed */
    bool notifies;      /* itself, once more */
    int fds[2];
};

static void close_eye(struct eye *e)
{
    loop_unwatch(e->loop, &e->watch);
    close(e->fds[0]);
    close(e->fds[1]);
    e->fds[0] = -1;
}

static void on_event(struct watch *w, uint32_t events)
{
    struct eye *e = container_of(w, struct eye, watch), *other = e->closes;

    call(events == 0 ? '!' : e->name);
    if (e->notifies)
        loop_notify(e->loop, w, EPOLLIN);
    e->notifies = false;
    if (other == NULL || other->fds[0] < 0)
        return;
    close_eye(other);
    if (e->frees)
        free(other);
    if (other != e)
        e->closes = NULL;
}

static struct eye *open_eye(struct loop *l, char name)
{
    struct eye *e = calloc(1, sizeof(*e));

    assert_non_null(e);
    e->loop = l;
    e->name = name;
    assert_int_equal(pipe2(e->fds, O_CLOEXEC | O_NONBLOCK), 0);
    loop_init_watch(&e->watch, on_event);
    return e;
}

static void fill_eye(struct eye *e)
{
    assert_int_equal(write(e->fds[1], "x", 1), 1);
}

static void free_eye(struct eye *e)
{
    if (e->fds[0] >= 0)
        close_eye(e);
    free(e);
}

static void a_watch_is_called_as_long_as_there_is_something(void **state)
{
    struct loop *l = begin();
    struct eye *e = open_eye(l, 'a');
    char byte;

    (void)state;
    loop_watch(l, &e->watch, e->fds[0], EPOLLIN);
    go(l, 2);
    assert_called("");
    fill_eye(e);
    go(l, 2);
    assert_called("aa");
    loop_watch(l, &e->watch, e->fds[0], EPOLLIN | EPOLLET);
    go(l, 5);
    assert_called("a");
    loop_watch(l, &e->watch, e->fds[0], EPOLLIN);
    assert_int_equal(read(e->fds[0], &byte, 1), 1);
    go(l, 2);
    assert_called("");
    free_eye(e);
    loop_free(l);
}

/* Both are ready in one round; the first that is called ends the other, and frees it. */
static void a_watch_that_is_removed_is_not_called(void **state)
{
    (void)state;
    for (int notified = 0; notified < 2; notified++) {
        for (int frees = 0; frees < 2; frees++) {
            struct loop *l = begin();
            struct eye *a = open_eye(l, 'a'), *b = open_eye(l, 'b');

            a->closes = b;
            b->closes = a;
            a->frees = b->frees = frees;
            loop_watch(l, &a->watch, a->fds[0], EPOLLIN);
            loop_watch(l, &b->watch, b->fds[0], EPOLLIN);
            if (notified) {
                go(l, 1);
                loop_notify(l, &a->watch, EPOLLIN);
                loop_notify(l, &b->watch, EPOLLIN);
            } else {
                fill_eye(a);
                fill_eye(b);
            }
            go(l, 1);
            assert_int_equal(strlen(called), 1);
            if (called[0] == 'a' || !frees)
                free_eye(a);
            if (called[0] == 'b' || !frees)
                free_eye(b);
            go(l, 3);
            loop_free(l);
        }
    }
}

static void a_watch_may_remove_itself(void **state)
{
    (void)state;
    for (int frees = 0; frees < 2; frees++) {
        struct loop *l = begin();
        struct eye *e = open_eye(l, 'a');

        e->closes = e;
        e->frees = frees;
        loop_watch(l, &e->watch, e->fds[0], EPOLLIN);
        fill_eye(e);
        loop_notify(l, &e->watch, EPOLLIN);
        go(l, 3);
        assert_called("a");
        if (!frees)
            free_eye(e);
        loop_free(l);
    }
}

/* The kernel gives the same number again. */
static void a_number_that_is_used_again_is_another_watch(void **state)
{
    struct loop *l = begin();
    struct eye *a = open_eye(l, 'a'), *b;
    int fd = a->fds[0];

    (void)state;
    loop_watch(l, &a->watch, fd, EPOLLIN);
    go(l, 1);
    loop_forget(l, &a->watch);
    close(a->fds[0]);
    close(a->fds[1]);
    b = open_eye(l, 'b');
    assert_int_equal(b->fds[0], fd);
    loop_watch(l, &b->watch, b->fds[0], EPOLLIN);
    fill_eye(b);
    go(l, 1);
    assert_called("b");
    free(a);
    free_eye(b);
    loop_free(l);
}

/* As between vfork(2) and execve(2): closing does not make epoll forget. */
static void a_duplicate_that_stays_open_calls_nobody(void **state)
{
    struct loop *l = begin();
    struct eye *e = open_eye(l, 'a');
    int duplicate = dup(e->fds[0]);

    (void)state;
    loop_expect_duplicates(l);
    loop_watch(l, &e->watch, e->fds[0], EPOLLIN);
    go(l, 1);
    loop_forget(l, &e->watch);
    close(e->fds[0]);
    fill_eye(e);
    go(l, 2);
    assert_called("");
    close(duplicate);
    close(e->fds[1]);
    free(e);
    loop_free(l);
}

static void changes_within_a_round_count_once(void **state)
{
    struct loop *l = begin();
    struct eye *e = open_eye(l, 'a');

    (void)state;
    fill_eye(e);
    loop_watch(l, &e->watch, e->fds[0], EPOLLIN);
    loop_watch(l, &e->watch, e->fds[0], EPOLLET);
    go(l, 2);
    assert_called("");
    loop_watch(l, &e->watch, e->fds[0], EPOLLIN);
    loop_unwatch(l, &e->watch);
    go(l, 2);
    assert_called("");
    free_eye(e);
    loop_free(l);
}

static void a_file_cannot_be_watched(void **state)
{
    struct loop *l = begin();
    struct eye *e = open_eye(l, 'a');
    FILE *file = tmpfile();

    (void)state;
    assert_non_null(file);
    assert_int_equal(loop_watch_now(l, &e->watch, fileno(file), EPOLLIN), -1);
    assert_int_equal(errno, EPERM);
    assert_int_equal(e->watch.fd, -1);
    loop_watch(l, &e->watch, fileno(file), EPOLLIN);
    go(l, 2);
    assert_called("!");
    loop_unwatch(l, &e->watch);
    fclose(file);
    free_eye(e);
    loop_free(l);
}

/* Notifications, which need no descriptor. */

static void a_notification_comes_once(void **state)
{
    struct loop *l = begin();
    struct eye e = {.loop = l, .name = 'a', .fds = {-1, -1}};

    (void)state;
    loop_init_watch(&e.watch, on_event);
    loop_notify(l, &e.watch, EPOLLIN);
    loop_notify(l, &e.watch, EPOLLOUT);
    assert_called("");
    go(l, 3);
    assert_called("a");
    loop_notify(l, &e.watch, EPOLLIN);
    loop_unwatch(l, &e.watch);
    go(l, 3);
    assert_called("");
    loop_free(l);
}

/* Who notifies itself waits for the next round, so that others have their turn. */
static void a_notification_from_within_comes_in_the_next_round(void **state)
{
    struct loop *l = begin();
    struct eye e[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        e[i] = (struct eye){.loop = l, .name = (char)('a' + i), .fds = {-1, -1}, .notifies = true};
        loop_init_watch(&e[i].watch, on_event);
        loop_notify(l, &e[i].watch, EPOLLIN);
    }
    go(l, 1);
    assert_called("ab");
    go(l, 1);
    assert_called("ab");
    go(l, 1);
    assert_called("");
    loop_free(l);
}

/* Stopping, failing, freeing. */

static void on_due_stop(struct timer *t)
{
    struct alarm *a = container_of(t, struct alarm, timer);

    call('s');
    loop_stop(a->loop);
}

static void the_loop_runs_until_it_is_stopped(void **state)
{
    struct loop *l = begin();
    struct alarm a[1];
    struct eye e = {.loop = l, .name = 'n', .fds = {-1, -1}};

    (void)state;
    init_alarms(l, a, 1);
    a->timer.on_due = on_due_stop;
    loop_init_watch(&e.watch, on_event);
    loop_notify(l, &e.watch, EPOLLIN);
    loop_set_timer(l, &a->timer, 0);
    assert_int_equal(loop_run(l, NULL), 0);
    assert_called("ns");
    loop_set_timer(l, &a->timer, 0);
    assert_int_equal(loop_run(l, NULL), 0);
    assert_called("s");
    loop_free(l);
}

/* Timers wait for the real time. */
static void the_loop_sleeps_until_a_timer_is_due(void **state)
{
    struct loop *l = loop_new(NULL);
    struct alarm a[1];
    int64_t began_ms = real_ms();

    (void)state;
    assert_non_null(l);
    called[0] = '\0';
    init_alarms(l, a, 1);
    a->timer.on_due = on_due_stop;
    loop_set_timer(l, &a->timer, 30);
    assert_int_equal(loop_run(l, NULL), 0);
    assert_called("s");
    assert_true(real_ms() >= began_ms + 29);
    loop_free(l);
}

static void an_interrupted_wait_is_no_failure(void **state)
{
    struct loop *l = begin();
    struct alarm a[1];
    struct error err = {0};

    (void)state;
    init_alarms(l, a, 1);
    loop_set_timer(l, &a->timer, 0);
    wait_number = EINTR;
    assert_int_equal(loop_round(l, true, &err), 0);
    assert_called("a");
    wait_number = EBADF;
    assert_int_equal(loop_run(l, &err), -1);
    assert_string_equal(err.text, "cannot wait for events: Bad file descriptor");
    error_clear(&err);
    loop_free(l);
}

struct piece {
    struct deferred deferred;
    struct timer timer;
    struct loop *loop;
    char text[8];
};

static void on_due_end(struct timer *t)
{
    struct piece *p = container_of(t, struct piece, timer);

    loop_free_later(p->loop, &p->deferred);
    strcpy(p->text, "still"); /* the sanitizer sees it if it is not there any more */
    call(p->text[0]);
}

static void what_is_put_off_lives_until_the_round_is_over(void **state)
{
    struct loop *l = begin();

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct piece *p = calloc(1, sizeof(*p));

        assert_non_null(p);
        p->loop = l;
        p->timer.on_due = on_due_end;
        loop_set_timer(l, &p->timer, i);
    }
    pass(l, 1);
    assert_called("ss");
    pass(l, 1);
    assert_called("s");
    loop_free(l);
    loop_free(NULL);
}

/* Other threads, and signals. */

static void on_wake(struct waker *w)
{
    (void)w;
    call('w');
}

static void *wake_often(void *w)
{
    for (int i = 0; i < 1000; i++)
        loop_wake(w);
    return NULL;
}

static void waking_calls_at_least_once(void **state)
{
    struct loop *l = begin();
    struct waker w;
    pthread_t thread;

    (void)state;
    assert_int_equal(loop_open_waker(l, &w, on_wake, NULL), 0);
    go(l, 2);
    assert_called("");
    loop_wake(&w);
    loop_wake(&w);
    go(l, 3);
    assert_called("w");
    assert_int_equal(pthread_create(&thread, NULL, wake_often, &w), 0);
    while (called[0] == '\0')
        assert_int_equal(loop_round(l, true, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    called[0] = '\0';
    loop_wake(&w);
    go(l, 2);
    assert_called("w");
    loop_close_waker(l, &w);
    loop_close_waker(l, &w);
    loop_free(l);
}

static void on_signal(void *arg, int number)
{
    assert_ptr_equal(arg, called);
    call(number == SIGUSR1 ? '1' : '2');
}

static void signals_call_instead_of_acting(void **state)
{
    struct loop *l = begin();
    sigset_t both;

    (void)state;
    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    assert_int_equal(loop_catch_signals(l, &both, on_signal, called, NULL), 0);
    go(l, 2);
    assert_called("");
    raise(SIGUSR1);
    raise(SIGUSR2);
    go(l, 2);
    assert_called("12");
    sigprocmask(SIG_UNBLOCK, &both, NULL);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_come_in_order),
        cmocka_unit_test(a_timer_is_set_anew),
        cmocka_unit_test(timers_may_cancel_and_set_others),
        cmocka_unit_test(a_timer_set_for_now_leaves_others_their_turn),
        cmocka_unit_test(many_timers_come_in_order),
        cmocka_unit_test(a_watch_is_called_as_long_as_there_is_something),
        cmocka_unit_test(a_watch_that_is_removed_is_not_called),
        cmocka_unit_test(a_watch_may_remove_itself),
        cmocka_unit_test(a_number_that_is_used_again_is_another_watch),
        cmocka_unit_test(a_duplicate_that_stays_open_calls_nobody),
        cmocka_unit_test(changes_within_a_round_count_once),
        cmocka_unit_test(a_file_cannot_be_watched),
        cmocka_unit_test(a_notification_comes_once),
        cmocka_unit_test(a_notification_from_within_comes_in_the_next_round),
        cmocka_unit_test(the_loop_runs_until_it_is_stopped),
        cmocka_unit_test(the_loop_sleeps_until_a_timer_is_due),
        cmocka_unit_test(an_interrupted_wait_is_no_failure),
        cmocka_unit_test(what_is_put_off_lives_until_the_round_is_over),
        cmocka_unit_test(waking_calls_at_least_once),
        cmocka_unit_test(signals_call_instead_of_acting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
