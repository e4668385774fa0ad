/* Owns the textual form of socket addresses. Opens no sockets, resolves no names. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

enum { UNIX_NAME_MAX = sizeof(((struct sockaddr_un *)0)->sun_path) - 1 };

static char *format_unix(const struct addr *a, char *text)
{
    size_t size = a->length > offsetof(struct sockaddr_un, sun_path)
                      ? a->length - offsetof(struct sockaddr_un, sun_path)
                      : 0;
    bool is_abstract = size > 0 && a->un.sun_path[0] == '\0';
    char process[sizeof(" (pid -2147483648)")] = "";

    if (a->pid != 0)
        snprintf(process, sizeof(process), " (pid %d)", a->pid);
    snprintf(text, ADDR_TEXT_SIZE, "unix:%s%.*s%s", is_abstract ? "@" : "", (int)size - is_abstract,
             a->un.sun_path + is_abstract, process);
    return text;
}

static char *format_vsock(const struct addr *a, char *text)
{
    unsigned port = a->vm.svm_port != VMADDR_PORT_ANY ? a->vm.svm_port : 0;

    if (a->vm.svm_cid == VMADDR_CID_ANY)
        snprintf(text, ADDR_TEXT_SIZE, "vsock:any:%u", port);
    else
        snprintf(text, ADDR_TEXT_SIZE, "vsock:%u:%u", a->vm.svm_cid, port);
    return text;
}

static char *format_inet6(const struct addr *a, char *text)
{
    char host[INET6_ADDRSTRLEN], zone[IF_NAMESIZE + 1] = "";

    inet_ntop(AF_INET6, &a->in6.sin6_addr, host, sizeof(host));
    if (a->in6.sin6_scope_id != 0) {
        zone[0] = '%';
        if (if_indextoname(a->in6.sin6_scope_id, zone + 1) == NULL)
            snprintf(zone + 1, sizeof(zone) - 1, "%u", a->in6.sin6_scope_id);
    }
    snprintf(text, ADDR_TEXT_SIZE, "[%s%s]:%u", host, zone, addr_port(a));
    return text;
}

char *addr_format(const struct addr *a, char *text)
{
    char host[INET_ADDRSTRLEN];

    switch (a->sa.sa_family) {
    case AF_UNIX:
        return format_unix(a, text);
    case AF_VSOCK:
        return format_vsock(a, text);
    case AF_INET6:
        return format_inet6(a, text);
    default:
        inet_ntop(AF_INET, &a->in.sin_addr, host, sizeof(host));
        snprintf(text, ADDR_TEXT_SIZE, "%s:%u", host, addr_port(a));
        return text;
    }
}

static enum addr_word malformed(const char *word, const char *why, struct error *err)
{
    error_set(err, EXITCODE_USAGE, "invalid address \"%s\": %s", word, why);
    return ADDR_MALFORMED;
}

/* An abstract name is as long as its length says; unix(7). */
static enum addr_word parse_unix(const char *word, const char *name, struct addr *a,
                                 struct error *err)
{
    bool is_abstract = *name == '@';
    size_t length = strlen(name);

    if (length == 0 || (is_abstract && length == 1))
        return malformed(word, "expected unix:PATH or unix:@NAME", err);
    if (length - is_abstract > UNIX_NAME_MAX) {
        error_set(err, EXITCODE_USAGE,
                  is_abstract ? "invalid address \"%s\": the name has %zu bytes, the limit is %d"
                              : "invalid address \"%s\": the path has %zu bytes, the limit is %d",
                  word, length - is_abstract, UNIX_NAME_MAX);
        return ADDR_MALFORMED;
    }
    *a = (struct addr){.un.sun_family = AF_UNIX};
    memcpy(a->un.sun_path, name, length);
    if (is_abstract)
        a->un.sun_path[0] = '\0';
    a->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + !is_abstract);
    return ADDR_WHOLE;
}

static enum addr_word parse_vsock(const char *word, const char *rest, struct addr *a,
                                  struct error *err)
{
    const char *colon = strchr(rest, ':');
    char cid_word[sizeof("4294967295")] = "";
    uint64_t cid = UINT32_MAX, port; /* VMADDR_CID_ANY */

    if (colon != NULL && (size_t)(colon - rest) < sizeof(cid_word))
        memcpy(cid_word, rest, (size_t)(colon - rest));
    if ((strcmp(cid_word, "any") != 0 && num_parse(cid_word, 0, VMADDR_CID_ANY - 1, &cid) < 0) ||
        num_parse(colon + 1, 0, VMADDR_PORT_ANY - 1, &port) < 0)
        return malformed(
            word, "expected vsock:CID:PORT, with numbers below 4294967295 or any for CID", err);
    *a = (struct addr){.length = sizeof(a->vm), .vm.svm_family = AF_VSOCK};
    a->vm.svm_cid = (unsigned)cid;
    a->vm.svm_port = port != 0 ? (unsigned)port : VMADDR_PORT_ANY;
    return ADDR_WHOLE;
}

enum addr_word addr_parse(const char *word, struct addr *a, struct error *err)
{
    if (strncmp(word, "unix:", 5) == 0)
        return parse_unix(word, word + 5, a, err);
    if (strncmp(word, "vsock:", 6) == 0)
        return parse_vsock(word, word + 6, a, err);
    return ADDR_IS_HOST;
}

void addr_unmap(struct addr *a)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = a->in6.sin6_port};

    if (a->sa.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
        return;
    memcpy(&in.sin_addr, &a->in6.sin6_addr.s6_addr[12], sizeof(in.sin_addr));
    a->in = in;
    a->length = sizeof(in);
}

bool addr_equals(const struct addr *a, const struct addr *b)
{
    char text[ADDR_TEXT_SIZE], other[ADDR_TEXT_SIZE];

    return strcmp(addr_format(a, text), addr_format(b, other)) == 0;
}

bool addr_is_tcp(const struct addr *a)
{
    return a->sa.sa_family == AF_INET || a->sa.sa_family == AF_INET6;
}

bool addr_is_file(const struct addr *a)
{
    return a->sa.sa_family == AF_UNIX && a->length > offsetof(struct sockaddr_un, sun_path) &&
           a->un.sun_path[0] != '\0';
}

void addr_set_any(struct addr *a, int family, unsigned port)
{
    *a = (struct addr){.length = family == AF_INET ? sizeof(a->in) : sizeof(a->in6)};
    a->sa.sa_family = (sa_family_t)family;
    addr_set_port(a, port);
}

unsigned addr_port(const struct addr *a)
{
    switch (a->sa.sa_family) {
    case AF_INET:
        return ntohs(a->in.sin_port);
    case AF_INET6:
        return ntohs(a->in6.sin6_port);
    case AF_VSOCK:
        return a->vm.svm_port;
    default:
        return 0;
    }
}

void addr_set_port(struct addr *a, unsigned port)
{
    if (a->sa.sa_family == AF_INET)
        a->in.sin_port = htons((uint16_t)port);
    else if (a->sa.sa_family == AF_INET6)
        a->in6.sin6_port = htons((uint16_t)port);
}

void addr_list_clear(struct addr_list *list)
{
    free(list->items);
    *list = (struct addr_list){0};
}
