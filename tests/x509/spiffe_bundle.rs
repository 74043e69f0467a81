//! A SPIFFE bundle in JSON: a JWK Set whose x509-svid keys have the trust domain's roots.

use crate::pki::{Ca, NOW, at, pem};
use countersign::x509::{Expect, JudgeOptions, Trust};
use countersign::{Peer, Role};

const ID: &str = "spiffe://example.org/api";

fn base64(der: &[u8]) -> String {
    let pem = pem("", der);
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

fn load(json: &str) -> Result<Trust, String> {
    let builder = Trust::builder().spiffe_bundle("example.org".parse().unwrap(), "bundle.json", json.as_bytes());
    builder.build().map_err(|error| error.to_string())
}

fn key(usage: &str, rest: &str) -> String {
    format!("{{\"kty\": \"EC\", \"use\": \"{usage}\", \"crv\": \"P-256\", \"x\": \"fK-w\", \"y\": \"qZ\"{rest}}}")
}

#[test]
fn its_roots_vouch_for_the_ids_of_its_trust_domain() {
    let (old, new, elsewhere) = (Ca::root("Old"), Ca::root("New"), Ca::root("Elsewhere"));
    let x5c = |ca: &Ca| format!(", \"x5c\": [\"{}\"]", base64(&ca.der));
    // With the escapes of some JSON writers, and a second value, which MUST be ignored (X509-SVID §6.2).
    let escaped = format!(", \"x5c\": [\"{}\", 7]", base64(&new.der).replace('/', "\\/"));
    let keys = [
        key("x509-svid", &x5c(&old)),
        key("jwt-svid", ", \"kid\": \"C6vs25welZOx6WksNYfbMfiw9l96pMnD\""),
        key("x509-svid", &escaped),
        key("x509-svid", ""),
        key("x509-svid", ", \"x5c\": []"),
        key("of-tomorrow", &x5c(&elsewhere)),
        key("x509-svid", &x5c(&elsewhere)).replace("\"EC\"", "\"of-tomorrow\""),
    ];
    let json = format!(
        "\n{{\"keys\": [{}],\n \"spiffe_sequence\": 12035488, \"spiffe_refresh_hint\": 2419200}}\n",
        keys.join(",\n")
    );
    assert_eq!(load(&format!("\u{feff}{json}")).unwrap().root_count(), 2, "with a byte order mark");
    let trust = load(&json).unwrap();
    assert_eq!(trust.root_count(), 2);
    let expect: [Expect; 1] = [ID.parse().unwrap()];
    for (ca, accepted) in [(&old, true), (&new, true), (&elsewhere, false)] {
        let peer = [ca.leaf("", &[ID]).der];
        let judged = trust.judge(&Peer::new(Role::Client, &peer), &JudgeOptions::new(&expect, at(NOW)));
        assert_eq!(judged.is_ok(), accepted);
    }
    let foreign = [old.leaf("", &["spiffe://example.com/api"]).der];
    let expect: [Expect; 1] = ["spiffe://example.com/api".parse().unwrap()];
    assert!(trust.judge(&Peer::new(Role::Client, &foreign), &JudgeOptions::new(&expect, at(NOW))).is_err());
}

#[test]
fn what_is_wrong_in_it_is_told_with_its_line() {
    let root = base64(&Ca::root("Root").der);
    let good = key("x509-svid", &format!(", \"x5c\": [\"{root}\"]"));
    let bundle = |key: &str| format!("{{\"keys\": [\n{good},\n{key}]}}");
    for (json, says) in [
        ("{\"keys\":\n[}".into(), "bundle.json line 2: the SPIFFE bundle is no JSON: a value is missing or unknown"),
        ("{}".into(), "bundle.json line 1: the SPIFFE bundle has no list of \"keys\""),
        ("{\"keys\": {}}".into(), "bundle.json line 1: the SPIFFE bundle has no list of \"keys\""),
        ("{\"keys\": []}".into(), "bundle.json line 1: the SPIFFE bundle has no certificate for \"x509-svid\""),
        (
            "{\"trust_domains\": {\"example.org\": {\"keys\": []}}}".into(),
            "bundle.json line 1: it is a map of SPIFFE bundles: load each of its \"trust_domains\" as a bundle of its own",
        ),
        (bundle("7"), "bundle.json line 1: key 1 of the SPIFFE bundle: it is no object"),
        (bundle("{\"kty\": \"EC\"}"), "bundle.json line 3: key 1 of the SPIFFE bundle: it has no \"use\""),
        (bundle("{\"use\": \"x509-svid\"}"), "bundle.json line 3: key 1 of the SPIFFE bundle: it has no \"kty\""),
        (
            bundle(&key("x509-svid", ", \"x5c\": \"x\"")),
            "bundle.json line 3: key 1 of the SPIFFE bundle: its \"x5c\" is no list",
        ),
        (
            bundle(&key("x509-svid", ", \"x5c\": [7]")),
            "bundle.json line 3: key 1 of the SPIFFE bundle: its \"x5c\" holds no text",
        ),
        (
            bundle(&key("x509-svid", ",\n\"x5c\": [\"a-_b\"]")),
            "bundle.json line 3: key 1 of the SPIFFE bundle: its \"x5c\" is no base64",
        ),
        (
            bundle(&key("x509-svid", ",\n\"x5c\":\n[\"MAA=\"]")),
            "bundle.json line 5: not a usable root certificate: it is not a certificate",
        ),
    ] {
        assert_eq!(load(&json).err().as_deref(), Some(says), "{json}");
    }
}
