//! One handshake with its memory and its answers, without the transport.

use super::basis::Basis;
use super::config::{Config, seed};
use super::failure::{BoxError, Failure};
use super::key_log::KeysShown;
use super::metrics::Attempted;
use crate::x509::{Answerer, Expect};
use crate::{AlertDescription, ErrorKind, Handshake, Inbox, Misuse, Offer, Outbox, Policy, Role, Session, State, Want};
#[cfg(feature = "tokio")]
use crate::{SignQuestion, Verdict, engine::question::VerifyQuestion, x509::Accepted, x509::Identity};
use rustls_pki_types::UnixTime;
use std::{sync::Arc, vec, vec::Vec};

/// Memory for the longest record with data: 2^14 bytes, content type, tag, header. If such a record fills the memory,
/// tokio need not ask whether more bytes have come. Longer input makes it grow: flights, and records that are refused
/// after they have been opened.
pub(super) const INBOX: usize = 16_406;
/// Memory for such a record, and the reserve for alerts.
pub(super) const OUTBOX: usize = 16_454;
/// This many of the first bytes are read without that memory. They are usually a ClientHello.
pub(super) const FIRST: usize = 2048;
/// Room for two protected alerts.
const ALERTS: usize = 64;

/// A session with its memory and its peer.
pub(super) struct Established {
    pub(super) session: Session,
    pub(super) basis: Basis,
    pub(super) rx: Inbox<Vec<u8>>,
    pub(super) tx: Outbox<Vec<u8>>,
}

/// A handshake, its memory, its answers.
pub(super) struct Handshaking {
    pub(super) config: Config,
    expect: Arc<[Expect]>,
    handshake: Handshake<Arc<Policy>>,
    answerer: Answerer,
    /// Why the signer failed.
    signer: Option<BoxError>,
    pub(super) rx: Inbox<Vec<u8>>,
    pub(super) tx: Outbox<Vec<u8>>,
    keys_shown: KeysShown,
    pub(super) attempted: Attempted,
}

impl Handshaking {
    /// A client of the server with this name. The server must prove the name; a DNS name is also sent as server_name.
    pub(super) fn client_of(config: &Config, name: &str) -> Result<Handshaking, Failure> {
        let expect: Expect = name.parse().map_err(Failure::Name)?;
        // A SPIFFE ID is for the verdict only: server_name has DNS names.
        let server_name = matches!(expect, Expect::Dns(_) | Expect::Ip(_)).then_some(name);
        Handshaking::client(config, server_name, Arc::new([expect]))
    }

    /// A client of a server that matches `expect`.
    pub(super) fn client(config: &Config, name: Option<&str>, expect: Arc<[Expect]>) -> Result<Handshaking, Failure> {
        let handshake = Handshake::client(Arc::clone(&config.policy), name, seed()?)?;
        Ok(Handshaking::new(config, handshake, expect))
    }

    /// A server of clients that match `expect`.
    pub(super) fn server(config: &Config, expect: Arc<[Expect]>) -> Result<Handshaking, Failure> {
        let handshake = Handshake::server(Arc::clone(&config.policy), seed()?);
        Ok(Handshaking::new(config, handshake, expect))
    }

    fn new(config: &Config, handshake: Handshake<Arc<Policy>>, expect: Arc<[Expect]>) -> Handshaking {
        // Memory is allocated when it is needed: the peer of a server may be silent.
        let (rx, tx) = (Inbox::new(Vec::new()), Outbox::new(Vec::new()));
        let answerer = config.answerer(Arc::clone(&expect));
        let keys_shown = KeysShown::to(config.key_log.clone());
        let attempted = Attempted::new(config.metrics.clone(), handshake.role());
        Handshaking { config: config.clone(), expect, handshake, answerer, signer: None, rx, tx, keys_shown, attempted }
    }

    /// Continues with other answers, before any question has been answered.
    pub(super) fn answer_with(&mut self, config: &Config, expect: Arc<[Expect]>) {
        self.answerer = config.answerer(Arc::clone(&expect));
        self.config.answer_as(config);
        self.expect = expect;
    }

    /// What is wanted next. After an error the alert is in `tx`.
    pub(super) fn drive(&mut self) -> Result<Want, Failure> {
        if self.holds_nothing() {
            match self.handshake.role() {
                Role::Server => return Ok(Want::Read),
                Role::Client => self.begins(None),
            }
        }
        loop {
            match self.handshake.drive(&mut self.rx, &mut self.tx) {
                Ok(want) => {
                    if !matches!(want, Want::Read | Want::Write) {
                        self.keys_shown.show(&self.handshake);
                    }
                    return Ok(want);
                }
                Err(error) => match error.kind() {
                    ErrorKind::InboxTooSmall { needed } => self.rx.grow(needed),
                    ErrorKind::OutboxTooSmall { needed } => self.tx.grow(needed),
                    _ => return Err(Failure::of(error, &self.answerer, self.signer.take())),
                },
            }
        }
    }

    /// True if there is no memory yet: then the first bytes go to [`begins`](Self::begins).
    pub(super) fn holds_nothing(&self) -> bool {
        self.rx.capacity() == 0
    }

    /// Takes the first bytes, which are empty if the transport has ended. `None`: we begin.
    pub(super) fn begins(&mut self, first: Option<&[u8]>) {
        let mut memory = vec![0; INBOX];
        let received = first.unwrap_or_default();
        memory.iter_mut().zip(received).for_each(|(place, byte)| *place = *byte);
        self.rx = Inbox::from_received(memory, 0..received.len());
        if first.is_some_and(<[u8]>::is_empty) {
            self.rx.filled(0);
        }
        self.tx = Outbox::new(vec![0; OUTBOX]);
    }

    /// Answers a question from the configuration.
    pub(super) fn answer(&mut self, question: &Want) -> Result<(), Failure> {
        self.answerer.now = UnixTime::now();
        if let Want::Verify(_) = question {
            self.attempted.verdict_asked();
        }
        loop {
            match self.answerer.answer(&mut self.handshake, question, &self.rx, &mut self.tx) {
                Ok(_) => {
                    self.attempted.verdict_given();
                    return Ok(());
                }
                Err(Misuse::NoRoom { needed }) => self.tx.grow(needed),
                Err(misuse) => return Err(misuse.into()),
            }
        }
    }

    /// What the ClientHello offers, while its question is open.
    pub(super) fn offer(&self) -> Result<Offer<'_>, Failure> {
        Ok(self.handshake.offer(&self.rx)?)
    }

    /// The chosen identity, if its key is external.
    #[cfg(feature = "tokio")]
    pub(super) fn identity_with_key_elsewhere(&self) -> Option<Arc<Identity>> {
        self.answerer.chosen().filter(|identity| identity.key().is_none()).cloned()
    }

    /// A signature that was made elsewhere.
    #[cfg(feature = "tokio")]
    pub(super) fn answer_sign(&mut self, question: &SignQuestion, signature: &[u8]) -> Result<(), Misuse> {
        loop {
            match self.handshake.answer_sign(question, signature, &mut self.tx) {
                Err(Misuse::NoRoom { needed }) => self.tx.grow(needed),
                answered => return answered,
            }
        }
    }

    /// The signer failed.
    #[cfg(feature = "tokio")]
    pub(super) fn decline_sign(&mut self, question: &SignQuestion, why: BoxError) -> Result<(), Failure> {
        self.signer = Some(why);
        Ok(self.handshake.decline(question, AlertDescription::INTERNAL_ERROR)?)
    }

    /// The local verdict; see [`accepted`](Self::accepted).
    #[cfg(feature = "tokio")]
    pub(super) fn judge(&mut self) -> Result<Verdict, Failure> {
        self.answerer.now = UnixTime::now();
        self.attempted.verdict_asked();
        Ok(self.answerer.judge(&self.handshake.peer(&self.rx)?))
    }

    /// The peer, if the local verdict has accepted it.
    #[cfg(feature = "tokio")]
    pub(super) fn accepted(&self) -> Option<Accepted> {
        self.answerer.accepted().cloned()
    }

    /// Gives a verdict to which a judge has contributed.
    #[cfg(feature = "tokio")]
    pub(super) fn answer_verify(&mut self, question: &VerifyQuestion, verdict: Verdict) -> Result<(), Failure> {
        self.attempted.verdict_given();
        Ok(self.handshake.answer_verify(question, verdict)?)
    }

    /// Refuses the open question of a server.
    pub(super) fn abort(&mut self, alert: AlertDescription) {
        self.attempted.end("Failed", ErrorKind::Aborted { alert }.name());
        self.room_for_alerts();
        let _ = self.handshake.abort(alert, &mut self.tx); // it is our own outbox
    }

    /// The deadline has passed in this state.
    pub(super) fn time_out(&mut self, state: State) -> Failure {
        self.room_for_alerts();
        let _ = self.handshake.cancel(&mut self.tx); // it is our own outbox
        Failure::TimedOut(state)
    }

    fn room_for_alerts(&mut self) {
        if self.tx.capacity() == 0 {
            self.tx.grow(ALERTS);
        }
    }

    pub(super) fn state(&self) -> State {
        self.handshake.state()
    }

    /// The session, after `Done`. It knows its peer, even if a judge decided last.
    pub(super) fn finish(mut self) -> Result<Established, Failure> {
        let client_random = *self.handshake.client_random();
        let lease = self.answerer.lease().ok_or(Misuse::NotNow)?;
        self.handshake.attach(Arc::new(lease.accepted().clone()));
        let session = self.handshake.finish_at(UnixTime::now())?;
        self.keys_shown.show_exporter(&client_random, session.exporter());
        self.attempted.completed();
        let basis = Basis::new(self.config, self.expect, lease);
        Ok(Established { session, basis, rx: self.rx, tx: self.tx })
    }
}
