/*
 * OpenSSL 3, loaded with dlopen(3) when TLS is asked for, so that everything else starts
 * without it. The program is not linked with it: the headers give the types, and this table
 * the functions, called as lib->SSL_new(ctx). There is one table in the process, since callbacks
 * of OpenSSL have no other way to it. Macros of OpenSSL that expand to calls cannot be used.
 */
#ifndef NET_TLS_LIBRARY_H
#define NET_TLS_LIBRARY_H

#if !__has_include(<openssl/ssl.h>)
#error "the headers of OpenSSL 3 are missing: .ci/setup installs them"
#endif

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/error.h"

/* clang-format off */
#define TLS_LIBRARY_SSL(F) \
    F(SSL_CTX_add_client_CA) F(SSL_CTX_check_private_key) F(SSL_CTX_ctrl) F(SSL_CTX_free) \
    F(SSL_CTX_get_cert_store) F(SSL_CTX_load_verify_dir) \
    F(SSL_CTX_new) F(SSL_CTX_set_alpn_protos) F(SSL_CTX_set_alpn_select_cb) \
    F(SSL_CTX_set_cert_verify_callback) F(SSL_CTX_set_cipher_list) F(SSL_CTX_set_ciphersuites) \
    F(SSL_CTX_set_client_hello_cb) \
    F(SSL_CTX_set_default_read_buffer_len) F(SSL_CTX_set_default_verify_paths) \
    F(SSL_CTX_set_options) F(SSL_CTX_set_psk_find_session_callback) \
    F(SSL_CTX_set_psk_use_session_callback) F(SSL_CTX_set_session_id_context) \
    F(SSL_CTX_set_verify) F(SSL_CTX_use_PrivateKey) F(SSL_CTX_use_certificate) \
    F(SSL_CIPHER_find) F(SSL_CIPHER_get_name) \
    F(SSL_SESSION_free) F(SSL_SESSION_new) F(SSL_SESSION_set1_master_key) \
    F(SSL_SESSION_set_cipher) F(SSL_SESSION_set_protocol_version) F(SSL_SESSION_up_ref) \
    F(SSL_client_hello_get0_ext) F(SSL_ctrl) F(SSL_do_handshake) \
    F(SSL_free) F(SSL_get0_alpn_selected) F(SSL_get0_param) F(SSL_get1_peer_certificate) \
    F(SSL_get_current_cipher) F(SSL_get_error) F(SSL_get_ex_data) \
    F(SSL_get_ex_data_X509_STORE_CTX_idx) F(SSL_get_servername) F(SSL_get_version) F(SSL_has_pending) F(SSL_new) \
    F(SSL_peek_ex) F(SSL_read_ex) F(SSL_select_next_proto) F(SSL_session_reused) \
    F(SSL_set1_host) F(SSL_set_accept_state) F(SSL_set_bio) F(SSL_set_connect_state) \
    F(SSL_set_ex_data) F(SSL_set_hostflags) F(SSL_set_msg_callback) F(SSL_shutdown) F(SSL_write_ex) \
    F(TLS_client_method) F(TLS_server_method)

#define TLS_LIBRARY_CRYPTO(F) \
    F(ASN1_INTEGER_set) F(ASN1_TIME_diff) F(ASN1_TIME_to_tm) F(ASN1_STRING_get0_data) \
    F(ASN1_STRING_length) \
    F(BIO_clear_flags) F(BIO_free) F(BIO_get_data) F(BIO_meth_free) F(BIO_meth_new) \
    F(BIO_meth_set_ctrl) F(BIO_meth_set_read) F(BIO_meth_set_write) F(BIO_new) F(BIO_new_fp) \
    F(BIO_read) F(BIO_s_mem) F(BIO_set_data) F(BIO_set_flags) F(BIO_set_init) \
    F(ERR_clear_error) F(ERR_peek_error) F(ERR_reason_error_string) \
    F(EVP_Digest) F(EVP_EncodeBlock) F(EVP_PKEY_Q_keygen) F(EVP_PKEY_free) \
    F(EVP_Q_digest) F(EVP_sha256) F(OSSL_LIB_CTX_free) F(OSSL_LIB_CTX_new) \
    F(CRYPTO_free) F(GENERAL_NAME_free) F(OPENSSL_cleanse) F(OPENSSL_sk_free) F(OPENSSL_sk_num) \
    F(OPENSSL_sk_value) F(PEM_read_bio_PrivateKey) F(PEM_read_bio_X509_AUX) F(RAND_bytes) \
    F(X509_NAME_add_entry_by_txt) F(X509_NAME_get_text_by_NID) F(X509_NAME_oneline) \
    F(X509_NAME_print_ex) \
    F(X509_STORE_CTX_get0_cert) F(X509_STORE_CTX_get_current_cert) F(X509_STORE_CTX_get_error) \
    F(X509_STORE_CTX_get_ex_data) F(X509_STORE_CTX_set_error) F(X509_STORE_add_cert) \
    F(X509_STORE_get0_objects) \
    F(X509_OBJECT_get0_X509) F(X509_VERIFY_PARAM_set1_ip_asc) \
    F(X509_free) F(X509_get0_notAfter) F(X509_get0_notBefore) F(X509_get_X509_PUBKEY) \
    F(X509_get_ext_d2i) F(X509_get_issuer_name) F(X509_get_serialNumber) \
    F(X509_get_subject_name) F(X509_getm_notAfter) F(X509_getm_notBefore) F(X509_gmtime_adj) \
    F(X509_new) F(X509_set_issuer_name) F(X509_set_pubkey) F(X509_set_version) F(X509_sign) \
    F(X509_verify_cert) F(X509_verify_cert_error_string) F(i2d_X509_PUBKEY)
/* clang-format on */

struct tls_library {
#define TLS_LIBRARY_MEMBER(name) __typeof__(&(name)) name;
    TLS_LIBRARY_SSL(TLS_LIBRARY_MEMBER)
    TLS_LIBRARY_CRYPTO(TLS_LIBRARY_MEMBER)
#undef TLS_LIBRARY_MEMBER
};

/* Loads OpenSSL and fills the table, once. Returns 0, or -1 with err filled:
 * OpenSSL is not installed, or too old. */
int tls_library_load(struct error *err);

/* Returns the table, which is complete once tls_library_load() has succeeded. */
const struct tls_library *tls_library(void);

#endif
