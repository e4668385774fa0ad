/* Owns the loading of OpenSSL. Calls nothing in it. */
#include "net/tls_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SSL_NAME "libssl.so.3"
#define CRYPTO_NAME "libcrypto.so.3"

/*
 * Tells packagers what is loaded at run time ("readelf -n"), in the form of the UAPI group's
 * specification of ELF dlopen metadata: a note of the owner FDO and the type 0x407c0c0a.
 */
#define DLOPEN_NOTE                                                                               \
    "[{\"feature\":\"tls\",\"description\":\"TLS connections\","                                  \
    "\"priority\":\"recommended\",\"soname\":[\"" SSL_NAME "\"]},{\"feature\":\"tls\","           \
    "\"description\":\"TLS connections\",\"priority\":\"recommended\",\"soname\":[\"" CRYPTO_NAME \
    "\"]}]"

struct note {
    uint32_t name_size;
    uint32_t text_size;
    uint32_t type;
    char name[4];
    char text[(sizeof(DLOPEN_NOTE) + 3) / 4 * 4];
};

__attribute__((used, section(".note.dlopen"), aligned(4))) static const struct note note = {
    .name_size = 4,
    .text_size = sizeof(DLOPEN_NOTE),
    .type = 0x407c0c0a,
    .name = "FDO",
    .text = DLOPEN_NOTE,
};

/* In the order of the table. Not pointers, which would have to be relocated at each start. */
#define NAME(name) #name "\0"
static const char ssl_names[] = TLS_LIBRARY_SSL(NAME);
static const char crypto_names[] = TLS_LIBRARY_CRYPTO(NAME);

static struct tls_library table;

/* Returns where to go on in the table, or NULL. */
static void **load(const char *file, const char *names, void **to, struct error *err)
{
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL) {
        error_set(err, EXITCODE_FAILED, "TLS requires OpenSSL 3: %s", dlerror());
        return NULL;
    }
    for (const char *name = names; *name != '\0'; name += strlen(name) + 1) {
        *to = dlsym(handle, name);
        if (*to++ == NULL) {
            error_set(err, EXITCODE_FAILED, "TLS requires OpenSSL 3: %s has no %s", file, name);
            return NULL;
        }
    }
    return to;
}

int tls_library_load(struct error *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool loaded;
    void **to = (void **)&table;
    int result;

    pthread_mutex_lock(&lock);
    loaded = loaded || ((to = load(SSL_NAME, ssl_names, to, err)) != NULL &&
                        load(CRYPTO_NAME, crypto_names, to, err) != NULL);
    result = loaded ? 0 : -1;
    pthread_mutex_unlock(&lock);
    return result;
}

const struct tls_library *tls_library(void)
{
    return &table;
}
