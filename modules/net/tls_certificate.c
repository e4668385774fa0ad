/* Owns the making and the describing of certificates. Decides nothing about trust. */
#include "net/tls_certificate.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALID_S = 90 * 24 * 3600, NAMES_SIZE = 512, DIGEST_BASE64 = 44 };

#define PIN_BEGIN "sha256/"

bool tls_certificate_is_pin(const char *word)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *digest = word + sizeof(PIN_BEGIN) - 1, *last;

    if (strncmp(word, PIN_BEGIN, sizeof(PIN_BEGIN) - 1) != 0 ||
        strspn(digest, alphabet) != DIGEST_BASE64 - 1 ||
        strcmp(digest + DIGEST_BASE64 - 1, "=") != 0)
        return false;
    /* 32 bytes leave two bits of the last character unused. */
    last = strchr(alphabet, digest[DIGEST_BASE64 - 2]);
    return (last - alphabet) % 4 == 0;
}

int tls_certificate_pin(const X509 *x, char pin[TLS_CERTIFICATE_PIN_SIZE])
{
    const struct tls_library *lib = tls_library();
    unsigned char digest[EVP_MAX_MD_SIZE], *der = NULL;
    int length = lib->i2d_X509_PUBKEY(lib->X509_get_X509_PUBKEY(x), &der), result = -1;

    if (length > 0 &&
        lib->EVP_Digest(der, (size_t)length, digest, NULL, lib->EVP_sha256(), NULL) == 1) {
        memcpy(pin, PIN_BEGIN, sizeof(PIN_BEGIN));
        lib->EVP_EncodeBlock((unsigned char *)pin + sizeof(PIN_BEGIN) - 1, digest, 32);
        result = 0;
    }
    lib->CRYPTO_free(der, __FILE__, __LINE__);
    return result;
}

static void append(char *text, size_t size, const char *bytes, size_t n)
{
    size_t length = strlen(text);

    snprintf(text + length, size - length, "%s%.*s", length > 0 ? ", " : "", (int)n, bytes);
}

static void append_general_name(const GENERAL_NAME *name, char *text, size_t size)
{
    const struct tls_library *lib = tls_library();
    const ASN1_STRING *value = name->d.ia5;
    const unsigned char *bytes;
    char address[INET6_ADDRSTRLEN];
    int length, family;

    if (name->type != GEN_DNS && name->type != GEN_IPADD)
        return;
    bytes = lib->ASN1_STRING_get0_data(value);
    length = lib->ASN1_STRING_length(value);
    family = length == 4 ? AF_INET : AF_INET6;
    if (name->type == GEN_DNS)
        append(text, size, (const char *)bytes, (size_t)length);
    else if ((length == 4 || length == 16) &&
             inet_ntop(family, bytes, address, sizeof(address)) != NULL)
        append(text, size, address, strlen(address));
}

void tls_certificate_names(const X509 *x, char *text, size_t size)
{
    const struct tls_library *lib = tls_library();
    OPENSSL_STACK *names = lib->X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    X509_NAME *subject = lib->X509_get_subject_name(x);

    *text = '\0';
    for (int i = 0; i < lib->OPENSSL_sk_num(names); i++) {
        GENERAL_NAME *name = lib->OPENSSL_sk_value(names, i);

        append_general_name(name, text, size);
        lib->GENERAL_NAME_free(name);
    }
    lib->OPENSSL_sk_free(names);
    if (*text == '\0' &&
        lib->X509_NAME_get_text_by_NID(subject, NID_commonName, text, (int)size) <= 0)
        lib->X509_NAME_oneline(subject, text, (int)size);
}

char *tls_certificate_subject(const X509 *x)
{
    const struct tls_library *lib = tls_library();
    const unsigned long form = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    BIO *memory = lib->BIO_new(lib->BIO_s_mem());
    int length = -1;
    char *text = NULL;

    if (memory != NULL)
        length = lib->X509_NAME_print_ex(memory, lib->X509_get_subject_name(x), 0, form);
    if (length > 0)
        text = malloc((size_t)length + 1);
    if (text != NULL && lib->BIO_read(memory, text, length) == length) {
        text[length] = '\0';
    } else {
        free(text);
        text = NULL;
    }
    lib->BIO_free(memory);
    lib->ERR_clear_error();
    return text;
}

int tls_certificate_make(X509 **x, EVP_PKEY **key, struct error *err)
{
    const struct tls_library *lib = tls_library();
    static const unsigned char name[] = "tcptool";
    X509_NAME *subject;
    long serial = 0;

    *key = lib->EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    *x = lib->X509_new();
    if (*key == NULL || *x == NULL || lib->RAND_bytes((unsigned char *)&serial, 4) != 1)
        goto fail;
    subject = lib->X509_get_subject_name(*x);
    if (lib->X509_set_version(*x, X509_VERSION_3) == 1 &&
        lib->ASN1_INTEGER_set(lib->X509_get_serialNumber(*x), serial + 1) == 1 &&
        lib->X509_gmtime_adj(lib->X509_getm_notBefore(*x), 0) != NULL &&
        lib->X509_gmtime_adj(lib->X509_getm_notAfter(*x), VALID_S) != NULL &&
        lib->X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) == 1 &&
        lib->X509_set_issuer_name(*x, subject) == 1 && lib->X509_set_pubkey(*x, *key) == 1 &&
        lib->X509_sign(*x, *key, lib->EVP_sha256()) > 0)
        return 0;
fail:
    lib->X509_free(*x);
    lib->EVP_PKEY_free(*key);
    error_set(err, EXITCODE_FAILED, "cannot make a certificate: %s",
              lib->ERR_reason_error_string(lib->ERR_peek_error()));
    lib->ERR_clear_error();
    return -1;
}

/* "today", "yesterday", "3 days ago" */
static void explain_expired(const X509 *x, struct error *err)
{
    const struct tls_library *lib = tls_library();
    const ASN1_TIME *end = lib->X509_get0_notAfter(x);
    char date[32] = "";
    struct tm parts;
    int days = 0, seconds = 0;

    if (lib->ASN1_TIME_to_tm(end, &parts) == 1)
        strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &parts);
    lib->ASN1_TIME_diff(&days, &seconds, end, NULL);
    if (days == 0)
        error_set(err, EXITCODE_FAILED, "its certificate expired today (%s)", date);
    else if (days == 1)
        error_set(err, EXITCODE_FAILED, "its certificate expired yesterday (%s)", date);
    else
        error_set(err, EXITCODE_FAILED, "its certificate expired %d days ago (%s)", days, date);
}

static void explain_early(const X509 *x, struct error *err)
{
    const struct tls_library *lib = tls_library();
    char date[32] = "";
    struct tm parts;

    if (lib->ASN1_TIME_to_tm(lib->X509_get0_notBefore(x), &parts) == 1)
        strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &parts);
    error_set(err, EXITCODE_FAILED, "its certificate is not valid before %s", date);
}

static void explain_issuer(const X509 *x, struct error *err)
{
    const struct tls_library *lib = tls_library();
    char issuer[NAMES_SIZE] = "";

    lib->X509_NAME_oneline(lib->X509_get_issuer_name(x), issuer, sizeof(issuer));
    error_set(err, EXITCODE_FAILED, "the issuer of its certificate is unknown (%s)", issuer);
}

void tls_certificate_explain(X509_STORE_CTX *store, const char *host, struct error *err)
{
    const struct tls_library *lib = tls_library();
    const X509 *leaf = lib->X509_STORE_CTX_get0_cert(store);
    const X509 *at = lib->X509_STORE_CTX_get_current_cert(store);
    int reason = lib->X509_STORE_CTX_get_error(store);
    char names[NAMES_SIZE], pin[TLS_CERTIFICATE_PIN_SIZE] = "";

    if (at == NULL)
        at = leaf;
    switch (reason) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        explain_expired(at, err);
        return;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        explain_early(at, err);
        return;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        tls_certificate_names(leaf, names, sizeof(names));
        error_set(err, EXITCODE_FAILED, "its certificate is for %s, not for %s", names,
                  host != NULL ? host : "this host");
        return;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        tls_certificate_pin(leaf, pin);
        error_set(err, EXITCODE_FAILED, "its certificate is self-signed, with the key %s", pin);
        return;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        explain_issuer(at, err);
        return;
    default:
        error_set(err, EXITCODE_FAILED, "its certificate is not accepted: %s",
                  lib->X509_verify_cert_error_string(reason));
    }
}
