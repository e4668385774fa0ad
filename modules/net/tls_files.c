/* Owns the reading of the files that TLS needs. Keeps nothing. */
#include "net/tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/tls_library.h"

enum { SHARED_KEY_MIN = 32 };

void tls_files_cause(struct error *err)
{
    const struct tls_library *lib = tls_library();
    unsigned long code = lib->ERR_peek_error();
    const char *reason = lib->ERR_reason_error_string(code);

    if (ERR_SYSTEM_ERROR(code))
        error_cause(err, ERR_GET_REASON(code));
    else
        error_set(err, EXITCODE_FAILED, "%s", reason != NULL ? reason : "no PEM data");
    lib->ERR_clear_error();
}

/* There is no one to ask. */
static int on_passphrase(char *to, int size, int writing, void *was_asked)
{
    (void)to;
    (void)size;
    (void)writing;
    *(bool *)was_asked = true;
    return 0;
}

int tls_files_use_certificate(const struct tls_settings *s, SSL_CTX *ctx, struct error *err)
{
    const struct tls_library *lib = tls_library();
    const char *key = s->key != NULL ? s->key : s->cert;
    bool is_encrypted = false;
    int result;

    if (lib->SSL_CTX_use_certificate_chain_file(ctx, s->cert) != 1) {
        tls_files_cause(err);
        error_prefix(err, "cannot read a certificate from %s", s->cert);
        return -1;
    }
    lib->SSL_CTX_set_default_passwd_cb(ctx, on_passphrase);
    lib->SSL_CTX_set_default_passwd_cb_userdata(ctx, &is_encrypted);
    result = lib->SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM);
    lib->SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
    if (result == 1)
        return 0;
    if (is_encrypted) {
        error_set(err, EXITCODE_FAILED, "cannot read a key from %s: it is encrypted", key);
    } else if (ERR_GET_LIB(lib->ERR_peek_error()) == ERR_LIB_X509) {
        error_set(err, EXITCODE_FAILED, "the key in %s does not belong to the certificate in %s",
                  key, s->cert);
    } else {
        tls_files_cause(err);
        error_prefix(err, "cannot read a key from %s", key);
    }
    lib->ERR_clear_error();
    return -1;
}

/* Tells clients which authorities a certificate may come from. */
static void name_authorities(SSL_CTX *ctx)
{
    const struct tls_library *lib = tls_library();
    const OPENSSL_STACK *all =
        (const OPENSSL_STACK *)lib->X509_STORE_get0_objects(lib->SSL_CTX_get_cert_store(ctx));

    for (int i = 0; i < lib->OPENSSL_sk_num(all); i++) {
        X509 *x = lib->X509_OBJECT_get0_X509(lib->OPENSSL_sk_value(all, i));

        if (x != NULL)
            lib->SSL_CTX_add_client_CA(ctx, x);
    }
}

int tls_files_use_authorities(const char *ca, bool names, SSL_CTX *ctx, struct error *err)
{
    const struct tls_library *lib = tls_library();
    struct stat status;

    if (stat(ca, &status) < 0) {
        error_errno(err, errno, "cannot read authorities from %s", ca);
        return -1;
    }
    if ((S_ISDIR(status.st_mode) ? lib->SSL_CTX_load_verify_dir(ctx, ca)
                                 : lib->SSL_CTX_load_verify_file(ctx, ca)) != 1) {
        tls_files_cause(err);
        error_prefix(err, "cannot read authorities from %s", ca);
        return -1;
    }
    if (names)
        name_authorities(ctx);
    return 0;
}

int tls_files_read_key(const char *file, struct tls_shared_key *key, struct error *err)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    unsigned char bytes[TLS_SHARED_KEY_MAX + 1];
    ssize_t n = fd >= 0 ? read(fd, bytes, sizeof(bytes)) : -1;

    if (n < 0)
        error_errno(err, errno, "cannot read %s", file);
    else if (n < SHARED_KEY_MIN || n > TLS_SHARED_KEY_MAX)
        error_set(err, EXITCODE_FAILED, "cannot use %s: a shared key has 32 to 256 bytes", file);
    else
        memcpy(key->bytes, bytes, (size_t)n);
    key->length = n > 0 ? (size_t)n : 0;
    explicit_bzero(bytes, sizeof(bytes));
    if (fd >= 0)
        close(fd);
    return n >= SHARED_KEY_MIN && n <= TLS_SHARED_KEY_MAX ? 0 : -1;
}
