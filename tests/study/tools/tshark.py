"""Compares a study with what tshark says: the same messages, and in each the same fields at the same places.

usage: tshark.py CAPTURE KEY_LOG STUDY.json
Offsets are compared within each message, as the two number their byte strings differently.
"""

import collections
import json
import subprocess
import sys

# tshark's name: ours. "X length" is the length before X.
FIELDS = {
    "tls.handshake.type": ["msg_type"],
    "tls.handshake.length": ["message length"],
    "tls.handshake.version": ["legacy_version"],
    "tls.handshake.random": ["random"],
    "tls.handshake.session_id_length": ["legacy_session_id length", "legacy_session_id_echo length"],
    "tls.handshake.session_id": ["legacy_session_id", "legacy_session_id_echo"],
    "tls.handshake.cipher_suites_length": ["cipher_suites length"],
    "tls.handshake.ciphersuites": ["cipher_suites"],
    "tls.handshake.ciphersuite": ["cipher_suite"],
    "tls.handshake.comp_methods_length": ["legacy_compression_methods length"],
    "tls.handshake.comp_methods": ["legacy_compression_methods"],
    "tls.handshake.comp_method": ["compression_method", "legacy_compression_method"],
    "tls.handshake.extensions_length": ["extensions length"],
    "tls.handshake.extension.type": ["extension_type"],
    "tls.handshake.extension.len": ["extension_data length"],
    "tls.handshake.extensions_server_name_list_len": ["server_name_list length"],
    "tls.handshake.extensions_server_name_type": ["name_type"],
    "tls.handshake.extensions_server_name_len": ["host_name length"],
    "tls.handshake.extensions_server_name": ["host_name"],
    "tls.handshake.extensions_supported_groups_length": ["named_group_list length"],
    "tls.handshake.extensions_supported_groups": ["named_group_list"],
    "tls.handshake.extensions_supported_group": ["named_group"],
    "tls.handshake.extensions_ec_point_formats_length": ["ec_point_formats length"],
    "tls.handshake.extensions_ec_point_formats": ["ec_point_formats"],
    "tls.handshake.sig_hash_alg_len": ["supported_signature_algorithms length"],
    "tls.handshake.sig_hash_algs": ["supported_signature_algorithms"],
    "tls.handshake.sig_hash_alg": ["signature_scheme", "algorithm"],
    "tls.handshake.extensions_alpn_len": ["protocol_name_list length"],
    "tls.handshake.extensions_alpn_list": ["protocol_name_list"],
    "tls.handshake.extensions_alpn_str_len": ["protocol_name length"],
    "tls.handshake.extensions_alpn_str": ["protocol_name"],
    "tls.handshake.extensions.supported_versions_len": ["versions length"],
    "tls.handshake.extensions.supported_version": ["version", "selected_version"],
    "tls.handshake.extensions_key_share_client_length": ["client_shares length"],
    "tls.handshake.extensions_key_share_group": ["group"],
    "tls.handshake.extensions_key_share_selected_group": ["selected_group"],
    "tls.handshake.extensions_key_share_key_exchange_length": ["key_exchange length"],
    "tls.handshake.extensions_key_share_key_exchange": ["key_exchange"],
    "tls.extension.psk_ke_modes_length": ["ke_modes length"],
    "tls.extension.psk_ke_mode": ["ke_mode"],
    "tls.handshake.extensions_padding_data": ["padding"],
    "tls.handshake.certificate_request_context_length": ["certificate_request_context length"],
    "tls.handshake.certificates_length": ["certificate_list length"],
    "tls.handshake.certificates": ["certificate_list"],
    "tls.handshake.certificate_length": ["cert_data length"],
    "tls.handshake.certificate": ["cert_data"],
    "tls.handshake.dnames_len": ["authorities length"],
    "tls.handshake.dname_len": ["distinguished_name length"],
    "tls.handshake.client_cert_vrfy.sig_len": ["signature length"],
    "tls.handshake.client_cert_vrfy.sig": ["signature"],
    "tls.handshake.verify_data": ["verify_data"],
    "tls.handshake.session_ticket_lifetime_hint": ["ticket_lifetime"],
    "tls.handshake.session_ticket_age_add": ["ticket_age_add"],
    "tls.handshake.session_ticket_nonce_length": ["ticket_nonce length"],
    "tls.handshake.session_ticket_nonce": ["ticket_nonce"],
    "tls.handshake.session_ticket_length": ["ticket length"],
    "tls.handshake.session_ticket": ["ticket"],
    "tls.record_size_limit": ["record_size_limit"],
    "tls.handshake.cert_type.types_len": ["certificate_types length"],
    "tls.handshake.cert_type.type": ["certificate_type"],
}
# tshark knows these as something else, or not at all; each was looked at. It begins a distinguished name (`dname`) behind
# the tag and length of its SEQUENCE, so that only its length is compared; it divides `random` once more, into time and
# bytes; 4.0 shows no body of a KeyUpdate (`request_update`).
KNOWN_DIFFERENCES = {
    # The body of a certificate of type RawPublicKey is no "certificate" to tshark.
    "raw_public_key": {"tls.handshake.certificate", "tls.handshake.certificate_length", "tls.handshake.certificates",
                       "tls.handshake.certificates_length", "tls.handshake.extensions_length"},
}
RECORD = {"tls.record.version": (1, 2), "tls.record.length": (3, 2)}
ALERT = {"tls.alert_message.level": ["level"], "tls.alert_message.desc": ["description"]}


def raws(node, found):
    """Every `name_raw` below: [hex, position, length, ...], one or several."""
    if isinstance(node, list):
        for item in node:
            raws(item, found)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name.endswith("_raw"):
                for entry in value if isinstance(value[0], list) else [value]:
                    found[name[:-4]].append((entry[1], entry[2], entry[0]))
            else:
                raws(value, found)
    return found


def each(node, wanted, found):
    """Every (raw, tree) of a name, in order."""
    if isinstance(node, list):
        for item in node:
            each(item, wanted, found)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == wanted:
                raw = node[name + "_raw"]
                entries = raw if isinstance(raw[0], list) else [raw]
                trees = value if isinstance(value, list) else [value]
                assert len(entries) == len(trees)
                found.extend(zip(entries, trees))
            else:
                each(value, wanted, found)
    return found


def tshark(capture, log):
    command = ["tshark", "-r", capture, "-o", f"tls.keylog_file:{log}", "-T", "json", "-x", "--no-duplicate-keys", "-Y", "tls"]
    out = subprocess.run(command, capture_output=True, check=True).stdout
    layers = [packet["_source"]["layers"] for packet in json.loads(out)]
    return [layer["tls"] for layer in layers if "tls" in layer]


def main():
    capture, log, path = sys.argv[1:]
    layers = tshark(capture, log)
    [connection] = json.load(open(path))["connections"]
    spaces = [bytes.fromhex(space["bytes"]) for space in connection["spaces"]]
    raw_keys = any(f["name"] == "cert_data" and not f["value"].startswith(("CN=", "DNS:", "URI:")) for f in connection["fields"])
    skipped = KNOWN_DIFFERENCES["raw_public_key"] if raw_keys else set()

    theirs = each(layers, "tls.handshake", [])
    assert len(theirs) == len(connection["messages"]), f"{len(theirs)} messages, not {len(connection['messages'])}"
    compared = collections.Counter()
    in_der = set()
    for field in connection["fields"]:
        above = field["parent"]
        if above is not None and (above in in_der or connection["fields"][above]["name"] == "cert_data"):
            in_der.add(field["id"])
    for (raw, tree), message in zip(theirs, connection["messages"]):
        start, end = message["start"], message["start"] + message["len"]
        assert bytes.fromhex(raw[0]) == spaces[message["space"]][start:end], message["name"]
        found = raws(tree, collections.defaultdict(list))
        ours = collections.defaultdict(list)
        for field in connection["fields"]:
            parent = connection["fields"][field["parent"]]["name"] if field["parent"] is not None else ""
            # An extension as a whole is called by its name, and so may be its body; DER has names of its own.
            other = parent == "extensions" or field["id"] in in_der
            if field["space"] == message["space"] and start <= field["start"] < end and field["len"] and not other:
                bytes_ = spaces[field["space"]][field["start"] : field["start"] + field["len"]]
                ours[field["name"]].append((field["start"] - start, field["len"], bytes_.hex()))
        for name, names in FIELDS.items():
            if name in skipped:
                continue
            expected = sorted((at - raw[1], length, digits) for at, length, digits in found[name] if length)
            got = sorted(value for ours_ in names for value in ours[ours_])
            assert expected == got, f"{message['name']}: {name}\n tshark {expected}\n study  {got}"
            compared[name] += len(got)

    # Records: version and length of each, in order.
    found = raws(layers, collections.defaultdict(list))
    for name, (at, length) in RECORD.items():
        got = [spaces[r["space"]][r["start"] + at : r["start"] + at + length].hex() for r in connection["records"]]
        expected = [digits for _, _, digits in found[name]]
        assert expected == got, f"{name}\n tshark {expected}\n study  {got}"
        compared[name] += len(got)
    for name, names in ALERT.items():
        alerts = [f for f in connection["fields"] if f["name"] in names]
        got = sorted(spaces[f["space"]][f["start"] : f["start"] + f["len"]].hex() for f in alerts)
        assert sorted(digits for _, _, digits in found[name]) == got, name
        compared[name] += len(got)
    print(f"{capture}: {sum(1 for count in compared.values() if count)} of {len(FIELDS) + 4} names, {sum(compared.values())} fields agree")


main()
