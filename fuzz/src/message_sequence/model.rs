//! The model of `message_sequence`: the expected result of the end under test.

use super::{Outcome, WHATS, What, Wrong, messages};
use countersign::internals::codec::{self, AlertDescription as A, ContentType, HandshakeType as M, Message};
use countersign::table::{self, Cause, TABLE};
use countersign::{Epoch, Role, State, limits};

/// The expected state of the end under test.
pub(super) struct Model {
    pub(super) role: Role,
    pub(super) state: State,
    pub(super) retried: bool,
    /// Handshake bytes that are not a whole message yet.
    partial: Vec<u8>,
    /// A protected record has come.
    opened: bool,
    /// The server has sent a record since our Finished.
    pub(super) confirmed: bool,
    change_cipher_specs: u8,
    warnings: u8,
    empty: u8,
    key_updates: u8,
    tickets: u8,
}

impl Model {
    pub(super) fn new(role: Role) -> Model {
        let first = TABLE.iter().find(|row| row.role == role).expect("both roles have rows").state;
        let mut model = Model {
            role,
            state: first,
            retried: false,
            partial: Vec::new(),
            opened: false,
            confirmed: role == Role::Server,
            change_cipher_specs: 0,
            warnings: 0,
            empty: 0,
            key_updates: 0,
            tickets: 0,
        };
        model.answer();
        model
    }

    /// Whether the peer's next record must be protected.
    pub(super) fn keyed(&self) -> bool {
        let row = TABLE.iter().find(|row| row.role == self.role && row.state == self.state);
        row.is_none_or(|row| row.epoch != Epoch::Plaintext)
    }

    /// Our side answers all questions at once.
    fn answer(&mut self) {
        let ours = |state| {
            let mut rows = TABLE.iter().filter(|row| row.role == self.role && row.state == state);
            rows.find(|row| !matches!(row.cause, Cause::Receive { .. })).map(|row| row.next)
        };
        while let Some(next) = ours(self.state) {
            self.state = next;
        }
    }

    pub(super) fn record(&mut self, protected: bool, content: ContentType, fragment: &[u8]) -> Outcome {
        self.judge_record(protected, content, fragment).err().unwrap_or(Outcome::GoesOn)
    }

    /// RFC 9846 §5: the legal record types.
    fn judge_record(&mut self, protected: bool, content: ContentType, fragment: &[u8]) -> Result<(), Outcome> {
        let unexpected = Err(Outcome::Alert(A::UNEXPECTED_MESSAGE));
        let connected = self.state == State::Connected;
        if !protected && content == ContentType::CHANGE_CIPHER_SPEC {
            let first = self.state == State::WaitClientHello && !self.retried;
            self.change_cipher_specs += 1;
            let tolerated = self.change_cipher_specs <= limits::MAX_CHANGE_CIPHER_SPECS;
            let legal = self.partial.is_empty() && !first && !connected && fragment == [1] && tolerated;
            return if legal { Ok(()) } else { unexpected };
        }
        if !protected && content == ContentType::APPLICATION_DATA && self.keyed() {
            return Err(Outcome::Alert(A::BAD_RECORD_MAC)); // its type says that it is protected, and it is shorter than a tag
        }
        if protected != self.keyed() {
            // A client that refuses our ServerHello may say so in plaintext.
            let refusal = !protected && content == ContentType::ALERT && !connected && !self.opened;
            return match fragment {
                _ if !refusal || self.role == Role::Client || fragment.is_empty() => unexpected,
                [_, alert] if [A::CLOSE_NOTIFY, A::USER_CANCELED].contains(&A(*alert)) => unexpected,
                [_, _] => Err(Outcome::PeerEnded),
                _ => Err(Outcome::Alert(A::DECODE_ERROR)),
            };
        }
        self.opened |= protected;
        match content {
            // Only padding: no type at all.
            ContentType(0) => unexpected,
            ContentType::HANDSHAKE if fragment.is_empty() => unexpected,
            ContentType::HANDSHAKE => {
                (self.warnings, self.empty) = (0, 0);
                self.confirmed |= connected;
                self.partial.extend_from_slice(fragment);
                self.messages()
            }
            _ if !self.partial.is_empty() => unexpected,
            ContentType::APPLICATION_DATA if !connected => unexpected,
            ContentType::APPLICATION_DATA if fragment.is_empty() => {
                self.confirmed = true;
                self.empty += 1;
                if self.empty > limits::MAX_EMPTY_RECORDS { unexpected } else { Ok(()) }
            }
            ContentType::APPLICATION_DATA => {
                (self.warnings, self.empty, self.key_updates, self.tickets) = (0, 0, 0, 0);
                self.confirmed = true;
                Ok(())
            }
            ContentType::ALERT => match fragment {
                [] => unexpected,
                [_, alert] if A(*alert) == A::USER_CANCELED => {
                    self.warnings += 1;
                    if self.warnings > limits::MAX_WARNINGS { unexpected } else { Ok(()) }
                }
                // A client that is not confirmed was not accepted, so this is no orderly end.
                [_, alert] if A(*alert) == A::CLOSE_NOTIFY && self.confirmed && connected => Err(Outcome::Closed),
                [_, _] => Err(Outcome::PeerEnded),
                _ => Err(Outcome::Alert(A::DECODE_ERROR)),
            },
            _ => unexpected,
        }
    }

    /// The whole messages, in the order of the table.
    fn messages(&mut self) -> Result<(), Outcome> {
        let unexpected = Outcome::Alert(A::UNEXPECTED_MESSAGE);
        while let Some((typ, len)) = codec::header(&self.partial) {
            let boundary = match self.state {
                State::Connected if typ == M::KEY_UPDATE => Some(true),
                State::Connected if typ == M::NEW_SESSION_TICKET && self.role == Role::Client => Some(false),
                State::WaitCertificateRequest if typ == M::CERTIFICATE => {
                    return Err(Outcome::Alert(A::HANDSHAKE_FAILURE)); // not mutual
                }
                state => table::accepts(self.role, state, typ),
            };
            let boundary = boundary.ok_or(unexpected)?;
            // A ticket may have any length, because it is dropped.
            if len > limits::MAX_MESSAGE && typ != M::NEW_SESSION_TICKET {
                return Err(Outcome::Alert(A::ILLEGAL_PARAMETER));
            }
            let Some((message, rest)) = Message::split(&self.partial) else { return Ok(()) };
            let (raw, rest) = (message.raw.to_vec(), rest.to_vec());
            if self.state == State::Connected {
                self.content(&raw)?;
                self.after_handshake(typ, unexpected)?;
                if boundary && !rest.is_empty() {
                    return Err(unexpected);
                }
            } else {
                if boundary && !rest.is_empty() {
                    return Err(unexpected);
                }
                self.content(&raw)?;
                self.moves(typ, &raw)?;
            }
            self.partial = rest;
        }
        Ok(())
    }

    /// The fault of the message itself.
    fn content(&self, raw: &[u8]) -> Result<(), Outcome> {
        if let Some(number) = messages(self.retried).iter().position(|message| message == raw)
            && let What::Message(_, wrong) = WHATS[number]
        {
            return wrong.map_or(Ok(()), |Wrong(client, server)| {
                Err(Outcome::Alert(if self.role == Role::Client { client } else { server }))
            });
        }
        // A ServerHello that was written before its HelloRetryRequest arrived has a share of the wrong group.
        assert!(self.retried && raw[0] == M::SERVER_HELLO.0, "the peer sends only what is in the list");
        Err(Outcome::Alert(A::ILLEGAL_PARAMETER))
    }

    fn moves(&mut self, typ: M, raw: &[u8]) -> Result<(), Outcome> {
        let same = |number: usize| messages(self.retried)[number] == raw;
        let retry = same(1) || same(3);
        if retry && self.retried {
            let second = if self.role == Role::Client { A::UNEXPECTED_MESSAGE } else { A::ILLEGAL_PARAMETER };
            return Err(Outcome::Alert(second));
        }
        let next = match (self.state, retry) {
            (State::WaitServerHello, true) => State::SendClientHello,
            (State::WaitClientHello, true) => State::SendHelloRetryRequest,
            (State::WaitServerHello, false) => State::WaitEncryptedExtensions,
            (State::WaitClientHello, false) => State::AskCredential,
            (state, _) => TABLE.iter().find(|row| row.role == self.role && row.state == state).expect("a row").next,
        };
        assert!(table::leads(self.role, self.state, next), "{typ} leads from {} to {next}", self.state);
        self.retried |= retry;
        self.state = next;
        self.answer();
        Ok(())
    }

    fn after_handshake(&mut self, typ: M, unexpected: Outcome) -> Result<(), Outcome> {
        let (count, most) = match typ {
            M::KEY_UPDATE => (&mut self.key_updates, limits::MAX_KEY_UPDATES),
            _ => (&mut self.tickets, limits::MAX_TICKETS),
        };
        *count += 1;
        if *count > most { Err(unexpected) } else { Ok(()) }
    }
}
