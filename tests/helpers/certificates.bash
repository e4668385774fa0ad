# Certificates for tests, made once for a suite in $CERTS: NAME.pem has the certificate and
# its key.
# shellcheck shell=bash

# sign NAME CA EXTENSION [FROM TO]: a certificate of CA, in $CERTS; times as in openssl-ca(1).
sign() {
  local name=$1 ca=$2 from=${4-} to=${5-}
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" \
    -keyout "$name.key" -out "$name.csr"
  printf '%s\n' "$3" >"$name.ext"
  cat >"$ca.cnf" <<END
[ca]
default_ca = own
[own]
database = $ca.index
new_certs_dir = .
rand_serial = yes
default_md = sha256
default_days = 30
policy = any
unique_subject = no
[any]
commonName = supplied
END
  [[ -e $ca.index ]] || : >"$ca.index"
  openssl ca -batch -notext -config "$ca.cnf" -cert "$ca.crt" -keyfile "$ca.key" -in "$name.csr" \
    -out "$name.crt" -extfile "$name.ext" ${from:+-startdate "$from" -enddate "$to"}
  cat "$name.crt" "$name.key" >"$name.pem"
}

authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$1" \
    -keyout "$1.key" -out "$1.crt"
}

make_certificates() {
  CERTS=$BATS_FILE_TMPDIR/certificates
  export CERTS
  mkdir "$CERTS"
  (
    cd "$CERTS" || return 1
    authority 'our-ca'
    authority 'other-ca'
    local here='subjectAltName=DNS:localhost,IP:127.0.0.1'
    sign server our-ca "$here"
    sign other-server other-ca "$here"
    sign elsewhere our-ca 'subjectAltName=DNS:elsewhere.example,IP:192.0.2.1'
    sign old our-ca "$here" "$(date -ud '-10 days' +%y%m%d%H%M%SZ)" \
      "$(date -ud '-36 hours' +%y%m%d%H%M%SZ)"
    sign early our-ca "$here" "$(date -ud '+10 days' +%y%m%d%H%M%SZ)" \
      "$(date -ud '+20 days' +%y%m%d%H%M%SZ)"
    sign client our-ca 'extendedKeyUsage=clientAuth'
    sign other-client other-ca 'extendedKeyUsage=clientAuth'
    openssl ec -in server.key -aes128 -passout pass:secret -out encrypted.key
    head -c 32 /dev/urandom >shared.key
    head -c 32 /dev/urandom >other.key
  ) >"$BATS_FILE_TMPDIR/certificates.log" 2>&1 || {
    cat "$BATS_FILE_TMPDIR/certificates.log"
    return 1
  }
}

# pin_of NAME: as openssl computes it.
pin_of() {
  printf 'sha256/%s' "$(openssl x509 -in "$CERTS/$1.crt" -pubkey -noout |
    openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64)"
}
