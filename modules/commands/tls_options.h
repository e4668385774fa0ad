/* The options about TLS, the same for every command and both roles, and what they ask for. */
#ifndef COMMANDS_TLS_OPTIONS_H
#define COMMANDS_TLS_OPTIONS_H

#include "base/options.h"
#include "stages/tls_stage.h"

struct tls_options {
    bool on;
    struct tls_settings settings;
};

/* A part of the commands' tables; the offsets are those of struct tls_options. */
extern const struct option_spec tls_specs[];

/* Refuses contradictions among the options, whose names begin with prefix ("" or "to-"). Returns
 * 0, or -1 with a usage error. */
int tls_options_check(const struct tls_options *o, const char *prefix, enum tls_role role,
                      struct error *err);

/* Refuses a host whose certificate cannot be verified by its name: an address of another kind. */
int tls_options_check_target(const struct tls_options *o, const char *prefix, const char *host,
                             struct error *err);

/* Returns true when there are files that can be read again. NULL is allowed. */
bool tls_options_have_files(const struct tls_options *o);

/* Adds them to the paths that are kept (kept_path.h). Returns 0, or -1 with err filled. */
int tls_options_keep_files(const struct tls_options *o, struct error *err);

/* Sets *context, which is to be freed, where TLS is asked for, and leaves it NULL elsewhere.
 * Returns 0, or -1 with err filled. */
int tls_options_prepare(const struct tls_options *o, const char *prefix, enum tls_role role,
                        struct tls_context **context, struct error *err);

/* Reads the files again, and reports that. Old ones stay in use when the new ones are no good.
 * NULL is allowed. */
void tls_options_reload(struct tls_context *context);

/* Prints the command line that connects to at, for a certificate that was made in memory. */
void tls_options_announce(const struct tls_stage_config *stage, const char *command,
                          const struct addr *at);

void tls_options_clear(struct tls_options *o);

#endif
