//! One handshake, one step at a time.
//!
//! Read this file from top to bottom, with RFC 9846 open beside it. One test has a client and a server. Each `step()`
//! does exactly one thing: it makes one *transition* (a message sent or received, an answer processed), or it returns what
//! it *wants* from its program. The whole handshake:
//!
//! ```text
//!     Client                                                Server
//!
//!     ClientHello              -------->                             1
//!                                                      ServerHello   2
//!                                            {EncryptedExtensions}   3
//!                                             {CertificateRequest}   3
//!                                                    {Certificate}   3
//!                                              {CertificateVerify}   4
//!                              <--------                {Finished}   4
//!     {Certificate}                                                  6
//!     {CertificateVerify}                                            6
//!     {Finished}               -------->                             6
//!                              <--------                 [KeyUpdate] 8
//!     [application data]       <------->          [application data] 9
//!
//!     { } under the handshake keys, [ ] under the application keys. The numbers are the chapters below. In 5 the client
//!     reads and judges, in 7 the server.
//! ```
//!
//! This is figure 1 of RFC 9846 §2 without options: *both* sides show a certificate, *both* prove that they hold its key,
//! and both programs decide whether they accept the other's identity. Otherwise there is no connection.

#[path = "support/identity.rs"]
mod identity;

use countersign::TransitionEvent::{Accepted, Presented, Received, Sent, Signed};
use countersign::{
    CipherSuite, Credential, Epoch, Event, Handshake, HandshakeType, Inbox, NamedGroup, Outbox, Policy, Role, Seed,
    SignatureScheme, State, Step, Transition, Verdict, Want,
};
use identity::Pki;

/// One end: the state machine and its memory.
struct End {
    hs: Handshake<Policy>,
    /// What the peer sends.
    rx: Inbox<Vec<u8>>,
    /// What we send.
    tx: Outbox<Vec<u8>>,
}

impl End {
    fn new(hs: Handshake<Policy>) -> End {
        End { hs, rx: Inbox::new(vec![0; 4096]), tx: Outbox::new(vec![0; 4096]) }
    }

    /// Takes the bytes to send.
    fn sends(&mut self) -> Vec<u8> {
        let bytes = self.tx.pending().to_vec();
        self.tx.sent(bytes.len());
        bytes
    }

    /// Gets bytes that the peer has sent.
    fn gets(&mut self, bytes: &[u8]) {
        self.rx.space()[..bytes.len()].copy_from_slice(bytes);
        self.rx.filled(bytes.len());
    }
}

/// Random bytes for one connection. A program takes them from the system: `Seed::random()`.
fn seed(number: u8) -> Seed {
    Seed::from_bytes(&[number; 64])
}

/// The next step must be a transition.
fn did(end: &mut End) -> Transition {
    match end.hs.step(&mut end.rx, &mut end.tx) {
        Ok(Step::Did(transition)) => transition,
        other => panic!("a transition was due, not {other:?}"),
    }
}

/// The next step must be a want.
fn wants(end: &mut End) -> Want {
    match end.hs.step(&mut end.rx, &mut end.tx) {
        Ok(Step::Want(want)) => want,
        other => panic!("a want was due, not {other:?}"),
    }
}

/// Content type and length of the body of every record of a flight, as anybody on the path sees them.
fn on_the_wire(mut flight: &[u8]) -> Vec<(u8, usize)> {
    let mut records = Vec::new();
    while let [content_type, _, _, high, low, rest @ ..] = flight {
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        records.push((*content_type, len));
        flight = &rest[len..];
    }
    records
}

const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

#[test]
fn a_handshake_step_by_step() {
    // ---- Before -----------------------------------------------------------------------------------------------------
    //
    // Each end has a certificate under a root that both know, and its key. TLS does not say how they got them.
    let pki = Pki::new();
    let server_identity = pki.issue("server.test", &rcgen::PKCS_ECDSA_P256_SHA256);
    let client_identity = pki.issue("client.test", &rcgen::PKCS_ED25519);

    // An end is a state machine with two pieces of memory: `rx` for what the peer sends, `tx` for what we send. The machine
    // has no socket. This test is the transport: it carries bytes from one `tx` to the other `rx`. The client knows the
    // name of the server. The server waits for any client.
    let mut client = End::new(Handshake::client(Policy::new(), Some("server.test"), seed(1)).unwrap());
    let mut server = End::new(Handshake::server(Policy::new(), seed(2)));
    assert_eq!(client.hs.state(), State::SendClientHello);
    assert_eq!(server.hs.state(), State::WaitClientHello);

    // ---- 1. ClientHello (§4.2.2) ------------------------------------------------------------------------------------
    //
    // The client sends the first message: 32 random bytes, its cipher suites and groups, the signature schemes that it
    // accepts, the name of the server, and a key share for one group, the public part of a new x25519 key. If the server
    // accepts this group, a round trip is saved. (With the feature `mlkem` there are two shares: one for X25519MLKEM768,
    // which also resists quantum computers, and its x25519 key alone.)
    let sent = did(&mut client);
    assert_eq!(sent.event, Sent(HandshakeType::CLIENT_HELLO));
    assert_eq!(sent.epoch, Epoch::Plaintext, "there are no keys yet: everybody can read this");
    assert_eq!(sent.state, State::WaitServerHello);

    // The message is in `tx`. Without the transport the client can do nothing more.
    assert_eq!(wants(&mut client), Want::Write);
    let flight = client.sends();
    assert_eq!(on_the_wire(&flight), [(HANDSHAKE, sent.len as usize)], "one record, and nothing else in it");
    assert_eq!(wants(&mut client), Want::Read);

    // The server wants to read until these bytes come. A want is level-triggered: the next call returns it again.
    assert_eq!(wants(&mut server), Want::Read);
    assert_eq!(wants(&mut server), Want::Read);
    server.gets(&flight);

    // The server processes the hello, and chooses suite and group. Without a share for a group that it accepts, it would
    // answer once with a HelloRetryRequest (§4.2.4), and the client would send a second hello. Here it has one:
    let received = did(&mut server);
    assert_eq!(received.event, Received(HandshakeType::CLIENT_HELLO));
    assert_eq!(received.len, sent.len);
    assert_eq!(server.hs.cipher_suite(), Some(CipherSuite::TLS_AES_128_GCM_SHA256));
    let guess = if cfg!(feature = "mlkem") { NamedGroup::X25519MLKEM768 } else { NamedGroup::X25519 };
    assert_eq!(server.hs.group(), Some(guess));
    assert_eq!(server.hs.client_random(), client.hs.client_random());

    // ---- 2. Which certificate? --------------------------------------------------------------------------------------
    //
    // This is the first question to the server's program. A server with many names chooses by the name in the offer, which
    // shows what the ClientHello says about our certificate. So far the server has made no asymmetric operation, so a
    // hello that it refuses costs little.
    let Want::Credential(question) = wants(&mut server) else { panic!("the server asks for its certificate") };
    assert_eq!(received.state, State::AskCredential);
    let offer = server.hs.offer(&server.rx).unwrap();
    assert_eq!(offer.server_name(), Some("server.test"));
    assert!(offer.signature_schemes().any(|scheme| scheme == SignatureScheme::ECDSA_SECP256R1_SHA256));
    server.hs.answer_credential(&question, &Credential::new(&server_identity.chain), &mut server.tx).unwrap();

    // After the answer the server sends four messages. The first is ServerHello (§4.2.3), the last message in plaintext:
    // the choices, and the server's key share. Now the server has the shared secret (§7.4). The handshake keys are derived
    // from this and from the hash of the two hellos (§7.1).
    assert_eq!(did(&mut server).event, Presented);
    let server_hello = did(&mut server);
    assert_eq!((server_hello.event, server_hello.epoch), (Sent(HandshakeType::SERVER_HELLO), Epoch::Plaintext));

    // ---- 3. The server's parameters (§4.4), under the handshake keys ------------------------------------------------
    //
    // EncryptedExtensions has the answers that need not be public, such as the application protocol. CertificateRequest
    // asks for the client's certificate: countersign's server always sends it. Certificate has the server's chain. Nobody
    // on the path can read these messages.
    for message in [HandshakeType::ENCRYPTED_EXTENSIONS, HandshakeType::CERTIFICATE_REQUEST, HandshakeType::CERTIFICATE]
    {
        let sent = did(&mut server);
        assert_eq!((sent.event, sent.epoch), (Sent(message), Epoch::Handshake));
        assert_eq!(sent.state, State::AskSign, "all of them are the consequence of one answer");
    }

    // ---- 4. CertificateVerify and Finished (§4.5.2, §4.5.3) ----------------------------------------------------------
    //
    // A certificate is public: anybody can show it. So the server signs the hash of all messages so far with the
    // certificate's key. The key may be anywhere (in an HSM, on another host), because the machine only asks for the
    // signature.
    let Want::Sign(question) = wants(&mut server) else { panic!("the server asks for a signature") };
    assert_eq!(question.scheme(), SignatureScheme::ECDSA_SECP256R1_SHA256);
    // The signed content begins with 64 spaces and a context string. So a server's signature cannot be used as a client's,
    // nor as one of TLS 1.2.
    assert_eq!(question.message()[..64], [b' '; 64]);
    assert_eq!(question.message()[64..97], *b"TLS 1.3, server CertificateVerify");
    assert_eq!(question.message().len(), 64 + 33 + 1 + 32, "a zero byte, and the transcript's SHA-256");
    let signature = server_identity.key.sign(question.scheme(), question.message()).unwrap();
    server.hs.answer_sign(&question, &signature, &mut server.tx).unwrap();

    // Finished follows: a MAC over all messages so far, with a key that only these two ends have. It binds the signature to
    // the keys of this connection: an attacker who relays another server's signature cannot compute it.
    assert_eq!(did(&mut server).event, Signed);
    assert_eq!(did(&mut server).event, Sent(HandshakeType::CERTIFICATE_VERIFY));
    let finished = did(&mut server);
    assert_eq!((finished.event, finished.epoch), (Sent(HandshakeType::FINISHED), Epoch::Handshake));
    assert_eq!(finished.len, 4 + 32);
    // The RFC allows the server to send application data now, before it knows the client (§4.5.3). Ours never does.
    assert_eq!(finished.state, State::WaitCertificate);

    // On the wire are the hello, and a record that looks like application data: its true content type is encrypted (§5.2).
    // The change_cipher_spec has no meaning: some old middleboxes expect it here (§E.4).
    assert_eq!(wants(&mut server), Want::Write);
    let flight = server.sends();
    let types: Vec<u8> = on_the_wire(&flight).iter().map(|(content, _)| *content).collect();
    assert_eq!(types, [HANDSHAKE, CHANGE_CIPHER_SPEC, APPLICATION_DATA], "the whole flight takes one record");
    assert_eq!(wants(&mut server), Want::Read);

    // ---- 5. The client reads (§A.1) -----------------------------------------------------------------------------------
    //
    // Each message is legal in exactly one state, and no state allows to skip one.
    client.gets(&flight);
    let mut state = State::WaitServerHello;
    for (message, epoch, next) in [
        (HandshakeType::SERVER_HELLO, Epoch::Plaintext, State::WaitEncryptedExtensions),
        (HandshakeType::ENCRYPTED_EXTENSIONS, Epoch::Handshake, State::WaitCertificateRequest),
        (HandshakeType::CERTIFICATE_REQUEST, Epoch::Handshake, State::WaitCertificate),
        (HandshakeType::CERTIFICATE, Epoch::Handshake, State::WaitCertificateVerify),
        (HandshakeType::CERTIFICATE_VERIFY, Epoch::Handshake, State::WaitFinished),
        (HandshakeType::FINISHED, Epoch::Handshake, State::AskVerify),
    ] {
        assert_eq!(client.hs.state(), state);
        let received = did(&mut client);
        assert_eq!((received.event, received.epoch, received.state), (Received(message), epoch, next));
        assert!(countersign::table::leads(Role::Client, state, next), "the transition table has it");
        state = next;
    }

    // Signature and MAC are right: the server holds the key of its certificate, and nobody is between the ends. The last
    // question is whether this is the right server. The machine asks the client's program, because it does not know whom
    // you trust.
    let Want::Verify(question) = wants(&mut client) else { panic!("the client asks for the verdict") };
    let peer = client.hs.peer(&client.rx).unwrap();
    assert_eq!(peer.role(), Role::Server);
    assert_eq!(peer.scheme(), SignatureScheme::ECDSA_SECP256R1_SHA256);
    assert_eq!(peer.server_name(), Some("server.test"), "whom we wanted");
    assert_eq!(peer.chain().collect::<Vec<_>>(), [server_identity.chain[0].as_ref()], "whom we got");
    // A real program asks `x509::Trust`. This one knows the certificate.
    client.hs.answer_verify(&question, Verdict::Accept).unwrap();
    assert_eq!(did(&mut client).event, Accepted);

    // ---- 6. The client proves itself -----------------------------------------------------------------------------------
    //
    // The client shows its certificate only now, after it has accepted the server. It sends the same three messages as the
    // server, and asks the same two questions: this is what "mutual" means.
    assert!(client.tx.is_empty(), "nothing has gone out since ClientHello");
    let Want::Credential(question) = wants(&mut client) else { panic!("the client asks for its certificate") };
    let offer = client.hs.offer(&client.rx).unwrap();
    assert!(offer.signature_schemes().any(|scheme| scheme == SignatureScheme::ED25519));
    client.hs.answer_credential(&question, &Credential::new(&client_identity.chain), &mut client.tx).unwrap();
    assert_eq!(did(&mut client).event, Presented);
    assert_eq!(did(&mut client).event, Sent(HandshakeType::CERTIFICATE));

    let Want::Sign(question) = wants(&mut client) else { panic!("the client asks for a signature") };
    assert_eq!(question.scheme(), SignatureScheme::ED25519);
    assert_eq!(question.message()[64..97], *b"TLS 1.3, client CertificateVerify");
    let signature = client_identity.key.sign(question.scheme(), question.message()).unwrap();
    client.hs.answer_sign(&question, &signature, &mut client.tx).unwrap();
    assert_eq!(did(&mut client).event, Signed);
    assert_eq!(did(&mut client).event, Sent(HandshakeType::CERTIFICATE_VERIFY));
    let finished = did(&mut client);
    assert_eq!((finished.event, finished.epoch), (Sent(HandshakeType::FINISHED), Epoch::Handshake));

    // The client may now send application data directly after its Finished, although it does not know whether the server
    // accepts its certificate. TLS 1.3 saves this round trip: see chapter 8.
    assert_eq!(finished.state, State::Connected);
    assert_eq!(wants(&mut client), Want::Write);
    let flight = client.sends();
    let types: Vec<u8> = on_the_wire(&flight).iter().map(|(content, _)| *content).collect();
    assert_eq!(types, [CHANGE_CIPHER_SPEC, APPLICATION_DATA]);
    assert_eq!(wants(&mut client), Want::Done);

    // ---- 7. The server reads, and judges (§A.2) --------------------------------------------------------------------------
    server.gets(&flight);
    for (message, next) in [
        (HandshakeType::CERTIFICATE, State::WaitCertificateVerify),
        (HandshakeType::CERTIFICATE_VERIFY, State::WaitFinished),
        (HandshakeType::FINISHED, State::AskVerify),
    ] {
        let received = did(&mut server);
        assert_eq!((received.event, received.epoch, received.state), (Received(message), Epoch::Handshake, next));
    }
    let Want::Verify(question) = wants(&mut server) else { panic!("the server asks for the verdict") };
    let peer = server.hs.peer(&server.rx).unwrap();
    assert_eq!((peer.role(), peer.leaf()), (Role::Client, client_identity.chain[0].as_ref()));
    server.hs.answer_verify(&question, Verdict::Accept).unwrap();
    assert_eq!((did(&mut server).event, server.hs.state()), (Accepted, State::Connected));

    // ---- 8. Confirmed ------------------------------------------------------------------------------------------------------
    //
    // If the server refuses the client, the client learns it only now. So a countersign server sends a KeyUpdate (§4.7.3) as
    // soon as it has accepted the client. No application sees it.
    assert_eq!(wants(&mut server), Want::Write);
    let record = server.sends();
    let key_update = 4 + 1; // the message's header, and update_not_requested
    assert_eq!(on_the_wire(&record), [(APPLICATION_DATA, key_update + 1 + 16)], "its content type, and a tag");
    assert_eq!(wants(&mut server), Want::Done);

    // Both take their session, which has the application keys (§7.1). The handshake keys have been wiped.
    let mut client_session = client.hs.finish().unwrap();
    let mut server_session = server.hs.finish().unwrap();
    assert!(!client_session.is_confirmed() && server_session.is_confirmed());
    client.gets(&record);
    assert_eq!(client_session.receive(&mut client.rx, &mut client.tx), Ok(Event::Confirmed));
    assert!(client_session.is_confirmed());

    // ---- 9. Application data, and the end (§6.1) -----------------------------------------------------------------------------
    client_session.write(b"How do you do?", &mut client.tx).unwrap();
    client_session.close(&mut client.tx).unwrap();
    let bytes = client.sends();
    assert_eq!(on_the_wire(&bytes), [(APPLICATION_DATA, 14 + 17), (APPLICATION_DATA, 2 + 17)]);
    server.gets(&bytes);
    assert_eq!(server_session.receive(&mut server.rx, &mut server.tx), Ok(Event::Data));
    assert_eq!(server.rx.data(), b"How do you do?");
    server.rx.consume(14);
    // close_notify shows that the data is complete. The other direction stays open until it is closed, too.
    assert_eq!(server_session.receive(&mut server.rx, &mut server.tx), Ok(Event::Closed));
    server_session.write(b"How do you do.", &mut server.tx).unwrap();
    server_session.close(&mut server.tx).unwrap();
    let bytes = server.sends();
    client.gets(&bytes);
    assert_eq!(client_session.receive(&mut client.rx, &mut client.tx), Ok(Event::Data));
    assert_eq!(client.rx.data(), b"How do you do.");
    client.rx.consume(14);
    assert_eq!(client_session.receive(&mut client.rx, &mut client.tx), Ok(Event::Closed));

    // ---- After -------------------------------------------------------------------------------------------------------------
    //
    // Both ends derive the same value from the connection (§7.5). A protocol above TLS can bind itself to it.
    assert_eq!(client_session.exporter().tls_exporter(), server_session.exporter().tls_exporter());

    // The machines keep their transitions in order, for your log.
    let story: Vec<String> = client.hs.transitions().map(|transition| transition.to_string()).collect();
    assert_eq!(story.len(), 13);
    assert_eq!(story[6], "received finished (36 bytes, handshake keys) -> AskVerify");
    assert_eq!(story[7], "answered Verify -> AskCredential");
    assert_eq!(story[12], "sent finished (36 bytes, handshake keys) -> Connected");
}

/// `step` after `drive` does not report the transitions that `drive` has made.
#[test]
fn no_step_reports_what_drive_has_passed() {
    let pki = Pki::new();
    let server_identity = pki.issue("server.test", &rcgen::PKCS_ECDSA_P256_SHA256);
    let mut client = End::new(Handshake::client(Policy::new(), Some("server.test"), seed(1)).unwrap());
    let mut server = End::new(Handshake::server(Policy::new(), seed(2)));
    assert_eq!(client.hs.drive(&mut client.rx, &mut client.tx), Ok(Want::Write));
    server.gets(&client.sends());

    let Ok(Want::Credential(question)) = server.hs.drive(&mut server.rx, &mut server.tx) else { panic!("no question") };
    server.hs.answer_credential(&question, &Credential::new(&server_identity.chain), &mut server.tx).unwrap();
    let asked = server.hs.drive(&mut server.rx, &mut server.tx).unwrap();
    assert!(matches!(asked, Want::Sign(_)));
    assert_eq!(wants(&mut server), asked, "`drive` has made the transitions of the answer and of four messages");
    let events: Vec<_> = server.hs.transitions().map(|transition| transition.event).collect();
    assert_eq!(events.len(), 6, "the log has them all: {events:?}");
}
