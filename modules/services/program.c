/* Owns the programs of clients, from start to end. Copies nothing. */
#include "services/program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/event.h"
#include "base/num.h"
#include "core/child.h"
#include "net/socket_counts.h"
#include "services/ucspi.h"

enum { READ_PATIENCE_MS = 1000 }; /* for a program to read on what a lost client has sent */

struct program {
    struct service service;
    const struct program_config *config;
    struct child_host host;
    struct ucspi environment;
    bool counts_bytes; /* for --idle-timeout, or for a message about the end */
    void (*on_closing)(void *client, struct stream *near, int64_t duration_ms);
};

/* The program of one client. */
struct job {
    struct deferred deferred;
    struct client *client;
    struct child *child;       /* NULL: all of its group have ended */
    struct conversation *talk; /* NULL: the program has the socket, or it is over */
    struct timer idle;         /* while the program has the socket */
    struct timer ending;       /* when the program is sent SIGHUP, then SIGKILL */
    struct socket_counts counts;
    int64_t began_ms;
    int64_t moved_ms;
    size_t unread;
    int fd;     /* of the client, whoever has its stream; -1: closed */
    char *name; /* of the client, for messages */
    struct outcome outcome;
    bool hung_up; /* SIGHUP was sent */
    bool dropped;
};

static struct program *program_of(const struct job *j)
{
    return (struct program *)client_service(j->client);
}

static struct loop *loop_of(const struct job *j)
{
    return client_service(j->client)->run->loop;
}

/* The end of a job. */

/* A time limit, or data that cannot be converted, outweighs how the program then ends. */
static void report_status(const struct job *j, int status)
{
    const struct program_config *config = program_of(j)->config;
    const char *name = config->argv[0];
    int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    int code = signal != 0 ? 128 + signal : WEXITSTATUS(status);
    enum exitcode failure = j->outcome.why.status;

    /* SIGPIPE is how a client that leaves ends most programs. */
    if (signal != 0)
        (signal != SIGPIPE && !j->hung_up ? event_error : event_detail)(
            "%s: %s was killed by signal %d (%s)", j->name, name, signal, strsignal(signal));
    else
        event_detail("%s: %s exited with status %d", j->name, name, code);
    if (config->once && (failure == EXITCODE_OK || failure == EXITCODE_FAILED))
        run_mark(client_service(j->client)->run, (enum exitcode)code);
}

/* Takes what the kernel has counted while the program had the socket. */
static void take_counts(struct job *j)
{
    j->outcome.name = j->name;
    if (socket_counts_read(j->fd, &j->counts) < 0)
        j->counts = (struct socket_counts){0};
    j->outcome.in_bytes = j->counts.in_bytes;
    j->outcome.out_bytes = j->counts.out_bytes;
}

static void take_back(struct job *j)
{
    take_counts(j);
    stream_take_back(j->client->stream, j->counts.in_bytes, j->counts.out_bytes);
}

static void finish(struct job *j)
{
    struct loop *l = loop_of(j);

    loop_cancel_timer(l, &j->idle);
    loop_cancel_timer(l, &j->ending);
    child_free(j->child);
    if (j->outcome.name != NULL)
        j->outcome.name = j->name;
    j->outcome.duration_ms = loop_now_ms(l) - j->began_ms;
    client_over(j->client, &j->outcome);
    error_clear(&j->outcome.why);
    free(j->name);
    loop_free_later(l, &j->deferred);
}

static void hang_up(struct job *j)
{
    if (j->hung_up || j->child == NULL)
        return;
    j->hung_up = true;
    loop_cancel_timer(loop_of(j), &j->idle);
    child_signal(j->child, SIGHUP);
    child_signal(j->child, SIGCONT); /* a stopped process handles no signal */
    loop_set_timer(loop_of(j), &j->ending, program_of(j)->config->drain_ms);
}

/* A program that has the socket. */

/* A program that reads what a lost client has sent is left to read all of it. */
static void look_whether_it_reads(struct job *j)
{
    size_t unread = socket_counts_unread(j->fd);

    if (unread == 0 || unread == j->unread) {
        hang_up(j);
        return;
    }
    j->unread = unread;
    loop_set_timer(loop_of(j), &j->ending, READ_PATIENCE_MS);
}

static void on_ending(struct timer *t)
{
    struct job *j = container_of(t, struct job, ending);

    if (j->hung_up)
        child_signal(j->child, SIGKILL);
    else
        look_whether_it_reads(j);
}

/* A connection that cannot be watched counts as lost. */
static void on_hangup(void *owner)
{
    struct job *j = owner;
    const struct stream *lent = j->client->stream;
    bool unwatched = lent != NULL && stream_failure(lent) != NULL;

    if (!j->hung_up && !loop_timer_is_set(&j->ending) &&
        (unwatched || socket_counts_is_lost(j->fd)))
        look_whether_it_reads(j);
}

static void on_near_hangup(void *client)
{
    on_hangup(((struct client *)client)->work);
}

static void on_idle(struct timer *t)
{
    struct job *j = container_of(t, struct job, idle);
    int64_t limit_ms = client_service(j->client)->plan.idle_ms, now_ms = loop_now_ms(loop_of(j));
    struct socket_counts counts = j->counts;
    char limit[32];

    take_counts(j);
    if (memcmp(&j->counts, &counts, sizeof(counts)) != 0)
        j->moved_ms = now_ms;
    if (j->moved_ms + limit_ms > now_ms) {
        loop_set_timer(loop_of(j), t, limit_ms / 4 + 1);
        return;
    }
    num_format_duration(limit_ms, limit, sizeof(limit));
    error_set(&j->outcome.why, EXITCODE_TIMEOUT, "%s: idle for %s (--idle-timeout)", j->name,
              limit);
    j->outcome.dropped = true;
    hang_up(j);
}

/* A conversation has begun with the program, or with the end of it. */
static void on_closing(void *owner, struct stream *near, int64_t duration_ms)
{
    struct job *j = ((struct client *)owner)->work;

    (void)duration_ms;
    if (program_of(j)->on_closing != NULL)
        program_of(j)->on_closing(owner, near, loop_now_ms(loop_of(j)) - j->began_ms);
}

/* The error may have been taken by the program. */
static void report_loss(struct job *j)
{
    int number = socket_error(j->fd);

    j->outcome.whose = FAULT_NEAR;
    if (stream_failure(j->client->stream) != NULL)
        error_copy(&j->outcome.why, stream_failure(j->client->stream));
    else if (!error_is_set(&j->outcome.why))
        error_errno(&j->outcome.why, number != 0 ? number : ECONNRESET, "error receiving from %s",
                    j->name);
}

static int converse(struct job *j, const struct end *far, struct error *err)
{
    struct service *v = client_service(j->client);
    struct end near = {.in = j->client->stream, .out = j->client->stream};

    j->client->stream = NULL;
    j->talk = conversation_start(&v->plan, &v->run->work, &near, far, j->client, err);
    return j->talk != NULL ? 0 : -1;
}

/* Ends the data that the client gets, and reads to the end of what it sends: closing with
 * unread input would destroy the reply (RFC 1122, 4.2.2.13). */
static void close_in_order(struct job *j)
{
    const struct end nothing = {0};

    if (converse(j, &nothing, &j->outcome.why) < 0)
        finish(j);
    else
        conversation_end(j->talk, CONVERSATION_FINISH);
}

static void on_end(void *owner)
{
    struct job *j = owner;
    int status = j->child->status;

    child_free(j->child);
    j->child = NULL;
    loop_cancel_timer(loop_of(j), &j->idle);
    loop_cancel_timer(loop_of(j), &j->ending);
    if (j->client->stream == NULL) {
        report_status(j, status);
        if (j->talk == NULL)
            finish(j);
        return;
    }
    take_back(j);
    if (j->hung_up || socket_counts_is_lost(j->fd)) {
        report_loss(j);
        report_status(j, status);
        on_closing(j->client, j->client->stream, 0);
        finish(j);
        return;
    }
    report_status(j, status);
    close_in_order(j);
}

static void on_over(void *owner, struct outcome *o)
{
    struct job *j = ((struct client *)owner)->work;

    j->talk = NULL;
    j->fd = -1;
    loop_cancel_timer(loop_of(j), &j->ending);
    error_clear(&j->outcome.why);
    j->outcome = *o;
    o->why = (struct error){0};
    if (j->dropped)
        return;
    if (j->child == NULL)
        finish(j);
    else if (j->outcome.whose != FAULT_NONE && !j->outcome.truncated)
        hang_up(j); /* others still read what has come */
}

/* The start of a job. */

static int start(struct job *j, int input, int output, struct error *err)
{
    struct program *p = program_of(j);
    struct child_plan plan = {
        .path = p->config->path,
        .argv = p->config->argv,
        .environment = ucspi_describe(&p->environment, j->client->stream, err),
        .input = input,
        .output = output,
        .error_output = p->config->error_output,
    };

    if (plan.environment != NULL)
        j->child = child_start(&p->host, &plan, on_end, j, err);
    return j->child != NULL ? 0 : -1;
}

static int start_with_socket(struct job *j, struct error *err)
{
    struct stream *s = j->client->stream;
    int64_t idle_ms = client_service(j->client)->plan.idle_ms;
    int fd = stream_lend(s);

    if (fd < 0)
        error_errno(err, errno, "cannot run %s", program_of(j)->config->argv[0]);
    if (fd < 0 || start(j, fd, fd, err) < 0)
        return -1;
    stream_on_hangup(s, on_hangup, j);
    if (idle_ms > 0)
        loop_set_timer(loop_of(j), &j->idle, idle_ms / 4 + 1);
    return 0;
}

static int start_with_pipes(struct job *j, struct error *err)
{
    struct loop *l = loop_of(j);
    const char *name = program_of(j)->config->argv[0];
    int input[2], output[2], result = -1;
    struct end far;

    if (child_open_pipes(input, output) < 0) {
        error_errno(err, errno, "cannot run %s", name);
        return -1;
    }
    far.lent = false;
    far.out = local_open_pipe(l, input[1], true, name, err);
    far.in = local_open_pipe(l, output[0], false, name, err);
    if (far.in != NULL && far.out != NULL)
        result = start(j, input[0], output[1], err);
    close(input[0]);
    close(output[1]);
    if (result < 0) {
        stream_close(far.in, STREAM_AT_ONCE);
        stream_close(far.out, STREAM_AT_ONCE);
    } else if (converse(j, &far, &j->outcome.why) < 0) {
        hang_up(j);
    }
    return result;
}

/* Bytes that need no processing are those of the socket. Only TCP counts what a program moves
 * through it. */
static bool can_have_socket(const struct program *p, struct stream *s)
{
    struct socket_counts counts;

    return p->service.plan.from_near.make_filter == NULL &&
           p->service.plan.from_far.make_filter == NULL && p->service.plan.from_far.rate == 0 &&
           stream_can_be_lent(s) &&
           (!p->counts_bytes || socket_counts_read(stream_descriptor(s), &counts) == 0);
}

static int begin(struct service *v, struct client *c, struct error *err)
{
    struct program *p = (struct program *)v;
    struct job *j = calloc(1, sizeof(*j));

    if (j == NULL || (j->name = strdup(stream_name(c->stream))) == NULL) {
        error_errno(err, ENOMEM, "cannot serve %s", stream_name(c->stream));
        free(j);
        return -1;
    }
    j->client = c;
    j->fd = stream_descriptor(c->stream);
    j->idle.on_due = on_idle;
    j->ending.on_due = on_ending;
    j->began_ms = j->moved_ms = loop_now_ms(v->run->loop);
    c->work = j;
    if ((can_have_socket(p, c->stream) ? start_with_socket : start_with_pipes)(j, err) == 0)
        return 0;
    c->work = NULL;
    free(j->name);
    free(j);
    return -1;
}

/* The service. */

static struct filter *make_incoming(void *owner, struct stream *from, struct error *err)
{
    struct program *p = (struct program *)client_service(owner);

    (void)from;
    return filters_incoming(p->config->text, &(struct text_format){0}, &p->service.counts, err);
}

static struct filter *make_outgoing(void *owner, struct stream *from, struct error *err)
{
    struct program *p = (struct program *)client_service(owner);

    (void)from;
    return filters_outgoing(p->config->text, &p->service.counts, err);
}

static int prepare(struct service *v, struct error *err)
{
    struct program *p = (struct program *)v;
    const struct program_config *config = v->config;
    struct conversation_plan *plan = &v->plan;

    p->config = config;
    p->host.waker.watch.fd = -1;
    p->counts_bytes = plan->idle_ms > 0 || event_is_shown(EVENT_CLOSED);
    plan->on_over = on_over;
    p->on_closing = plan->on_closing;
    plan->on_closing = on_closing;
    plan->far_may_close = true;
    plan->on_near_hangup = on_near_hangup;
    if (!filters_incoming_are_none(config->text, &(struct text_format){0}))
        plan->from_near.make_filter = make_incoming;
    if (!filters_outgoing_are_none(config->text))
        plan->from_far.make_filter = make_outgoing;
    if (v->run->is_first)
        *config->table = child_table_new(v->run->loop, config->startup, err);
    p->host.table = *config->table;
    if (p->host.table == NULL || ucspi_init(&p->environment, environ, err) < 0)
        return -1;
    return child_host_open(&p->host, v->run->loop, err);
}

static void drop(struct service *v, struct client *c)
{
    struct job *j = c->work;

    (void)v;
    j->dropped = true;
    if (j->talk != NULL) {
        conversation_end(j->talk, CONVERSATION_ABORT);
    } else if (c->stream != NULL) {
        take_back(j);
        on_closing(c, c->stream, 0);
    }
    j->outcome.dropped = true;
    j->outcome.near_ended = j->child == NULL; /* it wants no more */
    j->outcome.cut = j->outcome.cut || j->child != NULL;
    finish(j);
}

static void clear(struct service *v)
{
    struct program *p = (struct program *)v;

    if (p->host.table != NULL)
        child_host_close(&p->host);
    ucspi_clear(&p->environment);
    if (v->run->is_first)
        child_table_free(p->host.table);
}

const struct service_ops program_ops = {
    .size = sizeof(struct program),
    .prepare = prepare,
    .begin = begin,
    .drop = drop,
    .clear = clear,
};
