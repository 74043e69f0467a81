"""Computes every value of a study's pages again, by other means: Python's hashlib and `cryptography`.

usage: recompute.py PAGE.html...
Inputs are only those that the page itself shows.
"""

import hashlib
import hmac
import json
import re
import sys

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import load_der_public_key


class Page:
    def __init__(self, path):
        text = open(path, encoding="utf-8").read()
        self.data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.S).group(1))
        suite = next(f["value"] for f in self.data["summary"] if f["name"] == "cipher_suite")
        self.hash = hashlib.sha384 if "SHA384" in suite else hashlib.sha256
        self.aead = ChaCha20Poly1305 if "CHACHA20" in suite else AESGCM
        self.length = self.hash().digest_size
        self.hashes = {h["name"]: h for h in self.data["hashes"]}
        self.spaces = dict(self.data["spaces"])
        self.secrets = {s["name"]: s for s in self.data["secrets"]}
        self.count = 0

    def span(self, space, start, length):
        """The bytes of a space; None if the page leaves some of them out."""
        out = b""
        for at, digits in self.spaces[space]["parts"]:
            part = bytes.fromhex(digits)
            if at <= start + len(out) < at + len(part):
                out += part[start + len(out) - at :][: length - len(out)]
        return out if len(out) == length else None

    def input(self, given):
        if "name" in given:
            return self.known(given["name"])
        if "bytes" in given:
            return bytes.fromhex(given["bytes"])
        return self.span(given["space"], given["start"], given["len"])

    def known(self, name):
        entry = self.secrets.get(name) or self.hashes[name]
        return bytes.fromhex(entry["bytes"]) if "bytes" in entry else None

    def expand_label(self, secret, label, context, length):
        full = b"tls13 " + label.encode()
        info = length.to_bytes(2, "big") + bytes([len(full)]) + full + bytes([len(context)]) + context
        out, block, number = b"", b"", 1
        while len(out) < length:
            block = hmac.new(secret, block + info + bytes([number]), self.hash).digest()
            out, number = out + block, number + 1
        return out[:length]

    def is_equal(self, what, ours, shown):
        assert ours == shown, f"{what}: computed {ours.hex()}, shown {shown.hex()}"
        self.count += 1

    def check_hashes(self):
        for name, entry in self.hashes.items():
            pieces = [self.input(given) for given in entry["inputs"]]
            self.is_equal(name, self.hash(b"".join(pieces)).digest(), bytes.fromhex(entry["bytes"]))

    def check_secrets(self):
        for name, entry in self.secrets.items():
            if "bytes" not in entry:
                assert entry["missing"]["en"] and entry["missing"]["es"], name
                continue
            shown, formula = bytes.fromhex(entry["bytes"]), entry["formula"]
            if found := re.fullmatch(r'HKDF-Expand-Label\((\w+), "([^"]+)", "", (\d+)\)', formula):
                secret, label, length = found.groups()
                ours = self.expand_label(self.known(secret), label, b"", int(length))
            elif found := re.fullmatch(r'HKDF-Expand-Label\((\w+), "exporter", Hash\(""\), (\d+)\)', formula):
                secret, length = found.groups()
                ours = self.expand_label(self.known(secret), "exporter", self.hash(b"").digest(), int(length))
            elif found := re.fullmatch(r'Derive-Secret\((\w+), "([^"]+)", (.+)\)', formula):
                secret, label, messages = found.groups()
                if self.known(secret) is None:
                    continue  # From the key log: what is above it is not known.
                context = self.hash(b"").digest() if messages == '""' else self.known(messages)
                ours = self.expand_label(self.known(secret), label, context, self.length)
            elif found := re.fullmatch(r"HKDF-Extract\((\w+), (\w+)\)", formula):
                salt, ikm = (bytes(self.length) if w == "0" else self.known(w) for w in found.groups())
                ours = hmac.new(salt, ikm, self.hash).digest()
            elif name == "shared_secret" and formula.startswith("X25519("):
                ours = self.shared_secret()
            else:
                assert name in ("client_private_key", "server_private_key"), formula
                continue
            self.is_equal(name, ours, shown)

    def shared_secret(self):
        """Both ways: each private key with the share that the other has sent."""
        inputs = self.secrets["shared_secret"]["inputs"]
        shares = {given["is"]: self.input(given) for given in inputs if "is" in given}
        results = set()
        for own, other in (("client", "server"), ("server", "client")):
            private = X25519PrivateKey.from_private_bytes(self.known(own + "_private_key"))
            self.is_equal("public half", private.public_key().public_bytes_raw(), shares[own + " key_share"])
            results.add(private.exchange(X25519PublicKey.from_public_bytes(shares[other + " key_share"])))
        [result] = results
        return result

    def check_proofs(self):
        for entry in self.data["checks"]:
            if entry["ok"] is None:
                continue
            inputs = [self.input(given) for given in entry["inputs"]]
            if entry["name"].endswith("Finished"):
                key, hash_, received = inputs
                ours = hmac.new(key, hash_, self.hash).digest()
                self.is_equal(entry["name"], ours, bytes.fromhex(entry["expected"]["bytes"]))
                assert (ours == received) == entry["ok"], entry["name"]
            else:
                hash_, content, certificate, signature = inputs
                role = entry["name"].split()[0]
                # RFC 9846 §4.5.2, RFC 9261 §5.2.2
                again = "authenticator" in entry["name"]
                context = "Exported Authenticator" if again else f"TLS 1.3, {role} CertificateVerify"
                signed = b" " * 64 + context.encode() + b"\0" + hash_
                self.is_equal(entry["name"], signed, content)
                scheme = re.search(r"verify\[(\w+)\]", entry["formula"]).group(1)
                assert verifies(certificate, scheme, signature, content) == entry["ok"], entry["name"]
                self.count += 1

    def check_records(self):
        for record in self.data["records"]:
            if record["plaintext"] is None:
                continue
            part = record["sender"] + "_" + record["keys"]
            if record.get("generation"):
                part += f"_{record['generation']}"
            key, iv = self.known(part + "_write_key"), self.known(part + "_write_iv")
            number = record["sequence_number"].to_bytes(len(iv), "big")
            nonce = bytes(a ^ b for a, b in zip(iv, number))
            self.is_equal("nonce", nonce, bytes.fromhex(record["nonce"]))
            sealed = self.span(record["space"], record["start"], record["len"])
            shown = self.span(record["plaintext"], 0, self.spaces[record["plaintext"]]["len"])
            if sealed and shown is not None:
                self.is_equal("record", self.aead(key).decrypt(nonce, sealed[5:], sealed[:5]), shown)


def verifies(certificate, scheme, signature, content):
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except ValueError:
        key = load_der_public_key(certificate)
    size = re.search(r"sha(\d+)$", scheme)
    algorithm = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}[size.group(1)]() if size else None
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, content, ec.ECDSA(algorithm))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, content)
        else:
            assert isinstance(key, rsa.RSAPublicKey)
            pss = padding.PSS(padding.MGF1(algorithm), algorithm.digest_size)
            key.verify(signature, content, pss, algorithm)
    except InvalidSignature:
        return False
    return True


def main():
    for path in sys.argv[1:]:
        page = Page(path)
        page.check_hashes()
        page.check_secrets()
        page.check_proofs()
        page.check_records()
        assert page.count > 0, f"{path}: nothing was computed"
        print(f"{path}: {page.count} values agree")


main()
