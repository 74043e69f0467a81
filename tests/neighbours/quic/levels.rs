//! What quinn is given and when, at its own traits: bytes, keys, secrets, errors. The other end is a bare `Flow`.

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
    /// Whether it has its transport parameters to send.
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

/// The client's 1-RTT keys come with its Finished; the server's come when it has the client's, and never before.
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
        server.read(last, piece);
        assert_eq!((server.error.take(), server.level), (None, Epoch::Application));
        assert!(!server.session.is_handshaking());
        assert!(server.session.export_keying_material(&mut [0; 9], b"label", b"").is_ok());
        assert!(server.session.export_keying_material(&mut [0; 256 * 32], b"label", b"").is_err(), "too long");
    }
}

/// RFC 9001 §4.1.3: what comes under old keys behind a message after which they change, in the same piece or in one more.
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
                client.read(&flight[1].1[..1], 1); // under Initial keys: quinn has no others
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

/// RFC 9001 §6: TLS's own KeyUpdate is refused, by the code that the section says. Tickets are taken.
#[test]
fn a_key_update_message_is_refused_and_a_ticket_is_not() {
    let world = World::new();
    let (mut client, mut bare) = (Theirs::client(&world), Bare::server(&world, policy(), Some(&[])));
    bare.read(&client.write());
    for (_, bytes) in bare.write() {
        client.read(&bytes, 1200);
    }
    assert!(!client.session.is_handshaking());
    let ticket = [&[4, 0, 0, 14][..], &[0, 0, 0, 9], &[0; 4], &[0], &[0, 1, 7], &[0, 0]].concat();
    assert!(client.read(&ticket, 3).is_empty());
    assert_eq!(client.error, None);
    client.read(&[24, 0, 0, 1, 0], 5);
    let error = client.error.clone().unwrap();
    assert_eq!(error.code, crypto(Alert::UNEXPECTED_MESSAGE));
    assert_eq!(u64::from(error.code), 0x10a);
    // The connection has failed: nothing is exported any longer. But quinn seals its last packets with what it has.
    assert!(client.session.export_keying_material(&mut [0; 9], b"label", b"").is_err());
    assert!(client.session.next_1rtt_keys().is_some());
}

/// RFC 9001 §8.2, §8.1, §8.4.
#[test]
fn hellos_that_are_not_for_quic_are_refused_by_both() {
    let world = World::new();
    // No transport parameters; some that are malformed.
    for (extension, code) in
        [(None, crypto(Alert::MISSING_EXTENSION)), (Some(&[1, 9][..]), TransportErrorCode::TRANSPORT_PARAMETER_ERROR)]
    {
        let (mut server, mut bare) = (Theirs::server(&world), Bare::client(&world, policy(), extension));
        assert!(server.read(&bare.write()[0].1, 1200).is_empty(), "nothing is answered");
        assert_eq!(server.error.unwrap().code, code);
        let (mut client, mut bare) = (Theirs::client(&world), Bare::server(&world, policy(), extension));
        bare.read(&client.write());
        for (_, bytes) in bare.write() {
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
    // Middlebox compatibility: a session id, however it is cut.
    let mut bare = Bare::client(&world, Policy::new().alpn(&[ALPN]), Some(&[]));
    let hello = bare.write().remove(0).1;
    let body = [&hello[4..38], &[32], &[9; 32], &hello[39..]].concat();
    let hello = [&[1][..], &u32::try_from(body.len()).unwrap().to_be_bytes()[1..], &body].concat();
    for piece in [1, 38, 39, 1200] {
        let mut server = Theirs::server(&world);
        assert!(server.read(&hello, piece).is_empty());
        assert_eq!(server.error.unwrap().code, TransportErrorCode::PROTOCOL_VIOLATION);
    }
    assert!(
        world
            .failures
            .lock()
            .unwrap()
            .iter()
            .any(|failure| failure.contains("0x0039") || failure.contains("quic_transport_parameters"))
    );
}
