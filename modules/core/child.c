/* Owns the processes that are started here, and reaps them. Leaves their input and output to
 * others. */
#include "core/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    LOOK_MS = 100,          /* where no signal reports the end of a group */
    END_PATIENCE_MS = 1000, /* for a child to end after SIGHUP, and after SIGKILL */
    END_LOOK_MS = 10,
    NOT_EXECUTED = 127,
};

struct child_table {
    const struct local_startup *startup;
    struct loop *loop;
    pthread_mutex_t lock; /* of the lists, and of what they hold */
    struct list running;
    struct list left; /* groups whose leader has ended */
    struct watch signals;
    struct timer look;
    struct rlimit files;
};

/* Starting. */

/* What a new process needs to know, and what became of it. */
struct start {
    const struct child_plan *plan;
    const struct child_table *table;
    pid_t parent;
    volatile int failure; /* errno, or 0 */
};

/* Runs in the new process, in the memory of the old one, whose thread waits; vfork(2). */
static void execute(struct start *s)
{
    const struct child_plan *p = s->plan;

    /* The parent may have ended before it was to be told of that. */
    if (prctl(PR_SET_PDEATHSIG, SIGHUP) == 0 && getppid() == s->parent && setpgid(0, 0) == 0 &&
        setrlimit(RLIMIT_NOFILE, &s->table->files) == 0 && dup2(p->input, STDIN_FILENO) >= 0 &&
        dup2(p->output, STDOUT_FILENO) >= 0 && dup2(p->error_output, STDERR_FILENO) >= 0) {
        local_restore_signals(s->table->startup);
        execve(p->path, p->argv, p->environment);
    }
    s->failure = errno;
    _exit(NOT_EXECUTED);
}

/* Returns the process, or -1 with errno set. */
static pid_t start_process(struct start *s)
{
    pid_t pid = vfork();

    if (pid == 0)
        execute(s);
    if (pid < 0 || s->failure == 0)
        return pid;
    waitpid(pid, NULL, 0);
    errno = s->failure;
    return -1;
}

int child_open_pipes(int input[2], int output[2])
{
    if (pipe2(input, O_CLOEXEC) < 0)
        return -1;
    if (pipe2(output, O_CLOEXEC) == 0)
        return 0;
    close(input[0]);
    close(input[1]);
    return -1;
}

struct child *child_start(struct child_host *h, const struct child_plan *plan,
                          void (*on_end)(void *owner), void *owner, struct error *err)
{
    struct child_table *t = h->table;
    struct start s = {.plan = plan, .table = t, .parent = getpid()};
    struct child *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        error_errno(err, ENOMEM, "cannot run %s", plan->argv[0]);
        return NULL;
    }
    c->host = h;
    c->on_end = on_end;
    c->owner = owner;
    /* It is in the table before its end can be noticed. */
    pthread_mutex_lock(&t->lock);
    c->group = start_process(&s);
    if (c->group < 0)
        error_errno(err, errno, "cannot run %s", plan->argv[0]);
    else
        list_append(&t->running, &c->link);
    pthread_mutex_unlock(&t->lock);
    if (c->group >= 0)
        return c;
    free(c);
    return NULL;
}

/* Reaping. */

static struct child *find_leader(struct child_table *t, pid_t pid)
{
    for (struct list *i = t->running.next; i != &t->running; i = i->next)
        if (container_of(i, struct child, link)->group == pid)
            return container_of(i, struct child, link);
    return NULL;
}

static bool group_is_left(pid_t group)
{
    return kill(-group, 0) == 0 || errno != ESRCH;
}

/* A process whose parent is in no group of ours ends without a signal to us. */
static bool ends_unnoticed(pid_t group)
{
    siginfo_t info;

    return waitid(P_PGID, (id_t)group, &info, WEXITED | WNOHANG | WNOWAIT) < 0;
}

static void end(struct child *c)
{
    list_remove(&c->link);
    c->ended = true;
    if (c->host == NULL) {
        free(c);
        return;
    }
    list_append(&c->host->ended, &c->link);
    loop_wake(&c->host->waker);
}

/* Returns true when all groups have ended. */
static bool reap(struct child_table *t)
{
    bool look_again = false, none;
    pid_t pid;
    int status;

    pthread_mutex_lock(&t->lock);
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct child *c = find_leader(t, pid);

        if (c == NULL)
            continue;
        c->status = status;
        c->leader_ended = true;
        list_remove(&c->link);
        list_append(&t->left, &c->link);
    }
    for (struct list *i = t->left.next, *next; i != &t->left; i = next) {
        struct child *c = container_of(i, struct child, link);

        next = i->next;
        if (!group_is_left(c->group))
            end(c);
        else
            look_again = look_again || ends_unnoticed(c->group);
    }
    none = list_is_empty(&t->running) && list_is_empty(&t->left);
    pthread_mutex_unlock(&t->lock);
    if (look_again)
        loop_set_timer(t->loop, &t->look, LOOK_MS);
    return none;
}

static void on_look(struct timer *timer)
{
    reap(container_of(timer, struct child_table, look));
}

static void on_signal(struct watch *w, uint32_t events)
{
    struct signalfd_siginfo info;

    (void)events;
    if (read(w->fd, &info, sizeof(info)) > 0)
        reap(container_of(w, struct child_table, signals));
}

/* The table. */

static void fill_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGCHLD);
}

static int prepare_process(struct child_table *t)
{
    struct rlimit most;

    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ||
        close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ||
        getrlimit(RLIMIT_NOFILE, &t->files) < 0)
        return -1;
    most = t->files;
    most.rlim_cur = most.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &most);
}

static int watch_signals(struct child_table *t)
{
    sigset_t signals;
    int fd;

    fill_signals(&signals);
    fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd >= 0 && loop_watch_now(t->loop, &t->signals, fd, EPOLLIN) == 0)
        return 0;
    if (fd >= 0)
        close(fd);
    return -1;
}

struct child_table *child_table_new(struct loop *l, const struct local_startup *startup,
                                    struct error *err)
{
    struct child_table *t = calloc(1, sizeof(*t));

    local_expect_children();
    if (t != NULL) {
        t->startup = startup;
        t->loop = l;
        pthread_mutex_init(&t->lock, NULL);
        list_init(&t->running);
        list_init(&t->left);
        loop_init_watch(&t->signals, on_signal);
        t->look.on_due = on_look;
        if (prepare_process(t) == 0 && watch_signals(t) == 0)
            return t;
    }
    error_errno(err, t == NULL ? ENOMEM : errno, "cannot prepare to run programs");
    free(t);
    return NULL;
}

static void wait_for_all(struct child_table *t)
{
    const struct timespec look = {.tv_nsec = END_LOOK_MS * 1000000};
    sigset_t signals;

    fill_signals(&signals);
    for (int ms = 0; ms < END_PATIENCE_MS && !reap(t); ms += END_LOOK_MS)
        sigtimedwait(&signals, NULL, &look);
}

static void kill_all(struct list *children)
{
    for (struct list *i = children->next; i != children; i = i->next)
        kill(-container_of(i, struct child, link)->group, SIGKILL);
}

void child_table_free(struct child_table *t)
{
    int fd;

    if (t == NULL)
        return;
    wait_for_all(t);
    kill_all(&t->running);
    kill_all(&t->left);
    wait_for_all(t);
    loop_cancel_timer(t->loop, &t->look);
    fd = t->signals.fd;
    loop_unwatch(t->loop, &t->signals);
    close(fd);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* The hosts. */

static void on_wake(struct waker *w)
{
    struct child_host *h = container_of(w, struct child_host, waker);
    struct child *c;

    do {
        pthread_mutex_lock(&h->table->lock);
        c = list_is_empty(&h->ended) ? NULL : container_of(h->ended.next, struct child, link);
        if (c != NULL)
            list_remove(&c->link);
        pthread_mutex_unlock(&h->table->lock);
        if (c != NULL)
            c->on_end(c->owner);
    } while (c != NULL);
}

int child_host_open(struct child_host *h, struct loop *l, struct error *err)
{
    h->loop = l;
    list_init(&h->ended);
    loop_expect_duplicates(l);
    return loop_open_waker(l, &h->waker, on_wake, err);
}

void child_host_close(struct child_host *h)
{
    loop_close_waker(h->loop, &h->waker);
}

void child_signal(struct child *c, int number)
{
    struct child_table *t = c->host->table;

    pthread_mutex_lock(&t->lock);
    if (!c->ended)
        kill(-c->group, number);
    pthread_mutex_unlock(&t->lock);
}

void child_free(struct child *c)
{
    struct child_table *t = c != NULL ? c->host->table : NULL;

    if (c == NULL)
        return;
    pthread_mutex_lock(&t->lock);
    c->host = NULL;
    if (c->ended) {
        list_remove(&c->link);
        free(c);
    } else {
        kill(-c->group, SIGHUP);
        kill(-c->group, SIGCONT);
    }
    pthread_mutex_unlock(&t->lock);
}
