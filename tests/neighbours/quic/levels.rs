//! What quinn receives at its traits, and when: bytes, keys, secrets, errors. The peer is a `Flow`.

use crate::world::{ALPN, World, policy};
use countersign::adapters::quinn::quinn_proto::crypto::{ClientConfig, ServerConfig, Session};
use countersign::adapters::quinn::quinn_proto::transport_parameters::TransportParameters;
use countersign::adapters::quinn::quinn_proto::{Side, TransportError, TransportErrorCode};
use countersign::flow::{Flow, FlowInbox, FlowOutbox};
use countersign::x509::{Answerer, Expect};
use countersign::{AlertDescription as Alert, Bytes, Epoch, ExtensionType, Policy, Seed, Want};
use rustls::pki_types::UnixTime;
use std::sync::Arc;

/// quinn's end.
struct Theirs {
    session: Box<dyn Session>,
    level: Epoch,
    error: Option<TransportError>,
}

impl Theirs {
    fn client(world: &World) -> Theirs {
        let config = Arc::new(world.our_client_config());
        Theirs::new(config.start_session(1, "server.test", &parameters()).ok().unwrap())
    }

    fn server(world: &World) -> Theirs {
        Theirs::new(Arc::new(world.our_server_config()).start_session(1, &parameters()))
    }

    fn new(session: Box<dyn Session>) -> Theirs {
        Theirs { session, level: Epoch::Plaintext, error: None }
    }

    /// As quinn does: reads in pieces of this size, then writes until there is nothing new.
    fn read(&mut self, bytes: &[u8], piece: usize) -> Vec<(Epoch, Vec<u8>)> {
        for piece in bytes.chunks(piece) {
            self.error = self.error.take().or(self.session.read_handshake(piece).err());
        }
        self.write()
    }

    fn write(&mut self) -> Vec<(Epoch, Vec<u8>)> {
        let mut written = Vec::new();
        loop {
            let (level, mut bytes) = (self.level, Vec::new());
            let keys = self.session.write_handshake(&mut bytes);
            if keys.is_some() {
                self.level = match level {
                    Epoch::Plaintext => Epoch::Handshake,
                    Epoch::Handshake => Epoch::Application,
                    Epoch::Application => panic!("keys after the last"),
                };
            }
            if bytes.is_empty() && keys.is_none() {
                return written;
            }
            written.push((level, bytes));
        }
    }
}

fn parameters() -> TransportParameters {
    TransportParameters::read(Side::Client, &mut &[][..]).unwrap()
}

/// The other end.
struct Bare {
    flow: Flow<Policy>,
    answerer: Answerer,
    rx: FlowInbox<Vec<u8>>,
    tx: FlowOutbox<Vec<u8>>,
    want: Want,
}

impl Bare {
    fn client(world: &World, policy: Policy, extension: Option<&'static [u8]>) -> Bare {
        let flow = Flow::client(policy, Some("server.test"), Seed::random().unwrap()).unwrap();
        Bare::new(world, "client.test", flow, extension, [Expect::Dns("server.test".try_into().unwrap())])
    }

    fn server(world: &World, policy: Policy, extension: Option<&'static [u8]>) -> Bare {
        let flow = Flow::server(policy, Seed::random().unwrap());
        Bare::new(world, "server.test", flow, extension, [Expect::AnyTrusted])
    }

    fn new(
        world: &World,
        name: &str,
        flow: Flow<Policy>,
        extension: Option<&'static [u8]>,
        expect: [Expect; 1],
    ) -> Bare {
        let config = world.config(&world.leaf(name), policy());
        let (identities, trust) = (config.identities().clone(), config.trust().clone());
        let flow = match extension {
            Some(body) => flow.with_extension(ExtensionType::QUIC_TRANSPORT_PARAMETERS, Bytes::Static(body)).unwrap(),
            None => flow,
        };
        let mut bare = Bare {
            flow,
            answerer: Answerer::new(identities, trust, expect, UnixTime::now()),
            rx: FlowInbox::new(vec![0; 20_000]),
            tx: FlowOutbox::new(vec![0; 20_000]),
            want: Want::Read,
        };
        bare.drive();
        bare
    }

    fn drive(&mut self) {
        loop {
            self.want = self.flow.drive(&mut self.rx, &mut self.tx).unwrap();
            if !self.answerer.answer(&mut self.flow, &self.want, &self.rx, &mut self.tx).unwrap() {
                return;
            }
        }
    }

    fn read(&mut self, bytes: &[(Epoch, Vec<u8>)]) {
        for (epoch, bytes) in bytes {
            assert_eq!(self.rx.feed(*epoch, bytes), bytes.len());
            self.drive();
        }
    }

    fn write(&mut self) -> Vec<(Epoch, Vec<u8>)> {
        let mut written = Vec::new();
        while let Some((epoch, bytes)) = self.tx.pending() {
            written.push((epoch, bytes.to_vec()));
            let n = bytes.len();
            self.tx.sent(n);
        }
        self.drive();
        written
    }
}

fn crypto(alert: Alert) -> TransportErrorCode {
    TransportErrorCode::crypto(alert.0)
}

// req: 9001-4.4-2, 9001-4.4-3, 9001-5.7-1, 9001-5.7-2, 9001-5.7-3, 9001-6-1
/// The client's 1-RTT keys come with its Finished. The server's come after the client's Finished, and never before.
#[test]
fn keys_come_in_their_order_whatever_the_pieces_that_bytes_come_in() {
    let world = World::new();
    for piece in [1, 2, 7, 100, 1200, usize::MAX] {
        let (mut client, mut bare) = (Theirs::client(&world), Bare::server(&world, policy(), Some(&[])));
        let hello = client.write();
        assert!(matches!(&hello[..], [(Epoch::Plaintext, _)]));
        bare.read(&hello);
        let flight = bare.write();
        let [(Epoch::Plaintext, server_hello), (Epoch::Handshake, rest)] = &flight[..] else { panic!() };
        assert!(matches!(&client.read(server_hello, piece)[..], [(Epoch::Plaintext, nothing)] if nothing.is_empty()));
        assert_eq!(client.level, Epoch::Handshake);
        assert!(client.session.is_handshaking() && client.session.peer_identity().is_none());
        let flight = client.read(rest, piece);
        assert_eq!((client.error.take(), client.level), (None, Epoch::Application));
        assert!(!client.session.is_handshaking() && client.session.peer_identity().is_some());
        assert!(matches!(&flight[..], [(Epoch::Handshake, flight)] if !flight.is_empty()));
        bare.read(&flight);
        assert_eq!(bare.want, Want::Done);

        let (mut server, mut bare) = (Theirs::server(&world), Bare::client(&world, policy(), Some(&[])));
        let flight = server.read(&bare.write()[0].1, piece);
        assert!(matches!(&flight[..], [(Epoch::Plaintext, _), (Epoch::Handshake, _)]));
        bare.read(&flight);
        let flight = bare.write();
        let [(Epoch::Handshake, flight)] = &flight[..] else { panic!() };
        let (but_the_last, last) = flight.split_at(flight.len() - 1);
        assert!(server.read(but_the_last, piece).is_empty());
        assert!(server.session.is_handshaking() && server.session.next_1rtt_keys().is_none());
        assert!(server.session.export_keying_material(&mut [0; 9], b"label", b"").is_err());
        assert!(
            server.read(last, piece).iter().all(|(_, bytes)| bytes.is_empty()),
            "nothing is said after the handshake"
        );
        assert_eq!((server.error.take(), server.level), (None, Epoch::Application));
        assert!(!server.session.is_handshaking());
        assert!(server.session.export_keying_material(&mut [0; 9], b"label", b"").is_ok());
        assert!(server.session.export_keying_material(&mut [0; 256 * 32], b"label", b"").is_err(), "too long");
    }
}

// req: 9001-4.1.3-3
/// RFC 9001 §4.1.3: bytes under old keys after a message that changes the keys, in the same piece or in another.
#[test]
fn data_behind_a_key_change_is_a_violation() {
    let world = World::new();
    let (mut client, mut bare) = (Theirs::client(&world), Bare::server(&world, policy(), Some(&[])));
    bare.read(&client.write());
    let flight = bare.write();
    for pieces in [1, 2] {
        let mut client = Theirs::client(&world);
        let mut bare = Bare::server(&world, policy(), Some(&[]));
        bare.read(&client.write());
        let flight = bare.write();
        match pieces {
            1 => drop(client.read(&[&flight[0].1[..], &flight[1].1].concat(), usize::MAX)),
            _ => {
                assert_eq!(client.session.read_handshake(&flight[0].1), Ok(false));
                assert_eq!(client.session.read_handshake(&[]), Ok(false), "nothing came under the old keys");
                client.read(&flight[1].1[..1], 1); // under Initial keys, because quinn has no others
            }
        }
        let error = client.error.clone().unwrap();
        assert_eq!(error.code, TransportErrorCode::PROTOCOL_VIOLATION, "{pieces}: {error}");
        assert_eq!(client.session.read_handshake(&[]), Err(error), "an error stays");
        assert!(client.write().is_empty(), "and nothing is sent after it");
    }
    client.read(&flight[0].1, usize::MAX);
    client.read(&flight[1].1, usize::MAX);
    assert_eq!(client.error, None, "the control");
}

/// Removes empty transport parameters from EncryptedExtensions, if the flight begins with this message.
fn without_parameters(flight: &mut Vec<u8>) {
    const PARAMETERS: [u8; 4] = [0, 57, 0, 0];
    if let (Some(8), Some(at)) = (flight.first(), flight.windows(4).position(|bytes| bytes == PARAMETERS)) {
        flight.drain(at..at + 4);
        flight[3] -= 4; // of the message
        flight[5] -= 4; // of the list
    }
}

/// A client after its handshake.
fn client_that_has_met(world: &World) -> Theirs {
    let (mut client, mut bare) = (Theirs::client(world), Bare::server(world, policy(), Some(&[])));
    bare.read(&client.write());
    for (_, bytes) in bare.write() {
        client.read(&bytes, 1200);
    }
    assert!(!client.session.is_handshaking());
    client
}

/// RFC 9001 §6: TLS's own KeyUpdate is refused with that section's code, and a CertificateRequest with that of §4.4.
// req: 9001-4.4-4, 9001-4.8-1, 9001-6-2
#[test]
fn messages_that_quic_forbids_after_the_handshake_are_refused() {
    let world = World::new();
    for (message, code) in [
        (&[24, 0, 0, 1, 0][..], crypto(Alert::UNEXPECTED_MESSAGE)),
        (&[13, 0, 0, 3, 0, 0, 0], TransportErrorCode::PROTOCOL_VIOLATION),
        (&[5, 0, 0, 0], crypto(Alert::UNEXPECTED_MESSAGE)),
    ] {
        let mut client = client_that_has_met(&world);
        assert!(client.read(message, 2).is_empty());
        let error = client.error.clone().unwrap();
        assert_eq!(error.code, code);
        // The connection has failed, so nothing is exported any more. But quinn seals its last packets with its keys.
        assert_eq!(client.session.read_handshake(&[]), Err(error));
        assert!(client.session.export_keying_material(&mut [0; 9], b"label", b"").is_err());
        assert!(client.session.next_1rtt_keys().is_some());
    }
    assert_eq!(u64::from(crypto(Alert::UNEXPECTED_MESSAGE)), 0x10a);
}

/// In the handshake it is a message like any other.
#[test]
fn a_certificate_request_before_its_turn_is_unexpected() {
    let world = World::new();
    let (mut client, mut bare) = (Theirs::client(&world), Bare::server(&world, policy(), Some(&[])));
    bare.read(&client.write());
    client.read(&bare.write()[0].1, usize::MAX);
    client.read(&[13, 0, 0, 3, 0, 0, 0], usize::MAX);
    assert_eq!(client.error.unwrap().code, crypto(Alert::UNEXPECTED_MESSAGE));
}

/// Tickets are checked and dropped, also with early_data.
// req: 9001-4.6.1-2
#[test]
fn tickets_are_of_no_use_and_do_no_harm() {
    let mut client = client_that_has_met(&World::new());
    for early_data in [None, Some(u32::MAX), Some(1)] {
        let extension = early_data.map(|size| [&[0, 42, 0, 4][..], &size.to_be_bytes()].concat()).unwrap_or_default();
        let body = [&[0, 0, 0, 9][..], &[0; 4], &[0], &[0, 1, 7], &[0, extension.len() as u8], &extension].concat();
        assert!(client.read(&[&[4, 0, 0, body.len() as u8][..], &body].concat(), 3).is_empty());
        assert_eq!(client.error, None);
        assert!(client.session.early_crypto().is_none());
        assert_eq!(client.session.early_data_accepted(), Some(false), "there is no 0-RTT");
    }
}

/// A HelloRetryRequest may carry a cookie as long as all else that we send, and it comes back.
#[test]
fn a_second_hello_of_any_length_is_written() {
    const RANDOM: &str = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";
    for len in [1, 4096] {
        let cookie = vec![7; len];
        let u16 = |n: usize| u16::try_from(n).unwrap().to_be_bytes();
        let extensions = [&[0, 43, 0, 2, 3, 4, 0, 44][..], &u16(2 + len), &u16(len), &cookie].concat();
        let random = hex::decode(RANDOM).unwrap();
        let body = [&[3, 3], &random[..], &[0, 0x13, 1, 0], &u16(extensions.len()), &extensions].concat();
        let retry = [&[2, 0], &u16(body.len())[..], &body].concat();
        let mut client = Theirs::client(&World::new());
        assert!(client.read(&[], 1).len() == 1, "the first hello");
        let written = client.read(&retry, 1200);
        assert_eq!(client.error, None);
        let [(Epoch::Plaintext, hello)] = &written[..] else { panic!("one hello") };
        assert!(hello.windows(len).any(|part| part == cookie));
    }
}

/// RFC 9001 §8.2, §8.1, §8.4.
// req: 9001-8.1-2, 9001-8.1-3, 9001-8.2-2
#[test]
fn hellos_that_are_not_for_quic_are_refused_by_both() {
    let world = World::new();
    // Without transport parameters, and with malformed ones.
    for (extension, code) in
        [(None, crypto(Alert::MISSING_EXTENSION)), (Some(&[1, 9][..]), TransportErrorCode::TRANSPORT_PARAMETER_ERROR)]
    {
        let (mut server, mut bare) = (Theirs::server(&world), Bare::client(&world, policy(), extension));
        assert!(server.read(&bare.write()[0].1, 1200).is_empty(), "nothing is answered");
        assert_eq!(server.error.unwrap().code, code);
    }
    // The same for a server. A server without parameters is made by removing them, which only a client without other
    // checks notices.
    for (extension, code) in
        [(&[][..], crypto(Alert::MISSING_EXTENSION)), (&[1, 9], TransportErrorCode::TRANSPORT_PARAMETER_ERROR)]
    {
        let config = world.our_client_of(&world.leaf("client.test"), policy().null_crypto());
        let mut client = Theirs::new(Arc::new(config).start_session(1, "server.test", &parameters()).ok().unwrap());
        let mut bare = Bare::server(&world, policy().null_crypto(), Some(extension));
        bare.read(&client.write());
        for (_, mut bytes) in bare.write() {
            if extension.is_empty() {
                without_parameters(&mut bytes);
            }
            client.read(&bytes, 1200);
        }
        assert_eq!(client.error.unwrap().code, code);
    }
    // A server that selects no protocol.
    let (mut client, mut bare) = (Theirs::client(&world), Bare::server(&world, Policy::new(), Some(&[])));
    bare.read(&client.write());
    for (_, bytes) in bare.write() {
        client.read(&bytes, 1200);
    }
    assert_eq!(client.error.unwrap().code, crypto(Alert::NO_APPLICATION_PROTOCOL));
    // Middlebox compatibility: a session id, in any fragmentation.
    let mut bare = Bare::client(&world, Policy::new().alpn(&[ALPN]), Some(&[]));
    let hello = bare.write().remove(0).1;
    let body = [&hello[4..38], &[32], &[9; 32], &hello[39..]].concat();
    let hello = [&[1][..], &u32::try_from(body.len()).unwrap().to_be_bytes()[1..], &body].concat();
    for piece in [1, 38, 39, 1200] {
        let mut server = Theirs::server(&world);
        assert!(server.read(&hello, piece).is_empty());
        assert_eq!(server.error.unwrap().code, TransportErrorCode::PROTOCOL_VIOLATION);
    }
    let failures = world.failures.lock().unwrap();
    let told = |what: &str| failures.iter().filter(|failure| failure.contains(what)).count();
    assert!(told("0x0039") + told("quic_transport_parameters") > 0);
    assert_eq!(told("the peer's QUIC transport parameters cannot be read"), 2, "by either role");
}

/// For any bytes there is no panic, nothing is sent after an error, and the reason contains nothing that only we know.
#[test]
fn hellos_with_any_bit_flipped_are_answered_or_refused() {
    let world = World::new();
    let policy = || policy().groups(&[countersign::NamedGroup::X25519]);
    let config = Arc::new(world.our_server_of(&world.leaf("server.test"), policy()));
    let hello = Bare::client(&world, policy(), Some(&[4, 1, 9])).write().remove(0).1;
    let (mut answered, mut refused) = (0, 0);
    for bit in 0..hello.len() * 8 {
        let mut hello = hello.clone();
        hello[bit / 8] ^= 1 << (bit % 8);
        let mut server = Theirs::new(config.clone().start_session(1, &parameters()));
        let answer = server.read(&hello, usize::MAX);
        match server.error {
            None => answered += 1,
            Some(error) => {
                assert!(answer.is_empty(), "bit {bit}");
                let words = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || "_ ".contains(c));
                assert!(words(&error.reason), "bit {bit}: {}", error.reason);
                assert_eq!(server.session.read_handshake(&hello), Err(error), "an error stays");
                refused += 1;
            }
        }
    }
    assert!(answered > 500 && refused > 500, "{answered} answered, {refused} refused");
}
