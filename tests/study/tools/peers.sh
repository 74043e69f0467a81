#!/usr/bin/env bash
# Captures mutual TLS 1.3 of others: OpenSSL with OpenSSL, curl with nginx, Go with Go, and ours with OpenSSL in both roles.
# usage: peers.sh FOLDER PROGRAMS GO    Writes NAME.pcapng and NAME.keys.log into FOLDER. PROGRAMS: where our examples
# tcp_client and tcp_server are; GO: the go command. Needs openssl, curl, nginx, dumpcap, and the right to capture.
set -euo pipefail
source=$(cd "$(dirname "$0")" && pwd)
programs=$(cd "$2" && pwd) go=$3
cd "$1"
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=ca 2>/dev/null
issue() { # name, key type, key option, another DNS name
    openssl req -newkey "$2" ${3:+-pkeyopt "$3"} -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2>/dev/null
    printf 'subjectAltName=DNS:%s\nkeyUsage=digitalSignature\nbasicConstraints=CA:false\n' "$1${4:+,DNS:$4}" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
}
issue localhost rsa rsa_keygen_bits:2048
issue client ec ec_paramgen_curve:P-256
# A name of 2,000 bytes, to see that pages hold it.
issue long ec ec_paramgen_curve:P-256 "$(printf 'abcdefghijklmnopqrs.%.0s' {1..100})test"

# listens PORT: waits until somebody does.
listens() { for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.1; done; return 1; }
# capture NAME PORT COMMAND...: what goes over the port while the command runs.
capture() {
    local name=$1 port=$2
    shift 2
    listens "$port"
    as_root dumpcap -q -i lo -f "tcp port $port" -w "$PWD/$name.pcapng" 2>dumpcap.log &
    local capturing=$!
    for _ in $(seq 100); do grep -qs 'File:' dumpcap.log && break; sleep 0.1; done
    sleep 0.5
    "$@" >"$name.out" 2>&1 || true
    sleep 1
    as_root kill -INT "$(pgrep -P $capturing dumpcap || echo $capturing)"
    wait $capturing || true
    as_root chmod a+r "$name.pcapng"
}

openssl s_server -accept 4501 -cert localhost.pem -key localhost.key -CAfile ca.pem -Verify 1 -verify_return_error \
    -tls1_3 -alpn h2,http/1.1 -www -keylogfile openssl.keys.log >server.out 2>&1 &
server=$!
ask() { # port, more arguments
    printf 'GET / HTTP/1.0\r\n\r\n' | timeout 10 openssl s_client -connect "localhost:$1" -servername localhost -CAfile ca.pem -cert client.pem -key client.key -tls1_3 -alpn http/1.1 -ign_eof "${@:2}"
}
capture openssl 4501 ask 4501
capture openssl-p384 4501 ask 4501 -groups P-384:P-256
cp openssl.keys.log openssl-p384.keys.log
kill $server
openssl s_server -accept 4506 -cert long.pem -key long.key -CAfile ca.pem -Verify 1 -tls1_3 -www -keylogfile long-name.keys.log >server.out 2>&1 &
server=$!
capture long-name 4506 ask 4506
kill $server

cat >nginx.conf <<END
pid $PWD/nginx.pid; error_log $PWD/nginx.log; daemon off; events {}
http { access_log off; client_body_temp_path $PWD/body; proxy_temp_path $PWD/proxy; fastcgi_temp_path $PWD/fastcgi; uwsgi_temp_path $PWD/uwsgi; scgi_temp_path $PWD/scgi;
  server { listen 127.0.0.1:4502 ssl; ssl_protocols TLSv1.3; ssl_certificate $PWD/localhost.pem; ssl_certificate_key $PWD/localhost.key;
    ssl_client_certificate $PWD/ca.pem; ssl_verify_client on; location / { return 200 "hello\n"; } } }
END
nginx -c "$PWD/nginx.conf" 2>nginx.out &
server=$!
SSLKEYLOGFILE=$PWD/curl.keys.log capture curl 4502 curl -s --resolve localhost:4502:127.0.0.1 --cacert ca.pem --cert client.pem --key client.key https://localhost:4502/
kill $server

CGO_ENABLED=0 GOCACHE=$PWD/go-cache GOPATH=$PWD/go-path "$go" build -o peer "$source/peer.go"
SSLKEYLOGFILE=go.keys.log ./peer server 4503 2>go.server.out &
server=$!
SSLKEYLOGFILE=go.keys.log capture go 4503 ./peer client 4503
kill $server

# Each listens on its own key log; a client that talks to OpenSSL must know its lines, too.
ours=(--ca ca.pem --key-log)
openssl s_server -accept 4504 -cert localhost.pem -key localhost.key -CAfile ca.pem -Verify 1 -verify_return_error \
    -tls1_3 -www >server.out 2>&1 &
server=$!
ask_openssl() { printf 'GET / HTTP/1.0\r\n\r\n' | timeout 10 "$programs/tcp_client" --connect 127.0.0.1:4504 --name localhost --cert client.pem --key client.key "${ours[@]}" ours-client.keys.log; }
capture ours-client 4504 ask_openssl
kill $server
"$programs/tcp_server" --listen 127.0.0.1:4505 --cert localhost.pem --key localhost.key "${ours[@]}" ours-server.keys.log >ours.out 2>&1 &
server=$!
ask_ours() { { echo hello; sleep 1; } | timeout 10 openssl s_client -connect localhost:4505 -servername localhost -CAfile ca.pem -cert client.pem -key client.key -tls1_3 -quiet; }
capture ours-server 4505 ask_ours
kill $server
wait
