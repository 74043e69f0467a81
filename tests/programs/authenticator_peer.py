"""The other end of authenticators.rs: RFC 9261 over pyOpenSSL's export_keying_material and cryptography, and nothing of
countersign.

    authenticator_peer.py client|server PORT DIRECTORY

DIRECTORY has ca.pem, first.pem and first.key (who it is in the handshake), next.pem and next.key (whom it proves to be
afterwards). Frames over TLS: one byte, four bytes of length, contents.
"""

import hashlib, hmac, os, select, socket, struct, sys
from OpenSSL import SSL
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

role, port, directory = sys.argv[1], int(sys.argv[2]), sys.argv[3]
other = {"client": "server", "server": "client"}[role]
REQUEST = {"server": 13, "client": 17}
P256_SHA256 = 0x0403


def path(name):
    return os.path.join(directory, name)


# ---- RFC 9846 §3, §4


def vector(size, contents):
    return len(contents).to_bytes(size, "big") + contents


def message(typ, body):
    return bytes([typ]) + vector(3, body)


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, count):
        assert len(self.data) >= count, "truncated"
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def vector(self, size):
        return self.take(int.from_bytes(self.take(size), "big"))

    def message(self, typ):
        begin = self.data
        assert self.take(1)[0] == typ, "another message"
        body = self.vector(3)
        return body, begin[: len(begin) - len(self.data)]


def extensions_of(body):
    reader = Reader(body)
    context, block = reader.vector(1), Reader(reader.vector(2))
    assert not reader.data, "trailing bytes"
    found = {}
    while block.data:
        typ = int.from_bytes(block.take(2), "big")
        found[typ] = block.vector(2)
    return context, found


# ---- RFC 9261 §5


class Authenticators:
    def __init__(self, connection):
        name = connection.get_cipher_name()
        self.hash = hashlib.sha384 if "SHA384" in name else hashlib.sha256
        size = self.hash().digest_size

        def export(who, what):
            label = f"EXPORTER-{who} authenticator {what}".encode()
            return connection.export_keying_material(label, size, b"")

        self.handshake_context = {who: export(who, "handshake context") for who in ("client", "server")}
        self.finished_key = {who: export(who, "finished key") for who in ("client", "server")}

    def mac(self, who, *transcript):
        digest = self.hash(self.handshake_context[who] + b"".join(transcript)).digest()
        return message(20, hmac.new(self.finished_key[who], digest, self.hash).digest())

    def content(self, who, request, certificate):
        digest = self.hash(self.handshake_context[who] + request + certificate).digest()
        return b"\x20" * 64 + b"Exported Authenticator" + b"\x00" + digest

    def make(self, who, request, context, chain, key, algorithm=P256_SHA256):
        certificate = certificate_message(context, chain)
        signature = key.sign(self.content(who, request, certificate), ec.ECDSA(hashes.SHA256()))
        verify = message(15, struct.pack(">H", algorithm) + vector(2, signature))
        return certificate + verify + self.mac(who, request, certificate, verify)

    def empty(self, who, request, context):
        return self.mac(who, request, certificate_message(context, []))

    def check(self, who, request, context, authenticator):
        """The chain that is proved. Everything else than the signature is compared byte for byte."""
        reader = Reader(authenticator)
        body, certificate = reader.message(11)
        proof, verify = reader.message(15)
        _, finished = reader.message(20)
        assert not reader.data, "trailing bytes"
        body = Reader(body)
        found, entries = body.vector(1), Reader(body.vector(3))
        assert context is None or found == context, "another context"
        chain = []
        while entries.data:
            chain.append(entries.vector(3))
            assert entries.vector(2) == b"", "an extension that was not asked for"
        assert certificate == certificate_message(found, chain), "Certificate"
        proof = Reader(proof)
        algorithm, signature = int.from_bytes(proof.take(2), "big"), proof.vector(2)
        assert algorithm == P256_SHA256 and not proof.data, "algorithm"
        key = x509.load_der_x509_certificate(chain[0]).public_key()
        key.verify(signature, self.content(who, request, certificate), ec.ECDSA(hashes.SHA256()))
        expected = certificate + message(15, struct.pack(">H", algorithm) + vector(2, signature))
        expected += self.mac(who, request, certificate, expected[len(certificate):])
        assert authenticator == expected, "not byte for byte"
        return chain


def certificate_message(context, chain):
    entries = b"".join(vector(3, der) + vector(2, b"") for der in chain)
    return message(11, vector(1, context) + vector(3, entries))


def last_bit(data):
    return data[:-1] + bytes([data[-1] ^ 1])


def request_message(who, context):
    algorithms = struct.pack(">HHHH", 13, 4, 2, P256_SHA256)
    unknown = struct.pack(">HH", 0xFAFA, 3) + b"???"
    return message(REQUEST[who], vector(1, context) + vector(2, unknown + algorithms))


# ---- the connection


def connect():
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    context.use_certificate_chain_file(path("first.pem"))
    context.use_privatekey_file(path("first.key"))
    context.load_verify_locations(path("ca.pem"))
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *args: args[-1] == 1)
    if role == "server":
        listener = socket.create_server(("127.0.0.1", port))
        print(listener.getsockname()[1], flush=True)
        connection = SSL.Connection(context, listener.accept()[0])
        connection.set_accept_state()
    else:
        connection = SSL.Connection(context, socket.create_connection(("127.0.0.1", port)))
        connection.set_connect_state()
    connection.do_handshake()
    return connection


def frames(connection):
    data = b""
    while True:
        while len(data) < 5 or len(data) < 5 + int.from_bytes(data[1:5], "big"):
            try:
                data += connection.recv(65536)
            except SSL.WantReadError:
                select.select([connection], [], [])
            except (SSL.ZeroReturnError, SSL.SysCallError):
                return
        end = 5 + int.from_bytes(data[1:5], "big")
        yield data[:1], data[5:end]
        data = data[end:]


connection = connect()
ours = Authenticators(connection)
with open(path("next.pem"), "rb") as file:
    chain = [each.public_bytes(serialization.Encoding.DER) for each in x509.load_pem_x509_certificates(file.read())]
with open(path("next.key"), "rb") as file:
    key = serialization.load_pem_private_key(file.read(), None)
asked = b""
other_session = Authenticators(connection)
other_session.handshake_context = {who: os.urandom(ours.hash().digest_size) for who in ("client", "server")}
other_session.finished_key = {who: os.urandom(ours.hash().digest_size) for who in ("client", "server")}

for kind, contents in frames(connection):
    try:
        if kind == b"M":  # make a request
            asked = request_message(role, os.urandom(32))
            answer = asked
        elif kind in (b"V", b"U", b"N"):  # verify: an answer, an unasked one, an empty one
            context = extensions_of(Reader(asked).message(REQUEST[role])[0])[0]
            if kind == b"N":
                assert contents == ours.empty(other, asked, context), "not byte for byte"
                answer = b"ok"
            else:
                request, context = (asked, context) if kind == b"V" else (b"", None)
                answer = b"ok" + ours.check(other, request, context, contents)[0]
        elif kind == b"S":  # prove unasked
            answer = ours.make(role, b"", os.urandom(20), chain, key)
        else:
            body, request = Reader(contents).message(REQUEST[other])
            context, found = extensions_of(body)
            assert 13 in found, "no signature_algorithms"
            wrong = os.urandom(len(context))
            answer = {
                b"A": lambda: ours.make(role, request, context, chain, key),
                b"D": lambda: ours.empty(role, request, context),
                b"1": lambda: other_session.make(role, request, context, chain, key),
                b"2": lambda: ours.make(other, request, context, chain, key),
                b"3": lambda: ours.make(role, request, wrong, chain, key),
                b"4": lambda: ours.make(role, request, context, chain, ec.generate_private_key(ec.SECP256R1())),
                b"5": lambda: ours.make(role, request, context, chain, key, algorithm=0x0503),
                b"6": lambda: last_bit(ours.make(role, request, context, chain, key)),
                b"7": lambda: ours.make(role, request, context, [], key),
                b"8": lambda: ours.make(role, b"", context, chain, key),
                b"9": lambda: ours.empty(other, request, context),
            }[kind]()
    except (AssertionError, InvalidSignature, KeyError) as error:
        answer = f"{type(error).__name__}: {error}".encode()
    connection.sendall(vector(4, answer))
