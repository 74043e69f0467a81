//! `Answerer` answers the three questions of a handshake, and keeps the reason of a refusal.

use crate::pki::{Ca, now};
use countersign::flow::{Flow, FlowInbox, FlowOutbox};
use countersign::limits::MAX_AUTHORITIES;
use countersign::x509::{Answerer, Expect, Identities, Identity, Reloadable, SignatureMemo, SigningKey, Trust};
use countersign::{
    CertificateType, EcdsaSigValue, Epoch, ErrorKind, Handshake, Inbox, Outbox, Policy, Rejection, Role, Seed,
};
use countersign::{SignQuestion, SignatureScheme, Want};
use std::any::Any;
use std::sync::{Arc, Mutex};

/// One side, as a program would have it.
struct Side {
    identities: Arc<Reloadable<Identities>>,
    trust: Arc<Reloadable<Trust>>,
    expect: Arc<[Expect]>,
}

impl Side {
    fn answerer(&self) -> Answerer {
        Answerer::new(self.identities.clone(), self.trust.clone(), self.expect.clone(), now())
    }
}

fn identity(ca: &Ca, name: &str) -> Identity {
    let leaf = ca.leaf(name, &[name]);
    let key = SigningKey::from_pem_or_der(leaf.key.serialize_pem().as_bytes()).unwrap();
    Identity::new(vec![leaf.der], key).unwrap()
}

fn side(ca: &Ca, name: &str, expect: &[&str]) -> Side {
    Side {
        identities: Arc::new(Reloadable::new(Identities::new(identity(ca, name)))),
        trust: Arc::new(Reloadable::new(Trust::from_roots("roots", &ca.der).unwrap())),
        expect: expect.iter().map(|name| name.parse().unwrap()).collect(),
    }
}

struct End {
    hs: Handshake<Policy>,
    rx: Inbox<Vec<u8>>,
    tx: Outbox<Vec<u8>>,
}

impl End {
    fn new(hs: Handshake<Policy>) -> End {
        End { hs, rx: Inbox::new(vec![0; 120_000]), tx: Outbox::new(vec![0; 120_000]) }
    }

    /// Continues until it wants the transport, is done (`Ok(true)`), or has failed.
    fn drive(&mut self, answerer: &mut Answerer) -> Result<bool, ErrorKind> {
        loop {
            match self.hs.drive(&mut self.rx, &mut self.tx).map_err(|error| error.kind())? {
                Want::Done => return Ok(true),
                Want::Read | Want::Write => return Ok(false),
                question => assert!(answerer.answer(&mut self.hs, &question, &self.rx, &mut self.tx).unwrap()),
            }
        }
    }

    fn sends_to(&mut self, other: &mut End) {
        let bytes = self.tx.pending().to_vec();
        self.tx.sent(bytes.len());
        other.rx.space()[..bytes.len()].copy_from_slice(&bytes);
        if !bytes.is_empty() {
            other.rx.filled(bytes.len());
        }
    }
}

/// Runs both sides to their ends. Returns the results of client and server.
fn connect(policy: Policy, client: &mut Answerer, server: &mut Answerer) -> [Result<bool, ErrorKind>; 2] {
    run(policy, client, server).0
}

fn run(policy: Policy, client: &mut Answerer, server: &mut Answerer) -> ([Result<bool, ErrorKind>; 2], [End; 2]) {
    let mut ends = [
        End::new(Handshake::client(policy.clone(), Some("server.test"), Seed::from_bytes(&[1; 64])).unwrap()),
        End::new(Handshake::server(policy, Seed::from_bytes(&[2; 64]))),
    ];
    let mut results = [Ok(false), Ok(false)];
    for _ in 0..6 {
        let [c, s] = &mut ends;
        if results[0] == Ok(false) {
            results[0] = c.drive(client);
        }
        c.sends_to(s);
        if results[1] == Ok(false) {
            results[1] = s.drive(server);
        }
        s.sends_to(c);
    }
    (results, ends)
}

/// Also after the answerer is dropped, and in both halves.
#[test]
fn a_session_knows_whom_the_answerer_has_accepted() {
    let ca = Ca::root("Root");
    let (client, server) = (side(&ca, "client.test", &["server.test"]), side(&ca, "server.test", &["client.test"]));
    let (results, ends) = run(Policy::new(), &mut client.answerer(), &mut server.answerer());
    assert_eq!(results, [Ok(true), Ok(true)]);
    for (mut end, name) in ends.into_iter().zip(["server.test", "client.test"]) {
        let session = end.hs.finish().unwrap();
        assert_eq!(session.info().peer().unwrap().identity().unwrap().dns_names, [name]);
        let (sender, receiver, _) = session.split();
        for info in [sender.info(), receiver.info()] {
            assert_eq!(info.peer().unwrap().identity().unwrap().dns_names, [name]);
        }
    }
}

#[test]
fn both_sides_answer_in_one_line_and_know_each_other() {
    let ca = Ca::root("Root");
    let (client, server) = (side(&ca, "client.test", &["server.test"]), side(&ca, "server.test", &["client.test"]));
    let memo = Arc::new(SignatureMemo::new(8));
    for _ in 0..2 {
        let mut c = client.answerer().with_memo(memo.clone());
        let mut s = server.answerer().with_memo(memo.clone());
        assert_eq!(connect(Policy::new(), &mut c, &mut s), [Ok(true), Ok(true)]);
        assert_eq!(c.accepted().unwrap().identity().unwrap().dns_names, ["server.test"]);
        assert_eq!(s.accepted().unwrap().identity().unwrap().dns_names, ["client.test"]);
        assert_eq!(memo.len(), 2);
    }
}

#[test]
fn a_refusal_has_its_alert_on_the_wire_and_its_reason_here() {
    let ca = Ca::root("Root");
    let (client, server) = (side(&ca, "client.test", &["other.test"]), side(&ca, "server.test", &["client.test"]));
    let mut c = client.answerer();
    let mut s = server.answerer();
    let [client_result, server_result] = connect(Policy::new(), &mut c, &mut s);
    assert_eq!(client_result, Err(ErrorKind::Rejected { reason: Rejection::WrongName }));
    assert!(matches!(server_result, Err(ErrorKind::PeerRejectedCertificate { .. })), "{server_result:?}");
    let text = c.refusal().unwrap().to_string();
    assert!(text.contains("is not for DNS name other.test: it is for DNS name \"server.test\""), "{text}");
    assert!(s.refusal().is_none() && s.accepted().is_none(), "the client was never judged");
}

/// Who answers with our own certificate may be ourselves, in a mirror.
#[test]
fn a_peer_with_our_own_certificate_is_refused() {
    let ca = Ca::root("Root");
    let client = side(&ca, "server.test", &["server.test"]);
    let server = Side { identities: client.identities.clone(), ..side(&ca, "server.test", &["server.test"]) };
    let (mut c, mut s) = (client.answerer(), server.answerer());
    assert!(connect(Policy::new(), &mut c, &mut s)[0].is_err());
    assert_eq!(c.refusal().unwrap().name(), "OwnCertificate");
}

#[test]
fn raw_public_keys_serve_both_ways_with_pins() {
    let types = [CertificateType::RAW_PUBLIC_KEY];
    let policy = Policy::new().certificate_types(&types, &types);
    let key = || SigningKey::from_der(&rcgen::KeyPair::generate().unwrap().serialize_der()).unwrap();
    let pin = |key: &SigningKey| {
        let hash = ring::digest::digest(&ring::digest::SHA256, &key.public_key());
        vec![Expect::Spki(hash.as_ref().try_into().unwrap())]
    };
    let (c, s) = (key(), key());
    let (expect_client, expect_server) = (pin(&c), pin(&s));
    let side = |key: SigningKey, expect: &[Expect]| Side {
        identities: Arc::new(Reloadable::new(Identities::new(Identity::raw_public_key(key)))),
        trust: Arc::new(Reloadable::new(Trust::raw_keys_only())),
        expect: expect.into(),
    };
    let (client, server) = (side(c, &expect_server), side(s, &expect_client));
    let (mut c, mut s) = (client.answerer(), server.answerer());
    assert_eq!(connect(policy.clone(), &mut c, &mut s), [Ok(true), Ok(true)]);
    let (mut c, mut s) = (Side { expect: expect_client.into(), ..client }.answerer(), server.answerer());
    let [client_result, _] = connect(policy, &mut c, &mut s);
    assert_eq!(client_result, Err(ErrorKind::Rejected { reason: Rejection::AccessDenied }));
}

#[test]
fn a_renewed_certificate_is_used_from_the_next_handshake_on() {
    let ca = Ca::root("Root");
    let (client, server) = (side(&ca, "client.test", &["server.test"]), side(&ca, "server.test", &["client.test"]));
    let mut seen = Vec::new();
    for _ in 0..3 {
        let mut c = client.answerer();
        let mut s = server.answerer();
        assert_eq!(connect(Policy::new(), &mut c, &mut s), [Ok(true), Ok(true)]);
        seen.push(s.accepted().unwrap().leaf().to_vec());
        client.identities.set(Identities::new(identity(&ca, "client.test")));
    }
    seen.dedup();
    assert_eq!(seen.len(), 3);
}

#[test]
fn the_transports_wants_are_not_questions() {
    let ca = Ca::root("Root");
    let side = side(&ca, "client.test", &["server.test"]);
    let mut answerer = side.answerer();
    let mut end = End::new(Handshake::client(Policy::new(), Some("server.test"), Seed::from_bytes(&[1; 64])).unwrap());
    for want in [Want::Read, Want::Write, Want::Done] {
        assert_eq!(answerer.answer(&mut end.hs, &want, &end.rx, &mut end.tx), Ok(false));
    }
    assert_eq!(end.hs.role(), Role::Client);
}

#[test]
fn credentials_and_crls_are_swapped_under_running_handshakes_and_none_fails() {
    let ca = Ca::root("Root");
    let (client, server) = (side(&ca, "client.test", &["server.test"]), side(&ca, "server.test", &["client.test"]));
    let memo = Arc::new(SignatureMemo::new(64));
    let trust = |revoked: &[u8]| {
        let crl = ca.crl(&[revoked], -3600, 3600);
        Trust::builder().roots("roots", &ca.der).crls("crl", &crl).build().unwrap()
    };
    // The peer sees the leaf that is current when its handshake asks, or a later one.
    let [of_client, of_server] = [Mutex::new(Vec::new()), Mutex::new(Vec::new())];
    let renew = |side: &Side, name: &str, leaves: &Mutex<Vec<Vec<u8>>>| {
        let identities = Identities::new(identity(&ca, name));
        leaves.lock().unwrap().push(identities.leaves()[0].to_vec());
        side.identities.set(identities);
    };
    let place = |leaves: &Mutex<Vec<Vec<u8>>>, leaf: &[u8]| leaves.lock().unwrap().iter().position(|each| each == leaf);
    std::thread::scope(|scope| {
        let swaps = scope.spawn(|| {
            for number in 1..=200 {
                renew(&client, "client.test", &of_client);
                renew(&server, "server.test", &of_server);
                client.trust.set(trust(&[1, number]));
                server.trust.set(trust(&[2, number]));
            }
        });
        while !swaps.is_finished() {
            let current = [(&client, &of_client), (&server, &of_server)]
                .map(|(side, leaves)| place(leaves, &side.identities.get().leaves()[0]));
            let mut c = client.answerer().with_memo(memo.clone());
            let mut s = server.answerer().with_memo(memo.clone());
            assert_eq!(connect(Policy::new(), &mut c, &mut s), [Ok(true), Ok(true)]);
            assert!(place(&of_client, s.accepted().unwrap().leaf()) >= current[0]);
            assert!(place(&of_server, c.accepted().unwrap().leaf()) >= current[1]);
        }
        swaps.join().unwrap();
    });
    // The last value counts.
    let leaf = client.identities.get().leaves()[0].clone();
    let (_, parsed) = x509_parser::parse_x509_certificate(&leaf).unwrap();
    server.trust.set(trust(parsed.raw_serial()));
    let mut c = client.answerer().with_memo(memo.clone());
    let mut s = server.answerer().with_memo(memo.clone());
    assert_eq!(connect(Policy::new(), &mut c, &mut s)[1], Err(ErrorKind::Rejected { reason: Rejection::Revoked }));
}

/// The three answers can be given separately: here an HSM signs, which takes a digest and returns r ‖ s.
#[test]
fn an_external_signer_takes_the_digest_and_its_fixed_form_becomes_der() {
    let ca = Ca::root("Root");
    let server = side(&ca, "server.test", &["client.test"]);
    for algorithm in [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519] {
        let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let leaf = crate::pki::leaf_params("client", &["client.test"]).signed_by(&key, &ca.issuer()).unwrap();
        let external = Identity::external(vec![leaf.der().clone()], vec![]).unwrap();
        let client = Side {
            identities: Arc::new(Reloadable::new(Identities::new(external))),
            ..side(&ca, "client.test", &["server.test"])
        };
        let hsm = |question: &SignQuestion| {
            let hash = match question.scheme() {
                SignatureScheme::ED25519 => {
                    assert!(question.digest().is_none(), "Ed25519 signs the whole message");
                    let key = ring::signature::Ed25519KeyPair::from_pkcs8(&key.serialize_der()).unwrap();
                    return key.sign(question.message()).as_ref().to_vec();
                }
                SignatureScheme::ECDSA_SECP256R1_SHA256 => &ring::digest::SHA256,
                _ => &ring::digest::SHA384,
            };
            let fixed = match question.scheme() {
                SignatureScheme::ECDSA_SECP256R1_SHA256 => &ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
                _ => &ring::signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            };
            let digest = ring::digest::digest(hash, question.message());
            assert_eq!(question.digest().unwrap().as_ref(), digest.as_ref());
            let random = ring::rand::SystemRandom::new();
            let key = ring::signature::EcdsaKeyPair::from_pkcs8(fixed, &key.serialize_der(), &random).unwrap();
            let r_s = key.sign(&random, question.message()).unwrap();
            EcdsaSigValue::from_r_s(r_s.as_ref()).unwrap().as_ref().to_vec()
        };
        let (mut c, mut s) = (client.answerer(), server.answerer());
        let mut ends = [
            End::new(Handshake::client(Policy::new(), Some("server.test"), Seed::from_bytes(&[1; 64])).unwrap()),
            End::new(Handshake::server(Policy::new(), Seed::from_bytes(&[2; 64]))),
        ];
        let mut done = [false; 2];
        for _ in 0..6 {
            let [a, b] = &mut ends;
            while !done[0] {
                match a.hs.drive(&mut a.rx, &mut a.tx).unwrap() {
                    Want::Sign(question) => a.hs.answer_sign(&question, &hsm(&question), &mut a.tx).unwrap(),
                    want => match c.answer(&mut a.hs, &want, &a.rx, &mut a.tx).unwrap() {
                        true => {}
                        false if want == Want::Done => done[0] = true,
                        false => break,
                    },
                }
            }
            a.sends_to(b);
            done[1] = done[1] || b.drive(&mut s).unwrap();
            b.sends_to(a);
        }
        assert_eq!(done, [true; 2]);
        assert_eq!(s.accepted().unwrap().leaf(), &leaf.der()[..]);
    }
}

/// RFC 9846 §4.3.4, §4.4.2: all extensions of CertificateRequest have at most 65,535 bytes. With too many names this
/// extension is omitted, and the handshake succeeds.
#[test]
fn more_names_of_authorities_than_tls_carries_are_no_hint_at_all() {
    let ca = Ca::root("Root");
    let client = side(&ca, "client.test", &["server.test"]);
    let key = rcgen::KeyPair::generate().unwrap();
    let mut file = crate::pki::pem("CERTIFICATE", &ca.der);
    let mut hints = Vec::new();
    for number in 0..=700 {
        if [0, 200, 400, 700].contains(&number) {
            let trust = Trust::from_roots("roots", file.as_bytes()).unwrap();
            assert_eq!(trust.root_count(), number + 1);
            let names = trust.certificate_authorities();
            hints.push(names.as_slice().len());
            let server = Side { trust: Arc::new(Reloadable::new(trust)), ..side(&ca, "server.test", &["client.test"]) };
            let policy = Policy::new().certificate_authorities(names);
            let (mut c, mut s) = (client.answerer(), server.answerer());
            assert_eq!(connect(policy, &mut c, &mut s), [Ok(true), Ok(true)], "{number}");
        }
        let name =
            format!("A certification authority with a name as long as those of the world, number {number:05} of them");
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.distinguished_name.push(rcgen::DnType::OrganizationName, "An organisation of the world");
        file += &crate::pki::pem("CERTIFICATE", params.self_signed(&key).unwrap().der());
    }
    let [one, some, many, none] = hints[..] else { panic!("four sizes") };
    assert!(one < 100 && (25_000..32_000).contains(&some) && (50_000..64_512).contains(&many), "{hints:?}");
    assert_eq!(none, 0);
}

#[test]
fn the_names_of_authorities_may_take_all_that_tls_carries() {
    // A certificate has at most 65,535 bytes: two of them. DER adds 21 bytes to such a common name, the list 2.
    let longest = MAX_AUTHORITIES / 2 - 2 - 21;
    for (length, hint) in [(longest, MAX_AUTHORITIES), (longest + 1, 0)] {
        let roots = [Ca::root(&"A".repeat(longest)), Ca::root(&"B".repeat(length))];
        let builder = Trust::builder().roots("first", &roots[0].der).roots("second", &roots[1].der);
        assert_eq!(builder.build().unwrap().certificate_authorities().as_slice().len(), hint);
    }
}

/// One `Answerer` serves both carriers. One value can hold it together with its handshake, because it owns its data.
#[test]
fn the_same_answerer_serves_messages_and_lives_beside_its_handshake() {
    /// What one end sends at once: parts of messages, with their epochs.
    type Sent = Vec<(Epoch, Vec<u8>)>;

    struct Connection {
        hs: Flow<Policy>,
        answerer: Answerer,
        rx: FlowInbox<Vec<u8>>,
        tx: FlowOutbox<Vec<u8>>,
    }

    impl Connection {
        fn boxed(hs: Flow<Policy>, answerer: Answerer) -> Box<dyn Any> {
            let (rx, tx) = (FlowInbox::new(vec![0; 20_000]), FlowOutbox::new(vec![0; 20_000]));
            Box::new(Connection { hs, answerer, rx, tx })
        }

        /// Continues until it is done, or needs more than has come.
        fn turn(&mut self, received: &Sent) -> (Want, Sent) {
            let (mut received, mut sent) = (received.iter(), Sent::new());
            loop {
                let want = self.hs.drive(&mut self.rx, &mut self.tx).unwrap();
                while let Some((epoch, bytes)) = self.tx.pending() {
                    let len = bytes.len();
                    sent.push((epoch, bytes.to_vec()));
                    self.tx.sent(len);
                }
                if self.answerer.answer(&mut self.hs, &want, &self.rx, &mut self.tx).unwrap() || want == Want::Write {
                    continue;
                }
                match received.next() {
                    Some((epoch, bytes)) => assert_eq!(self.rx.feed(*epoch, bytes), bytes.len()),
                    None => return (want, sent),
                }
            }
        }
    }

    let ca = Ca::root("Root");
    let (client, server) = (side(&ca, "client.test", &["server.test"]), side(&ca, "server.test", &["client.test"]));
    let hs = Flow::client(Policy::new(), Some("server.test"), Seed::from_bytes(&[1; 64])).unwrap();
    let client = Connection::boxed(hs, client.answerer());
    let server = Connection::boxed(Flow::server(Policy::new(), Seed::from_bytes(&[2; 64])), server.answerer());
    let mut ends = [client, server];
    let mut bytes = Sent::new();
    for turn in 0..5 {
        let connection: &mut Connection = ends[turn % 2].downcast_mut().unwrap();
        (_, bytes) = connection.turn(&bytes);
    }
    for (end, name) in ends.into_iter().zip(["server.test", "client.test"]) {
        let mut connection: Box<Connection> = end.downcast().ok().unwrap();
        assert_eq!(connection.turn(&Sent::new()).0, Want::Done);
        assert_eq!(connection.answerer.into_accepted().unwrap().identity().unwrap().dns_names, [name]);
    }
}
