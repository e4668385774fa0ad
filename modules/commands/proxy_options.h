/* --proxy and --proxy-tls-ca: what they name. */
#ifndef COMMANDS_PROXY_OPTIONS_H
#define COMMANDS_PROXY_OPTIONS_H

#include "base/proxy_url.h"
#include "net/connect.h"
#include "stages/tls_stage.h"

struct proxy_options {
    const char *word; /* URL or @FILE; NULL: not given */
    const char *ca;   /* NULL: not given */
    struct proxy_url url;
    struct tls_settings tls;
    struct tls_stage_config tls_stage;
    struct connect_proxy proxy; /* for plans; points to the others */
};

/* Reads the URL, and hides a password that is in word, which is of the command line, from those who
 * list processes; prepares TLS where the proxy has it. Returns 0, or -1 with err filled. p must
 * not move afterwards. */
int proxy_options_read(struct proxy_options *p, struct error *err);

/* Returns the proxy, or NULL where none is given. */
const struct connect_proxy *proxy_options_proxy(const struct proxy_options *p);

void proxy_options_clear(struct proxy_options *p);

#endif
