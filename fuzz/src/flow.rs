//! `flow`: the handshake by messages. Either two honest ends have real cryptography, and the fuzzer has the keys of the
//! transport between them but not those of TLS: it divides, edits, drops and repeats messages, under the right epoch or
//! another one, and their hosts answer late, twice, wrongly or not at all. Or one end runs beside the handshake over
//! records, and both get the same messages in the same pieces, with null cryptography: they must decide, send and
//! report the same.

use super::choices::Choices;
use super::end::{End, POLICY_COUNT, pki, policy, seed};
use super::wire::{HEADER, null_protected, plain, records};
use countersign::flow::{Flow, FlowInbox, FlowOutbox, FlowSession};
use countersign::internals::codec::{AlertDescription, ContentType, ExtensionType, HandshakeType, Message};
use countersign::{
    Alert, Bytes, Carrier, CertificateType, Credential, Epoch, Error, ErrorKind, Event, Handshake, Misuse, Policy,
    Rejection, Role, Verdict, Want,
};
use rustls_pki_types::CertificateDer;
use std::sync::LazyLock;

/// The first byte: bit 7, the twin over records; bit 0, our role there; bits 1-2, the policy; bits 3-5, the size of
/// pieces.
pub fn flow(data: &[u8]) {
    let mut choices = Choices::new(data);
    match choices.byte() {
        how @ 0x80.. => beside_records(how, choices),
        how => drop(between(usize::from(how >> 1 & 3), true, choices)),
    }
}

const PARAMETERS: ExtensionType = ExtensionType::QUIC_TRANSPORT_PARAMETERS;

fn parameters(role: Role) -> &'static [u8] {
    if role == Role::Client { b"the client's parameters" } else { b"the server's" }
}

/// The policies of the other targets without the settings for records.
fn policy_of(number: usize, real: bool) -> &'static Policy {
    static POLICIES: LazyLock<Vec<Policy>> = LazyLock::new(|| {
        let policies = (0..2 * POLICY_COUNT).map(|n| policy(n / 2, n % 2 == 1).clone());
        policies.map(|policy| policy.middlebox_compatibility(false).confirm_clients(false)).collect()
    });
    &POLICIES[number % POLICY_COUNT * 2 + usize::from(!real)]
}

/// With transport parameters.
fn with_parameters<C: Carrier>(hs: Handshake<&'static Policy, C>) -> Handshake<&'static Policy, C> {
    let body = parameters(hs.role());
    hs.with_extension(PARAMETERS, Bytes::Static(body)).expect("nothing has been sent")
}

/// Bytes and their epoch.
type Stream = Vec<(Epoch, u8)>;

/// One end with its host.
struct Side {
    flow: Flow<&'static Policy>,
    rx: FlowInbox<Vec<u8>>,
    tx: FlowOutbox<Vec<u8>>,
    capacity: usize,
    real: bool,
    /// The last question.
    asked: Option<Want>,
    accepted: bool,
    peer: Vec<Vec<u8>>,
    parameters: Option<Vec<u8>>,
    session: Option<FlowSession>,
    error: Option<Error>,
    sent: Stream,
    /// What its peer has received from it.
    delivered: Stream,
    /// Its host did something that no honest host does.
    spoilt: bool,
}

impl Side {
    fn new(role: Role, number: usize, real: bool, inbox: usize, capacity: usize) -> Side {
        let policy = policy_of(number, real);
        let flow = match role {
            Role::Client => Flow::client(policy, Some("server.test"), seed(role, 0)).expect("a client"),
            Role::Server => Flow::server(policy, seed(role, 0)),
        };
        let flow = with_parameters(flow);
        let (rx, tx) = (FlowInbox::new(vec![0; inbox]), FlowOutbox::new(vec![0; capacity]));
        let (sent, delivered) = (Vec::new(), Vec::new());
        let (session, error, asked, parameters) = (None, None, None, None);
        let (accepted, spoilt, peer) = (false, false, Vec::new());
        Side {
            flow,
            rx,
            tx,
            capacity,
            real,
            asked,
            accepted,
            peer,
            parameters,
            session,
            error,
            sent,
            delivered,
            spoilt,
        }
    }

    /// Continues until the transport is wanted, or the host does not answer yet. `foreign`: a question of another
    /// connection.
    fn runs(&mut self, choices: &mut Choices<'_>, foreign: Option<&Want>) {
        while self.error.is_none() && self.session.is_none() {
            let want = match self.flow.drive(&mut self.rx, &mut self.tx) {
                Ok(want) => want,
                Err(error) => match error.kind() {
                    ErrorKind::OutboxTooSmall { needed } => {
                        self.larger_outbox(needed);
                        continue;
                    }
                    _ => return self.failed(error),
                },
            };
            assert_eq!(
                self.flow.drive(&mut self.rx, &mut self.tx).as_ref(),
                Ok(&want),
                "wants are level-triggered (R1)"
            );
            if self.parameters.is_none() {
                self.parameters = self.flow.peer_extension(&self.rx).ok().map(<[u8]>::to_vec);
            }
            if !self.accepted {
                assert!(self.flow.finish().is_err(), "no application secrets before acceptance (R6)");
                let protected = matches!(self.tx.pending(), Some((Epoch::Handshake | Epoch::Application, _)));
                assert!(self.flow.role() == Role::Server || !protected, "a certificate for an unknown server (R6)");
            }
            match want {
                Want::Read => return assert!(self.tx.is_empty()),
                Want::Write => return assert!(!self.tx.is_empty()),
                Want::Done => self.session = Some(self.flow.finish().expect("secrets after Done")),
                question => {
                    if !self.answers(&question, choices.byte() % 8, foreign) {
                        return;
                    }
                }
            }
        }
    }

    fn answers(&mut self, question: &Want, how: u8, foreign: Option<&Want>) -> bool {
        self.asked = Some(question.clone());
        if how == 1
            && let Some(foreign) = foreign
        {
            assert_ne!(self.answer(foreign, 0), Ok(()), "another connection's question is answered");
        }
        let refuses = how == 3 || (how == 4 && matches!(question, Want::Verify(_)));
        self.spoilt |= refuses || how == 5;
        match self.answer(question, how) {
            // The host answers an older question.
            _ if how == 6 => return false,
            Err(Misuse::NoRoom { .. }) if !self.tx.is_empty() => return false,
            Err(Misuse::NoRoom { needed }) => {
                self.larger_outbox(needed);
                assert_eq!(self.answer(question, how), Ok(()), "as much as was needed is enough");
            }
            // A misuse changes nothing.
            Err(Misuse::UnfitCredential | Misuse::UnfitSignature) if how == 4 => {
                return self.answers(question, 0, None);
            }
            answered => assert_eq!(answered, Ok(())),
        }
        if how == 2 || refuses {
            assert_eq!(self.answer(question, 0), Err(Misuse::StaleQuestion), "answered twice");
        }
        if refuses {
            let refused = self.flow.drive(&mut self.rx, &mut self.tx).map_err(|error| error.kind());
            assert!(
                matches!(refused, Err(ErrorKind::Declined { .. } | ErrorKind::Rejected { .. })),
                "{refused:?}, and refused"
            );
        }
        true
    }

    /// 3: declined; 4: an unfit credential, or a refusal; 5: another's chain, a wrong signature; 6: no answer yet;
    /// otherwise the right answer.
    fn answer(&mut self, question: &Want, how: u8) -> Result<(), Misuse> {
        let alert = AlertDescription::INTERNAL_ERROR;
        let identity = pki().of(self.flow.role());
        match question {
            _ if how == 6 => Ok(()),
            Want::Credential(question) if how == 3 => self.flow.decline(question, alert),
            Want::Sign(question) if how == 3 => self.flow.decline(question, alert),
            Want::Verify(question) if how == 3 => self.flow.decline(question, alert),
            Want::Credential(question) => {
                let spki = [CertificateDer::from(identity.key.public_key())];
                let offer = self.flow.offer(&self.rx).expect("the offer is there while Credential is open");
                let raw = offer.certificate_type() == CertificateType::RAW_PUBLIC_KEY;
                let chain = if how == 5 { &pki().of(self.flow.role().peer()).chain } else { &identity.chain };
                let chain = if how == 4 { &chain[..0] } else { chain };
                let credential = if raw { Credential::raw_public_key(&spki) } else { Credential::new(chain) };
                self.flow.answer_credential(question, &credential, &mut self.tx)
            }
            Want::Sign(question) => {
                let mut signature = match self.real {
                    true => identity.key.sign(question.scheme(), question.message()).expect("a signature"),
                    false => vec![0x51; 64],
                };
                match how {
                    4 => signature.clear(),
                    5 => signature[0] ^= 1,
                    _ => {}
                }
                self.flow.answer_sign(question, &signature, &mut self.tx)
            }
            Want::Verify(question) => {
                if let Ok(peer) = self.flow.peer(&self.rx) {
                    self.peer = peer.chain().map(<[u8]>::to_vec).collect();
                }
                let verdict = if how == 4 { Verdict::Reject(Rejection::WrongName) } else { Verdict::Accept };
                self.flow.answer_verify(question, verdict)?;
                self.accepted |= how != 4;
                Ok(())
            }
            _ => Err(Misuse::NotNow),
        }
    }
}

impl Side {
    fn larger_outbox(&mut self, needed: usize) {
        assert!(self.tx.is_empty() && needed > self.capacity, "more is wanted than there is");
        (self.tx, self.capacity) = (FlowOutbox::new(vec![0; needed]), needed);
    }

    /// One whole message after the handshake.
    fn hears(&mut self, message: &[u8]) -> Result<(), Error> {
        let mut rest = message;
        while !rest.is_empty() {
            let taken = self.rx.feed(Epoch::Application, rest);
            rest = &rest[taken..];
            match self.flow.drive(&mut self.rx, &mut self.tx) {
                Ok(want) => assert_eq!(want, Want::Done),
                Err(error) => match error.kind() {
                    ErrorKind::InboxTooSmall { needed } => self.rx.grow(needed),
                    _ => return Err(error),
                },
            }
        }
        Ok(())
    }

    fn failed(&mut self, error: Error) {
        self.error = Some(error);
        assert_eq!(self.flow.drive(&mut self.rx, &mut self.tx), Err(error), "an error stays (R4)");
        assert!(self.flow.finish().is_err(), "no secrets after an error");
        match error.kind() {
            // An honest host would not have done this.
            ErrorKind::InboxTooSmall { needed } => assert!(needed > 4000),
            kind => assert!(matches!(error.alert(), Some(Alert::Sent(_))), "{kind}, and nobody tells the peer"),
        }
    }

    /// At most `n` of the pending bytes.
    fn sends(&mut self, n: usize) -> Option<(Epoch, Vec<u8>)> {
        let (epoch, bytes) = self.tx.pending()?;
        let bytes = bytes[..n.min(bytes.len())].to_vec();
        self.tx.sent(n); // must not count more than was pending
        self.sent.extend(bytes.iter().map(|byte| (epoch, *byte)));
        Some((epoch, bytes))
    }
}

/// The attacker's edits of a piece. Seeds use the numbers: append only.
const EDITS: &[&str] = &["pass", "drop", "twice", "flip", "insert", "epoch", "replay", "halves", "pass", "pass"];

const EPOCHS: &[Epoch] = &[Epoch::Plaintext, Epoch::Handshake, Epoch::Application];

/// Runs two honest ends until nothing more happens.
fn between(number: usize, real: bool, mut choices: Choices<'_>) -> [Side; 2] {
    let mut sides = [Role::Client, Role::Server].map(|role| {
        let capacity = usize::from(choices.byte()) * 8;
        Side::new(role, number, real, 4000, if capacity == 0 { 4000 } else { capacity })
    });
    let mut idle = 0;
    while idle < 3 {
        idle = if choices.is_empty() { idle + 1 } else { 0 };
        for from in [0, 1] {
            let (one, other) = sides.split_at_mut(1);
            let (from, to) = if from == 0 { (&mut one[0], &mut other[0]) } else { (&mut other[0], &mut one[0]) };
            from.runs(&mut choices, to.asked.as_ref());
            let n = if choices.is_empty() { usize::MAX } else { choices.word() % 1000 + 1 };
            let Some((epoch, piece)) = from.sends(n) else { continue };
            idle = 0;
            let mut pieces = edited(&mut choices, epoch, piece, &from.sent).into_iter().peekable();
            while let Some((epoch, piece)) = pieces.next() {
                let mut rest = &piece[..];
                loop {
                    let taken = to.rx.feed(epoch, rest);
                    from.delivered.extend(rest[..taken].iter().map(|byte| (epoch, *byte)));
                    rest = &rest[taken..];
                    // The results of one piece arrive together.
                    if !rest.is_empty() || pieces.peek().is_none() {
                        to.runs(&mut choices, from.asked.as_ref());
                    }
                    if taken == 0 || rest.is_empty() {
                        break;
                    }
                }
            }
        }
    }
    agree(&sides);
    sides
}

fn edited(choices: &mut Choices<'_>, epoch: Epoch, mut piece: Vec<u8>, sent: &Stream) -> Vec<(Epoch, Vec<u8>)> {
    match *choices.of(EDITS) {
        "drop" => vec![],
        "twice" => vec![(epoch, piece.clone()), (epoch, piece)],
        "flip" => {
            let at = choices.word() % piece.len();
            piece[at] ^= choices.byte();
            vec![(epoch, piece)]
        }
        "insert" => vec![(epoch, choices.few().to_vec()), (epoch, piece)],
        "epoch" => vec![(*choices.of(EPOCHS), piece)],
        "halves" => {
            let rest = piece.split_off(piece.len() / 2);
            vec![(*choices.of(EPOCHS), piece), (epoch, rest)]
        }
        "replay" => {
            let (at, len) = (choices.word() % sent.len(), choices.word());
            let again = sent[at..].iter().take(len).map(|(_, byte)| *byte).collect();
            vec![(epoch, again), (epoch, piece)]
        }
        _ => vec![(epoch, piece)],
    }
}

fn agree(sides: &[Side; 2]) {
    let [client, server] = sides;
    let same = |side: &Side| side.delivered == side.sent;
    let honest = !client.spoilt && !server.spoilt;
    if honest && same(client) && same(server) {
        let errors = (client.error, server.error);
        assert!(client.session.is_some() && server.session.is_some(), "an untouched run succeeds: {errors:?}");
    }
    for (side, other) in [(client, server), (server, client)] {
        if side.session.is_some() {
            assert!(side.accepted && other.sent.len() <= other.delivered.len());
            assert_eq!(other.sent[..], other.delivered[..other.sent.len()], "connected by what the peer did not say");
            let chain = &pki().of(other.flow.role()).chain;
            assert!(side.peer.iter().eq(chain.iter().map(|der| der.as_ref())), "a peer that is not the other end");
            assert_eq!(side.parameters.as_deref(), Some(parameters(other.flow.role())));
        }
    }
    // A server has its secrets after the client's Finished, which comes after the client's verdict.
    assert!(server.session.is_none() || client.session.is_some(), "a server connected to nobody");
    if let (Some(ours), Some(theirs)) = (&client.session, &server.session) {
        assert!(ours.suite == theirs.suite);
        assert_eq!(ours.secrets.client.expose(), theirs.secrets.client.expose());
        assert_eq!(ours.secrets.server.expose(), theirs.secrets.server.expose());
        assert_eq!(ours.exporter.tls_exporter(), theirs.exporter.tls_exporter());
        assert_eq!(client.flow.alpn(), server.flow.alpn());
        let secrets = [client, server].map(|side| side.flow.handshake_secrets().expect("they were there").1);
        assert_eq!(secrets[0].client.expose(), secrets[1].client.expose());
        assert_eq!(secrets[0].server.expose(), secrets[1].server.expose());
    }
}

/// The sizes of the pieces, which are the records of the twin.
const PIECES: [usize; 8] = [1000, 1, 2, 3, 7, 64, 333, 500];

/// Both get the same bytes, each piece under the expected keys.
fn beside_records(how: u8, mut choices: Choices<'_>) {
    let role = if how & 1 == 0 { Role::Client } else { Role::Server };
    let (number, piece) = (usize::from(how >> 1 & 3), PIECES[usize::from(how >> 3 & 7)]);
    // Without records, too little memory is reported at the message's header. Here this never happens.
    let mut side = Side::new(role, number, false, 100_000, 40_000);
    let end = End::new(role, policy_of(number, false), false, 20_000);
    let mut end = End { hs: with_parameters(end.hs), ..end };
    let mut sent = Vec::new();
    loop {
        let theirs = loop {
            match end.drive() {
                Ok(Want::Write) => drop(end.sends()),
                Ok(Want::Done) => break None,
                Ok(_) => break Some(Ok(())),
                Err(error) if !error.is_fatal() => end.grow(error),
                Err(error) => break Some(Err(error)),
            }
        };
        side.runs(&mut Choices::new(&[]), None);
        while let Some((_, bytes)) = side.sends(usize::MAX) {
            sent.extend(bytes);
            side.runs(&mut Choices::new(&[]), None);
        }
        assert_eq!(side.error, theirs.and_then(Result::err), "two judgements of the same messages");
        assert_eq!((side.flow.state(), side.session.is_some()), (end.hs.state(), theirs.is_none()));
        assert_eq!(side.flow.alpn(), end.hs.alpn());
        assert!(sent == messages(&end.sent), "two answers to the same messages");
        if theirs.is_none() {
            break;
        }
        let bytes = choices.take(piece);
        if side.error.is_some() || bytes.is_empty() {
            return;
        }
        let epoch = side.flow.read_epoch();
        assert_eq!(side.rx.feed(epoch, bytes), bytes.len());
        record(&mut end, epoch, bytes);
    }
    after(side, end, choices.rest());
}

/// Delivers a handshake record to the twin.
fn record(end: &mut End, epoch: Epoch, bytes: &[u8]) {
    let record = match epoch {
        Epoch::Plaintext => plain(ContentType::HANDSHAKE, bytes),
        _ => null_protected(ContentType::HANDSHAKE, bytes),
    };
    assert_eq!(end.gets(&record), record.len(), "there is space after Read");
}

/// The handshake messages in records with null cryptography.
fn messages(sent: &[u8]) -> Vec<u8> {
    let content = |record: &[u8]| match record {
        [22, ..] => record[HEADER..].to_vec(),
        [23, .., 22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] => record[HEADER..record.len() - 17].to_vec(),
        _ => vec![],
    };
    records(sent).0.into_iter().flat_map(content).collect()
}

/// Messages after the handshake. KeyUpdate is not legal for such transports.
fn after(mut side: Side, mut end: End, mut rest: &[u8]) {
    let (ours, mut session) = (side.session.take().expect("connected"), end.finish());
    let (a, b) = session.expose_secrets();
    let (client, server) = if side.flow.role() == Role::Client { (a, b) } else { (b, a) };
    assert_eq!((ours.secrets.client.expose(), ours.secrets.server.expose()), (client, server));
    assert_eq!(ours.exporter.tls_exporter(), session.exporter().tls_exporter());
    for _ in 0..30 {
        let Some((message, others)) = Message::split(rest) else { return };
        rest = others;
        if message.raw.len() > 1000 {
            return;
        }
        let judged = side.hears(message.raw);
        if message.typ == HandshakeType::KEY_UPDATE {
            return assert!(judged.is_err(), "such transports update keys by themselves (RFC 9001 §6)");
        }
        record(&mut end, Epoch::Application, message.raw);
        let theirs = loop {
            match session.receive(&mut end.rx, &mut end.tx) {
                Ok(Event::Read) => break Ok(()),
                Ok(_) => {}
                Err(error) if !error.is_fatal() => end.grow(error),
                Err(error) => break Err(error),
            }
        };
        assert_eq!(judged, theirs, "two judgements of {message:?}");
        if judged.is_err() {
            return;
        }
    }
}

/// Every edit and every answer at every piece; and the messages of honest ends, in every size of pieces.
pub fn seeds() -> Vec<Vec<u8>> {
    // The beginning of a ServerHello with 63,104 bytes: more than the inbox, and less than the policy's limit.
    let mut seeds = vec![vec![0x88, 2, 0, 0xf6, 0x80, 0]];
    for number in 0..POLICY_COUNT as u8 {
        for choice in 0..EDITS.len() as u8 {
            for at in 0..12 {
                seeds.push([&[number << 1, 40, 60][..], &[0, 200, 0].repeat(at), &[choice, 1, 2, 3]].concat());
                seeds.push([&[number << 1, 0, 0][..], &[3, 231, 0].repeat(at), &[3, 231, choice, 0, 0, 9]].concat());
                seeds.push([&[number << 1, 0, 0][..], &vec![0; at], &[choice, 255, 255, choice]].concat());
            }
        }
        let [client, server] = between(usize::from(number), false, Choices::new(&[]));
        for (role, stream) in [(0, server.sent), (1, client.sent)] {
            let said: Vec<u8> = stream.iter().map(|(_, byte)| *byte).collect();
            let mut rest = &said[..];
            while let Some((message, after)) = Message::split(rest) {
                // Too long alone, or with the retained messages.
                for len in [8, 0x80, 0x81] {
                    let header = [message.typ.0, 0, len, 0];
                    seeds.push([&[0x88 | role | number << 1], &said[..said.len() - rest.len()], &header].concat());
                }
                rest = after;
            }
            let ticket = [4, 0, 0, 14, 0, 0, 0, 9, 1, 2, 3, 4, 0, 0, 1, 7, 0, 0];
            for pieces in 0..PIECES.len() as u8 {
                let how = 0x80 | role | number << 1 | pieces << 3;
                seeds.push([&[how], &said[..], &ticket, &ticket, &[24, 0, 0, 1, 0]].concat());
            }
        }
    }
    seeds
}
