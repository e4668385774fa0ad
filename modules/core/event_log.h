/*
 * The log: every event as one JSON object per line, for programs to read. The keys and their
 * types are in tcptool(1), "THE LOG". Logging never blocks: a line that the file does not take
 * waits in a bounded queue, and is tried again with the next one.
 */
#ifndef CORE_EVENT_LOG_H
#define CORE_EVENT_LOG_H

#include "core/loop.h"

struct event_log;

/* Appends events of all threads to the file path from now on; "-": prints them on standard
 * error whatever the level. One log at a time. path is not copied. Returns NULL with err
 * filled on failure. */
struct event_log *event_log_open(const char *path, struct loop *l, struct error *err);

/* Returns true when there is a file that may have been moved away. */
bool event_log_is_file(const char *path);

/* Opens the file again. A line that the old file got only a part of goes whole into the new
 * one. When the file cannot be opened, reports that and goes on with the old one. Does nothing
 * without a file; log may be NULL. */
void event_log_reopen(struct event_log *log);

/* Writes what waits, for at most 1 s, and frees the log. Returns 0, or -1 with err filled
 * when lines were lost. log may be NULL. */
int event_log_close(struct event_log *log, struct error *err);

#endif
