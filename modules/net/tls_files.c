/* Owns the reading of the files that TLS needs. Keeps nothing. */
#include "net/tls_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/kept_path.h"
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

/* OpenSSL is given open files: the directory may lie outside of the root by now. Closes fd.
 * Returns NULL with err filled, a cause. */
static BIO *open_pem(int fd, struct error *err)
{
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
    BIO *pem;

    if (file == NULL) {
        error_cause(err, errno);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    pem = tls_library()->BIO_new_fp(file, BIO_CLOSE);
    if (pem == NULL) {
        fclose(file);
        error_cause(err, ENOMEM);
    }
    return pem;
}

/* After certificates: returns true when the file has just ended. */
static bool is_at_end(void)
{
    const struct tls_library *lib = tls_library();
    unsigned long code = lib->ERR_peek_error();

    if (ERR_GET_LIB(code) != ERR_LIB_PEM || ERR_GET_REASON(code) != PEM_R_NO_START_LINE)
        return false;
    lib->ERR_clear_error();
    return true;
}

/* Takes the certificate and those between it and its authority. */
static int read_chain(BIO *pem, SSL_CTX *ctx)
{
    const struct tls_library *lib = tls_library();
    X509 *x = lib->PEM_read_bio_X509_AUX(pem, NULL, NULL, NULL);
    bool good = x != NULL && lib->SSL_CTX_use_certificate(ctx, x) == 1;

    lib->X509_free(x);
    while (good && (x = lib->PEM_read_bio_X509_AUX(pem, NULL, NULL, NULL)) != NULL) {
        good = lib->SSL_CTX_ctrl(ctx, SSL_CTRL_CHAIN_CERT, 0, x) == 1;
        if (!good)
            lib->X509_free(x);
    }
    return good && is_at_end() ? 0 : -1;
}

static int use_chain(const char *path, SSL_CTX *ctx, struct error *err)
{
    BIO *pem = open_pem(kept_path_open(path, O_RDONLY | O_CLOEXEC, 0), err);
    int result = pem != NULL ? read_chain(pem, ctx) : -1;

    if (pem != NULL && result < 0)
        tls_files_cause(err);
    if (result < 0)
        error_prefix(err, "cannot read a certificate from %s", path);
    tls_library()->BIO_free(pem);
    return result;
}

static int use_key(const char *path, SSL_CTX *ctx, struct error *err)
{
    const struct tls_library *lib = tls_library();
    BIO *pem = open_pem(kept_path_open(path, O_RDONLY | O_CLOEXEC, 0), err);
    bool is_encrypted = false;
    EVP_PKEY *key =
        pem != NULL ? lib->PEM_read_bio_PrivateKey(pem, NULL, on_passphrase, &is_encrypted) : NULL;
    bool fits = key != NULL && lib->SSL_CTX_use_PrivateKey(ctx, key) == 1;

    if (is_encrypted)
        error_set(err, EXITCODE_FAILED, "it is encrypted");
    else if (pem != NULL && key == NULL)
        tls_files_cause(err);
    if (key == NULL)
        error_prefix(err, "cannot read a key from %s", path);
    lib->EVP_PKEY_free(key);
    lib->BIO_free(pem);
    return key == NULL ? -1 : fits ? 1 : 0;
}

int tls_files_use_certificate(const struct tls_settings *s, SSL_CTX *ctx, struct error *err)
{
    const char *key = s->key != NULL ? s->key : s->cert;
    int fits = use_chain(s->cert, ctx, err) == 0 ? use_key(key, ctx, err) : -1;

    if (fits == 0 && ERR_GET_LIB(tls_library()->ERR_peek_error()) == ERR_LIB_X509) {
        error_set(err, EXITCODE_FAILED, "the key in %s does not belong to the certificate in %s",
                  key, s->cert);
    } else if (fits == 0) {
        tls_files_cause(err);
        error_prefix(err, "cannot use the key in %s", key);
    }
    tls_library()->ERR_clear_error();
    return fits == 1 ? 0 : -1;
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

static int add_authorities(BIO *pem, SSL_CTX *ctx)
{
    const struct tls_library *lib = tls_library();
    X509 *x = lib->PEM_read_bio_X509_AUX(pem, NULL, NULL, NULL);
    bool good = x != NULL;

    for (; good && x != NULL; x = lib->PEM_read_bio_X509_AUX(pem, NULL, NULL, NULL)) {
        good = lib->X509_STORE_add_cert(lib->SSL_CTX_get_cert_store(ctx), x) == 1;
        lib->X509_free(x);
    }
    return good && is_at_end() ? 0 : -1;
}

/* Reads the authorities of one file, which it closes. */
static int read_authorities(int fd, const char *path, SSL_CTX *ctx, struct error *err)
{
    BIO *pem = open_pem(fd, err);
    int result = pem != NULL ? add_authorities(pem, ctx) : -1;

    if (pem != NULL && result < 0)
        tls_files_cause(err);
    if (result < 0)
        error_prefix(err, "cannot read authorities from %s", path);
    tls_library()->BIO_free(pem);
    return result;
}

/* Names such as 9d66eef0.0, openssl-rehash(1). */
static bool is_rehashed(const char *name)
{
    static const char hex[] = "0123456789abcdefABCDEF";

    return strspn(name, hex) == 8 && name[8] == '.' && name[9] != '\0' &&
           name[9 + strspn(name + 9, hex)] == '\0';
}

/* A server reads all files now: OpenSSL would look for each client's authority in a directory
 * that it may not reach any more. */
static int read_directory(const char *path, SSL_CTX *ctx, struct error *err)
{
    int fd = kept_path_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), result = 0;
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    if (directory == NULL) {
        error_errno(err, errno, "cannot read authorities from %s", path);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    while (result == 0 && (entry = readdir(directory)) != NULL)
        if (is_rehashed(entry->d_name)) {
            result = read_authorities(openat(fd, entry->d_name, O_RDONLY | O_CLOEXEC),
                                      entry->d_name, ctx, err);
            if (result < 0)
                error_prefix(err, "%s", path);
        }
    closedir(directory);
    return result;
}

static int look_up_in_directory(const char *path, SSL_CTX *ctx, struct error *err)
{
    if (tls_library()->SSL_CTX_load_verify_dir(ctx, path) == 1)
        return 0;
    tls_files_cause(err);
    error_prefix(err, "cannot read authorities from %s", path);
    return -1;
}

int tls_files_use_authorities(const char *ca, bool names, SSL_CTX *ctx, struct error *err)
{
    int fd = kept_path_open(ca, O_RDONLY | O_CLOEXEC, 0), result;
    struct stat status;

    if (fd < 0 || fstat(fd, &status) < 0) {
        error_errno(err, errno, "cannot read authorities from %s", ca);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    if (S_ISDIR(status.st_mode)) {
        close(fd);
        result = names ? read_directory(ca, ctx, err) : look_up_in_directory(ca, ctx, err);
    } else {
        result = read_authorities(fd, ca, ctx, err);
    }
    if (result == 0 && names)
        name_authorities(ctx);
    return result;
}

int tls_files_read_key(const char *file, struct tls_shared_key *key, struct error *err)
{
    int fd = kept_path_open(file, O_RDONLY | O_CLOEXEC, 0);
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
