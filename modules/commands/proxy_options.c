/* Owns the word that names a proxy. Connects to nothing. */
#include "commands/proxy_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/first_line.h"
#include "stages/proxy.h"

/* Returns the first line of the file, to be freed; or NULL with err filled. */
static char *read_line(const char *path, struct error *err)
{
    FILE *file = fopen(path, "re");
    char *line;

    if (file == NULL) {
        error_errno(err, errno, "cannot open %s", path);
        return NULL;
    }
    line = first_line_read(file);
    if (line == NULL && errno == ENODATA)
        error_set(err, EXITCODE_USAGE, "%s: the first line is missing", path);
    else if (line == NULL)
        error_errno(err, errno, "error reading %s", path);
    return line;
}

/* Reads the URL in word, or in the file that word names. */
static int read_url(struct proxy_options *p, struct error *err)
{
    bool is_file = p->word[0] == '@';
    char *url;
    int result;

    url = is_file ? read_line(p->word + 1, err) : strdup(p->word);
    if (url == NULL) {
        if (!is_file)
            error_errno(err, ENOMEM, "cannot read --proxy");
        return -1;
    }
    if (!is_file)
        proxy_url_hide((char *)p->word); /* is part of argv */
    result = proxy_url_parse(url, &p->url, err);
    if (result < 0 && err->status == EXITCODE_USAGE)
        error_prefix(err,
                     is_file ? "--proxy: invalid URL in \"%s\"" : "--proxy: invalid URL \"%s\"",
                     p->word + is_file);
    explicit_bzero(url, strlen(url));
    free(url);
    return result;
}

static int prepare_tls(struct proxy_options *p, struct error *err)
{
    p->tls.ca = p->ca;
    p->tls_stage.host = p->url.host;
    p->tls_stage.context = tls_context_new(TLS_CLIENT, &p->tls, err);
    p->proxy.first = (struct stage_plan){.make = tls_stage, .config = &p->tls_stage};
    return p->tls_stage.context != NULL ? 0 : -1;
}

int proxy_options_read(struct proxy_options *p, struct error *err)
{
    if (p->word != NULL && read_url(p, err) < 0)
        return -1;
    if (p->ca != NULL && (p->word == NULL || p->url.scheme != PROXY_HTTPS)) {
        error_set(err, EXITCODE_USAGE, "--proxy-tls-ca requires --proxy https://...");
        return -1;
    }
    if (p->word == NULL)
        return 0;
    p->proxy = (struct connect_proxy){
        .at = {.host = p->url.host, .port = p->url.port},
        .make = proxy_stage,
        .config = &p->url,
    };
    return p->url.scheme == PROXY_HTTPS ? prepare_tls(p, err) : 0;
}

const struct connect_proxy *proxy_options_proxy(const struct proxy_options *p)
{
    return p->url.host != NULL ? &p->proxy : NULL;
}

void proxy_options_clear(struct proxy_options *p)
{
    proxy_url_clear(&p->url);
    tls_context_free(p->tls_stage.context);
}
