"""OpenSSL, as `cryptography` bundles it, by pyOpenSSL. What it is told and what it says stands in ../peers.rs."""

import os
import socket
import sys
import tempfile
import threading
import time


def main():
    if sys.argv[1] == "version":
        from OpenSSL import SSL

        print("version", SSL.SSLeay_version(SSL.SSLEAY_VERSION).decode().rsplit(" ", 3)[0])
        return
    role, directory, name, groups = sys.argv[1:5]
    # pyOpenSSL sets no groups, OpenSSL's configuration does, once, when the library is loaded.
    with tempfile.NamedTemporaryFile("w", suffix=".cnf") as configuration:
        configuration.write("openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = defaults\n[defaults]\n")
        if groups != "-":
            configuration.write(f"Groups = {groups.replace(',', ':')}\n")
        configuration.flush()
        os.environ["OPENSSL_CONF"] = configuration.name
        from OpenSSL import SSL

        context = configure(SSL, role, directory, name)
    hellos = watch(SSL, context)
    while role == "caller":
        try:
            raw = socket.create_connection(("127.0.0.1", int(sys.argv[5])), timeout=20)
            raw.settimeout(None)
            talk(SSL, SSL.Connection(context, raw), "client", hellos)
        except (SSL.Error, OSError):
            time.sleep(0.02)  # nobody may listen yet
    if role == "client":
        raw = socket.create_connection(("127.0.0.1", int(sys.argv[5])), timeout=20)
    else:
        listener = socket.create_server(("127.0.0.1", 0))
        print("listening", listener.getsockname()[1], flush=True)
        while role == "echo":
            threading.Thread(target=echo, args=(SSL, context, listener.accept()[0]), daemon=True).start()
        raw, _ = listener.accept()
    raw.setblocking(True)
    connection = SSL.Connection(context, raw)
    try:
        print("met", talk(SSL, connection, role, hellos), flush=True)
    except SSL.Error as error:
        print("refused", error, flush=True)


def configure(SSL, role, directory, name):
    from OpenSSL import crypto

    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    context.load_verify_locations(f"{directory}/ca.pem")
    store = context.get_cert_store()
    with open(f"{directory}/crl.pem", "rb") as file:
        from cryptography import x509

        for block in file.read().split(b"-----BEGIN ")[1:]:
            store.add_crl(x509.load_pem_x509_crl(b"-----BEGIN " + block))
    store.set_flags(crypto.X509StoreFlags.CRL_CHECK | crypto.X509StoreFlags.CRL_CHECK_ALL)
    if name != "-":
        context.use_certificate_chain_file(f"{directory}/{name}.pem")
        context.use_privatekey_file(f"{directory}/{name}.key")
    if role != "careless":
        # The callback sees each certificate, and what OpenSSL thinks of it.
        mode = SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT
        context.set_verify(mode, lambda connection, certificate, error, depth, good: bool(good))
    return context


def watch(SSL, context):
    """Collects what tells of ServerHellos: of two the first is a HelloRetryRequest."""
    hellos = []

    def told(connection, where, value):
        if where & SSL.SSL_CB_LOOP and b"server hello" in connection.get_state_string():
            hellos.append(where)

    context.set_info_callback(told)
    return hellos


def talk(SSL, connection, role, hellos):
    if role == "client":
        connection.set_tlsext_host_name(b"localhost")
        connection.set_connect_state()
    else:
        connection.set_accept_state()
    connection.do_handshake()
    whom = met(connection, hellos)
    if role == "client":
        # pyOpenSSL leaves this to programs.
        if "localhost" not in dns_names(connection):
            raise SSL.Error("the certificate is for another name")
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    heard = b""
    while b"\n" not in heard:
        heard += connection.recv(1000)
    if role != "client":
        connection.sendall(f"the peer met {whom}\n".encode())
    connection.shutdown()
    return f"{whom} | {heard.decode().splitlines()[0]}"


def echo(SSL, context, raw):
    """Says back what it hears. It closes only when it has heard all: a reset would overtake its alert."""
    raw.settimeout(None)
    connection = SSL.Connection(context, raw)
    connection.set_accept_state()
    try:
        connection.do_handshake()
        while True:
            connection.sendall(connection.recv(4096))
    except SSL.ZeroReturnError:
        connection.shutdown()
    except (SSL.Error, OSError):
        pass
    try:
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(4096):
            pass
    except OSError:
        pass


def alternative_names(connection):
    from cryptography import x509

    certificate = connection.get_peer_certificate(as_cryptography=True)
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return x509.SubjectAlternativeName([])


def dns_names(connection):
    from cryptography import x509

    return alternative_names(connection).get_values_for_type(x509.DNSName)


def met(connection, hellos):
    from cryptography import x509

    certificate = connection.get_peer_certificate(as_cryptography=True)
    common_name = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    names = " ".join(str(name.value) for name in list(alternative_names(connection))[:1])
    group = connection.get_group_name()
    retried = "retried" if len(hellos) > 1 else "once"
    return f"CN={common_name} {names} {connection.get_cipher_name()} {group} {retried}"


main()
