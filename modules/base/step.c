/* Owns who listens to steps. */
#include "base/step.h"

#include <errno.h>
#include <time.h>

static struct {
    void (*on_step)(void *arg, const struct step *s);
    void *arg;
} listener;

void step_listen(void (*on_step)(void *arg, const struct step *s), void *arg)
{
    listener.on_step = on_step;
    listener.arg = arg;
}

bool step_is_heard(void)
{
    return listener.on_step != NULL;
}

void step_report(const struct step *s)
{
    int kept = errno;

    if (listener.on_step == NULL)
        return;
    listener.on_step(listener.arg, s);
    errno = kept;
}

int64_t step_now_ns(void)
{
    struct timespec now;

    if (listener.on_step == NULL)
        return 0;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
