//! Connecting and accepting: what a program writes down.

use super::answers::{Answers, AnyJudge, AnySigner, Judge, Signer};
use super::attempt::{Attempt, Open};
use super::linger::Linger;
use super::stream::Stream;
use crate::adapters::config::Config;
use crate::adapters::handshaking::Handshaking;
use crate::x509::Expect;
use crate::{AlertDescription, Offer};
use ::tokio::io::{AsyncRead, AsyncWrite};
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::boxed::Box;
use std::io;
use std::sync::Arc;

/// Makes clients' connections. Cloning it counts references.
#[derive(Clone)]
pub struct Connector {
    config: Config,
    answers: Answers,
}

impl Connector {
    /// With this configuration, and local answers.
    pub fn new(config: Config) -> Connector {
        Connector { config, answers: Answers::default() }
    }

    /// Asks this signer for identities whose key is elsewhere.
    pub fn signer(mut self, signer: impl Signer) -> Connector {
        self.answers.signer = Some(Arc::new(signer) as Arc<dyn AnySigner>);
        self
    }

    /// Asks this judge about servers that the local judgement has accepted.
    pub fn judge(mut self, judge: impl Judge) -> Connector {
        self.answers.judge = Some(Arc::new(judge) as Arc<dyn AnyJudge>);
        self
    }

    /// A mutual TLS connection over `io` with the server of this name, which it must prove to have: a DNS name, an IP
    /// address or a SPIFFE ID. A DNS name is sent as server_name. To be awaited; the deadline begins now.
    ///
    /// The server has been judged then; it has not yet judged us. [`Stream::confirmed`] waits for that, and so does the
    /// first read.
    ///
    /// # Errors
    /// When awaited: see [`Failure`](crate::adapters::Failure); and the transport's.
    pub fn connect<IO>(&self, name: &str, io: IO) -> Connecting<IO> {
        Connecting(Attempt::new(Handshaking::client_of(&self.config, name), io, &self.answers))
    }

    /// The same, with whoever of `expect` answers; `name` is sent as server_name, and says nothing about who it must be.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_to<IO>(&self, name: Option<&str>, expect: impl Into<Arc<[Expect]>>, io: IO) -> Connecting<IO> {
        Connecting(Attempt::new(Handshaking::client(&self.config, name, expect.into()), io, &self.answers))
    }
}

/// Takes servers' connections. Cloning it counts references.
#[derive(Clone)]
pub struct Acceptor {
    config: Config,
    expect: Arc<[Expect]>,
    answers: Answers,
}

impl Acceptor {
    /// With this configuration and local answers, for the clients that `expect` says: one of them must match.
    /// [`Expect::AnyTrusted`] admits whoever has a certificate under our roots.
    pub fn new(config: Config, expect: impl Into<Arc<[Expect]>>) -> Acceptor {
        Acceptor { config, expect: expect.into(), answers: Answers::default() }
    }

    /// Asks this signer for identities whose key is elsewhere.
    pub fn signer(mut self, signer: impl Signer) -> Acceptor {
        self.answers.signer = Some(Arc::new(signer) as Arc<dyn AnySigner>);
        self
    }

    /// Asks this judge about clients that the local judgement has accepted.
    pub fn judge(mut self, judge: impl Judge) -> Acceptor {
        self.answers.judge = Some(Arc::new(judge) as Arc<dyn AnyJudge>);
        self
    }

    /// A mutual TLS connection with whoever has connected. To be awaited; the deadline begins now.
    ///
    /// # Errors
    /// When awaited: see [`Failure`](crate::adapters::Failure); and the transport's.
    pub fn accept<IO>(&self, io: IO) -> Connecting<IO> {
        Connecting(self.attempt(io))
    }

    /// The first step of two: reads the ClientHello, to be awaited, and shows its [`offer`](Hello::offer) before a
    /// certificate is chosen. What the policy settles is settled then: version, cipher suite, group, ALPN, certificate
    /// types.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub fn begin<IO>(&self, io: IO) -> Receiving<IO> {
        Receiving(self.attempt(io))
    }

    fn attempt<IO>(&self, io: IO) -> Attempt<IO> {
        Attempt::new(Handshaking::server(&self.config, Arc::clone(&self.expect)), io, &self.answers)
    }
}

/// A handshake: await it. Its steps are kept in it: a future of [`run`](Self::run) may be dropped at any point, and `run`
/// called again, without losing anything; a signature in flight is not asked for twice. Dropping the value itself ends the
/// connection.
pub struct Connecting<IO>(Attempt<IO>);

impl<IO: AsyncRead + AsyncWrite + Unpin> Connecting<IO> {
    /// Goes on to the end.
    ///
    /// # Errors
    /// See [`Failure`](crate::adapters::Failure); and the transport's. Afterwards there is nothing left to run.
    pub async fn run(&mut self) -> io::Result<Stream<IO>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Stream<IO>>> {
        let Open { io, handshaking, answers, .. } = *ready!(self.0.poll(cx, false))?;
        Poll::Ready(Ok(Stream::new(handshaking.finish()?, io, answers)))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Future for Connecting<IO> {
    type Output = io::Result<Stream<IO>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Connecting::poll(self.get_mut(), cx)
    }
}

/// The first step of an accept in two: await it. As [`Connecting`], it may be left and run again.
pub struct Receiving<IO>(Attempt<IO>);

impl<IO: AsyncRead + AsyncWrite + Unpin> Receiving<IO> {
    /// Goes on until the ClientHello is there.
    ///
    /// # Errors
    /// As [`Connecting::run`].
    pub async fn run(&mut self) -> io::Result<Hello<IO>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Hello<IO>>> {
        Poll::Ready(Ok(Hello(ready!(self.0.poll(cx, true))?)))
    }
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Future for Receiving<IO> {
    type Output = io::Result<Hello<IO>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Receiving::poll(self.get_mut(), cx)
    }
}

/// A ClientHello that is yet to be answered. The deadline of the handshake goes on.
pub struct Hello<IO>(Box<Open<IO>>);

impl<IO: AsyncRead + AsyncWrite + Unpin> Hello<IO> {
    /// What the client offers: the name that it asks for, protocols, schemes, authorities.
    ///
    /// # Errors
    /// None while the question is open, which it is.
    pub fn offer(&self) -> io::Result<Offer<'_>> {
        Ok(self.0.handshaking.offer()?)
    }

    /// The second step, with the identities, trust, expectations, memo, signer and judge of this acceptor, which may be
    /// another one than began. Policy, deadlines and key log stay those of the first.
    ///
    /// # Errors
    /// As [`Acceptor::accept`].
    pub fn accept(mut self, acceptor: &Acceptor) -> Connecting<IO> {
        self.0.handshaking.answer_with(&acceptor.config, Arc::clone(&acceptor.expect));
        self.0.answers = acceptor.answers.clone();
        Connecting(Attempt::of(self.0))
    }

    /// Sends this alert instead, and waits a little for the client to close: `UNRECOGNIZED_NAME`, `ACCESS_DENIED`.
    pub async fn refuse(mut self, alert: AlertDescription) {
        let Open { io, handshaking, .. } = &mut *self.0;
        handshaking.abort(alert);
        let mut linger = Linger::of(&handshaking.config);
        poll_fn(|cx| linger.poll(cx, io, &mut handshaking.tx)).await;
    }
}
