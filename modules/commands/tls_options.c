/* Owns the options about TLS. Loads nothing unless --tls is among them. */
#include "commands/tls_options.h"

#include <limits.h>
#include <netdb.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/event.h"
#include "base/kept_path.h"
#include "net/tls_certificate.h"

#define AT(field) .offset = offsetof(struct tls_options, field)

static const char *const version_words[] = {"1.2", "1.3", NULL};

const struct option_spec tls_specs[] = {
    {OPTION_ON, "tls", 0, AT(on), .essential = true, .help = "encrypt with TLS"},
    {OPTION_WORD, "tls-cert", 0, .value = "FILE", AT(settings.cert),
     .help = "present the certificate chain in FILE (PEM)"},
    {OPTION_WORD, "tls-key", 0, .value = "FILE", AT(settings.key),
     .help = "the key of --tls-cert (in the same FILE)"},
    {OPTION_WORD, "tls-ca", 0, .value = "FILE|DIR", AT(settings.ca),
     .help = "trust these authorities only"},
    {OPTION_WORD, "tls-name", 0, .value = "NAME", AT(settings.name),
     .help = "ask for NAME and verify it (HOST)"},
    {OPTION_WORDS, "tls-pin", 0, .value = "sha256/BASE64", AT(settings.pins),
     .help = "trust this public key only (repeatable)"},
    {OPTION_WORD, "tls-psk", 0, .value = "FILE", AT(settings.psk),
     .help = "share the key in FILE with the peer"},
    {OPTION_WORD, "tls-alpn", 0, .value = "LIST", AT(settings.alpn),
     .help = "require one of these protocols, as \"h2,http/1.1\""},
    {OPTION_CHOICE, "tls-min", 0, .value = "1.2|1.3", AT(settings.min), .choices = version_words,
     .help = "the oldest version of TLS (1.2)"},
    {OPTION_ON, "tls-insecure", 0, AT(settings.insecure), .help = "verify no peer"},
    {.kind = OPTION_END},
};

static bool any_is_given(const struct tls_settings *s)
{
    return s->cert != NULL || s->key != NULL || s->ca != NULL || s->name != NULL ||
           s->pins.count > 0 || s->psk != NULL || s->alpn != NULL || s->min > 0 || s->insecure;
}

static bool is_protocol_list(const char *list)
{
    for (;; list++) {
        size_t n = strcspn(list, ",");

        if (n == 0 || n > 255)
            return false;
        list += n;
        if (*list == '\0')
            return true;
    }
}

#define USAGE(...) (error_set(err, EXITCODE_USAGE, __VA_ARGS__), -1)

int tls_options_check(const struct tls_options *o, const char *prefix, enum tls_role role,
                      struct error *err)
{
    const struct tls_settings *s = &o->settings;
    const char *p = prefix;

    if (!o->on)
        return any_is_given(s) ? USAGE("the options --%stls-... require --%stls", p, p) : 0;
    if (s->key != NULL && s->cert == NULL)
        return USAGE("--%stls-key requires --%stls-cert", p, p);
    if (s->psk != NULL && (s->cert != NULL || s->ca != NULL || s->pins.count > 0 || s->insecure))
        return USAGE("--%stls-psk cannot be used together with --%stls-cert, --%stls-ca, "
                     "--%stls-pin or --%stls-insecure",
                     p, p, p, p, p);
    if (s->insecure && (s->ca != NULL || s->pins.count > 0))
        return USAGE("--%stls-insecure cannot be used together with --%stls-ca or --%stls-pin", p,
                     p, p);
    if (s->ca != NULL && s->pins.count > 0)
        return USAGE("--%stls-ca and --%stls-pin cannot be used together", p, p);
    if (s->name != NULL && role == TLS_SERVER)
        return USAGE("--%stls-name is the name of a server to connect to", p);
    for (size_t i = 0; i < s->pins.count; i++)
        if (!tls_certificate_is_pin(s->pins.words[i]))
            return USAGE("--%stls-pin: invalid pin \"%s\": expected sha256/ and 44 characters of "
                         "base64",
                         p, s->pins.words[i]);
    if (s->alpn != NULL && !is_protocol_list(s->alpn))
        return USAGE("--%stls-alpn: invalid list \"%s\": expected names separated by commas", p,
                     s->alpn);
    return 0;
}

int tls_options_check_target(const struct tls_options *o, const char *prefix, const char *host,
                             struct error *err)
{
    const struct tls_settings *s = &o->settings;
    const char *p = prefix;
    struct addr address = {0};

    if (!o->on || s->name != NULL || s->pins.count > 0 || s->psk != NULL || s->insecure)
        return 0;
    addr_parse(host, &address, NULL);
    if (address.sa.sa_family == 0)
        return 0;
    return USAGE("--%stls to %s requires --%stls-name, --%stls-pin, --%stls-psk or "
                 "--%stls-insecure",
                 p, host, p, p, p, p);
}

bool tls_options_have_files(const struct tls_options *o)
{
    const struct tls_settings *s = o != NULL ? &o->settings : NULL;

    return s != NULL && (s->cert != NULL || s->ca != NULL || s->psk != NULL);
}

int tls_options_keep_files(const struct tls_options *o, struct error *err)
{
    const struct tls_settings *s = &o->settings;
    const char *const files[] = {s->cert, s->key, s->ca, s->psk};
    struct stat status;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if (files[i] != NULL &&
            kept_path_add(files[i],
                          stat(files[i], &status) == 0 && S_ISDIR(status.st_mode)
                              ? KEPT_PATH_READ_TREE
                              : KEPT_PATH_READ,
                          err) < 0)
            return -1;
    return 0;
}

int tls_options_prepare(const struct tls_options *o, const char *prefix, enum tls_role role,
                        struct tls_context **context, struct error *err)
{
    if (!o->on)
        return 0;
    if (o->settings.insecure)
        event_notice("TLS: no peer is verified (--%stls-insecure)", prefix);
    *context = tls_context_new(role, &o->settings, err);
    return *context != NULL ? 0 : -1;
}

void tls_options_reload(struct tls_context *context)
{
    struct error why = {0};

    if (context == NULL)
        return;
    if (tls_context_reload(context, &why) == 0)
        event_notice("the files of TLS were read again");
    else
        event_error("%s", why.text);
    error_clear(&why);
}

static bool is_everywhere(const struct addr *a)
{
    return a->sa.sa_family == AF_INET ? a->in.sin_addr.s_addr == INADDR_ANY
                                      : IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

void tls_options_announce(const struct tls_stage_config *stage, const char *command,
                          const struct addr *at)
{
    const char *pin = stage->context != NULL ? tls_context_own_pin(stage->context) : NULL;
    char text[ADDR_TEXT_SIZE], host[HOST_NAME_MAX + 1] = "HOST";

    if (pin == NULL)
        return;
    if (at->sa.sa_family != AF_INET && at->sa.sa_family != AF_INET6) {
        event_notice("connect with: tcptool %s --tls --tls-pin %s %s", command, pin,
                     addr_format(at, text));
        return;
    }
    if (is_everywhere(at))
        gethostname(host, HOST_NAME_MAX);
    else
        getnameinfo(&at->sa, at->length, host, sizeof(host), NULL, 0, NI_NUMERICHOST);
    event_notice("connect with: tcptool %s --tls --tls-pin %s %s %u", command, pin, host,
                 addr_port(at));
}

void tls_options_clear(struct tls_options *o)
{
    options_clear_words(&o->settings.pins);
}
