"""tlslite-ng, which is TLS in Python alone. What it is told and what it says stands in ../peers.rs. It judges no chains."""

import socket
import sys

from cryptography import x509
from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
from tlslite.constants import CipherSuite, GroupName
from tlslite.errors import TLSError
from tlslite.utils.compat import ML_KEM_AVAILABLE

# Its own names of groups, and of suites, to the standards'.
GROUPS = {"X25519MLKEM768": "x25519mlkem768", "SecP256r1MLKEM768": "secp256r1mlkem768"}
SUITES = {
    CipherSuite.TLS_AES_128_GCM_SHA256: "TLS_AES_128_GCM_SHA256",
    CipherSuite.TLS_AES_256_GCM_SHA384: "TLS_AES_256_GCM_SHA384",
    CipherSuite.TLS_CHACHA20_POLY1305_SHA256: "TLS_CHACHA20_POLY1305_SHA256",
}


def main():
    if sys.argv[1] == "version":
        from importlib.metadata import version

        print("version tlslite-ng", version("tlslite-ng"))
        return
    role, directory, name, groups = sys.argv[1:5]
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = (3, 4)
    # Its client sends a CompressedCertificate that no CertificateRequest has allowed (seen with 0.8.2).
    settings.certificate_compression_send = []
    if groups != "-":
        settings.eccCurves = [GROUPS.get(group, group) for group in groups.split(",")]
        settings.keyShares = settings.eccCurves[:1]
        if "mlkem" in groups.lower() and not ML_KEM_AVAILABLE:
            print("cannot ML-KEM")
            return
    try:
        chain, key = read(directory, name)
    except (KeyError, NotImplementedError, SyntaxError, ValueError) as error:
        print("cannot", type(error).__name__, flush=True)  # it does not know such keys
        return
    if role == "client":
        raw = socket.create_connection(("127.0.0.1", int(sys.argv[5])))
    else:
        listener = socket.create_server(("127.0.0.1", 0))
        print("listening", listener.getsockname()[1], flush=True)
        raw, _ = listener.accept()
    raw.settimeout(20)
    try:
        print("met", talk(TLSConnection(raw), role, chain, key, settings), flush=True)
    except (TLSError, OSError) as error:
        print("refused", type(error).__name__, " ".join(str(error).split()), flush=True)


def read(directory, name):
    if name == "-":
        return None, None
    chain = X509CertChain()
    with open(f"{directory}/{name}.pem") as pem:
        chain.parsePemList(pem.read())
    with open(f"{directory}/{name}.key") as pem:
        return chain, parsePEMKey(pem.read(), private=True, implementations=["python"])


def talk(connection, role, chain, key, settings):
    if role == "client":
        connection.handshakeClientCert(chain, key, settings=settings, serverName="localhost")
        peer = connection.session.serverCertChain
        whom = met(connection, peer)
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    else:
        connection.handshakeServer(certChain=chain, privateKey=key, reqCert=role == "server", settings=settings)
        whom = met(connection, connection.session.clientCertChain)
    heard = b""
    while b"\n" not in heard:
        some = connection.recv(1000)
        if not some:
            raise OSError("closed")
        heard += some
    if role != "client":
        connection.sendall(f"the peer met {whom}\n".encode())
    connection.close()
    return f"{whom} | {heard.decode().splitlines()[0]}"


def met(connection, chain):
    certificate = x509.load_der_x509_certificate(bytes(chain.x509List[0].writeBytes()))
    common_name = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    group = GroupName.toStr(connection.ecdhCurve)
    group = {theirs: standard for standard, theirs in GROUPS.items()}.get(group, group)
    return f"CN={common_name} {names[0].value} {SUITES[connection.session.cipherSuite]} {group} ?"


main()
