//! Connecting and accepting: handshakes over a blocking transport, with a deadline.

use super::Stream;
use super::link::{Link, is_timeout};
use super::transport::Transport;
use crate::adapters::config::Config;
use crate::adapters::handshaking::{FIRST, Handshaking};
use crate::x509::Expect;
use crate::{AlertDescription, Offer, State, Want};
use std::io;
use std::sync::Arc;
use std::time::Instant;

/// Makes connections as a client. A clone is a new reference.
#[derive(Clone)]
pub struct Connector {
    config: Config,
}

impl Connector {
    /// With this configuration.
    pub fn new(config: Config) -> Connector {
        Connector { config }
    }

    /// Connects to the server with this name by mutual TLS over `io`. The server must prove the name: a DNS name, an IP
    /// address or a SPIFFE ID. A DNS name is sent as server_name.
    ///
    /// At the return we have accepted the server, but it has not yet accepted us. [`Stream::confirmed`] waits for that, and
    /// so does the first read.
    ///
    /// # Errors
    /// See [`Failure`](crate::adapters::Failure); and those of the transport.
    pub fn connect<S: Transport>(&self, name: &str, io: S) -> io::Result<Stream<S>> {
        let deadline = deadline(&self.config);
        Connecting::new(Handshaking::client_of(&self.config, name)?, io, deadline)?.finish()
    }

    /// The same, with any server that matches `expect`. `name` is sent as server_name, and the server need not prove it.
    ///
    /// # Errors
    /// Those of [`connect`](Self::connect).
    pub fn connect_to<S: Transport>(
        &self,
        name: Option<&str>,
        expect: impl Into<Arc<[Expect]>>,
        io: S,
    ) -> io::Result<Stream<S>> {
        let deadline = deadline(&self.config);
        Connecting::new(Handshaking::client(&self.config, name, expect.into())?, io, deadline)?.finish()
    }
}

/// Accepts connections as a server. A clone is a new reference.
#[derive(Clone)]
pub struct Acceptor {
    config: Config,
    expect: Arc<[Expect]>,
}

impl Acceptor {
    /// With this configuration. A client must match one of `expect`.
    /// [`Expect::AnyTrusted`] accepts every client with a certificate under our roots.
    pub fn new(config: Config, expect: impl Into<Arc<[Expect]>>) -> Acceptor {
        Acceptor { config, expect: expect.into() }
    }

    /// Makes a mutual TLS connection with the client at the other end of `io`.
    ///
    /// # Errors
    /// See [`Failure`](crate::adapters::Failure); and those of the transport.
    pub fn accept<S: Transport>(&self, io: S) -> io::Result<Stream<S>> {
        let handshaking = Handshaking::server(&self.config, Arc::clone(&self.expect))?;
        Connecting::new(handshaking, io, deadline(&self.config))?.finish()
    }

    /// The first of two steps: reads the ClientHello and shows its [`offer`](Hello::offer), before a certificate is
    /// chosen. The policy has decided by then: version, cipher suite, group, ALPN, certificate types.
    ///
    /// # Errors
    /// Those of [`accept`](Self::accept).
    pub fn begin<S: Transport>(&self, io: S) -> io::Result<Hello<S>> {
        let handshaking = Handshaking::server(&self.config, Arc::clone(&self.expect))?;
        let mut connecting = Connecting::new(handshaking, io, deadline(&self.config))?;
        connecting.run(|want| matches!(want, Want::Credential(_)))?;
        Ok(Hello(connecting))
    }
}

/// A ClientHello without an answer yet. The deadline of the handshake continues.
pub struct Hello<S>(Connecting<S>);

impl<S: Transport> Hello<S> {
    /// What the client offers: the server name, protocols, signature schemes, certificate authorities.
    ///
    /// # Errors
    /// None, because the question is open.
    pub fn offer(&self) -> io::Result<Offer<'_>> {
        Ok(self.0.handshaking.offer()?)
    }

    /// The second step, with the identities, trust, expectations and memo of this acceptor. It may differ from the acceptor
    /// of the first step; policy, deadlines and key log stay those of the first.
    ///
    /// # Errors
    /// Those of [`Acceptor::accept`].
    pub fn accept(mut self, acceptor: &Acceptor) -> io::Result<Stream<S>> {
        self.0.handshaking.answer_with(&acceptor.config, Arc::clone(&acceptor.expect));
        self.0.finish()
    }

    /// Sends this alert instead, for example `UNRECOGNIZED_NAME` or `ACCESS_DENIED`, and waits a little for the client to
    /// close.
    pub fn refuse(mut self, alert: AlertDescription) {
        self.0.handshaking.abort(alert);
        self.0.linger();
    }
}

fn deadline(config: &Config) -> Option<Instant> {
    Instant::now().checked_add(config.handshake_deadline?)
}

/// A handshake over its transport.
struct Connecting<S> {
    handshaking: Handshaking,
    link: Link<S>,
    deadline: Option<Instant>,
}

impl<S: Transport> Connecting<S> {
    fn new(handshaking: Handshaking, io: S, deadline: Option<Instant>) -> io::Result<Connecting<S>> {
        Ok(Connecting { handshaking, link: Link::new(io), deadline })
    }

    fn finish(mut self) -> io::Result<Stream<S>> {
        self.run(|_| false)?;
        Ok(Stream::new(self.handshaking.finish()?, self.link))
    }

    /// Runs to the end, or to the question that shall stay open.
    fn run(&mut self, stop: impl Fn(&Want) -> bool) -> io::Result<()> {
        let before = self.link.io.timeouts()?;
        let outcome = self.go_on(stop);
        // The timeouts of a borrowed socket must be as before.
        let restored = self.link.io.set_timeouts(before);
        if let Err(error) = &outcome {
            self.handshaking.attempted.failed(error);
        }
        outcome.and(restored)
    }

    fn go_on(&mut self, stop: impl Fn(&Want) -> bool) -> io::Result<()> {
        loop {
            let moved = match self.handshaking.drive() {
                Ok(want) if stop(&want) => return Ok(()),
                Ok(Want::Done) if self.link.is_flushed() => return Ok(()),
                Ok(Want::Done) => self.transport(|link, _| link.flush()),
                Ok(Want::Write) => self.transport(|link, handshaking| link.write_once(&mut handshaking.tx)),
                Ok(Want::Read) if self.handshaking.holds_nothing() => self.transport(|link, handshaking| {
                    let mut first = [0; FIRST];
                    let n = link.read_once(&mut first)?;
                    handshaking.begins(Some(first.get(..n).unwrap_or_default()));
                    Ok(())
                }),
                Ok(Want::Read) => self.transport(|link, handshaking| link.fill(&mut handshaking.rx)),
                Ok(question) => {
                    let asked = self.handshaking.state();
                    self.handshaking.answer(&question)?;
                    if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                        return Err(self.time_out(asked));
                    }
                    Ok(())
                }
                Err(failure) => {
                    self.linger();
                    return Err(failure.into());
                }
            };
            match moved {
                Ok(()) => {}
                Err(error) if is_timeout(&error) => return Err(self.time_out(self.handshaking.state())),
                Err(error) => return Err(error),
            }
        }
    }

    /// One call of the transport, until the deadline.
    fn transport(&mut self, call: impl FnOnce(&mut Link<S>, &mut Handshaking) -> io::Result<()>) -> io::Result<()> {
        if !self.link.wait_until(self.deadline)? {
            return Err(io::ErrorKind::TimedOut.into());
        }
        call(&mut self.link, &mut self.handshaking)
    }

    fn time_out(&mut self, state: State) -> io::Error {
        let failure = self.handshaking.time_out(state);
        self.linger();
        failure.into()
    }

    fn linger(&mut self) {
        self.link.linger(&mut self.handshaking.tx, self.handshaking.config.last_words());
    }
}
