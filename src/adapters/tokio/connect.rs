//! Connecting and accepting.

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

/// Makes connections as a client. A clone is a new reference.
#[derive(Clone)]
pub struct Connector {
    config: Config,
    answers: Answers,
}

impl Connector {
    /// With this configuration, without a signer or a judge.
    pub fn new(config: Config) -> Connector {
        Connector { config, answers: Answers::default() }
    }

    /// Asks this signer for identities with an external key.
    pub fn signer(mut self, signer: impl Signer) -> Connector {
        self.answers.signer = Some(Arc::new(signer) as Arc<dyn AnySigner>);
        self
    }

    /// Asks this judge about servers that the local verdict has accepted.
    pub fn judge(mut self, judge: impl Judge) -> Connector {
        self.answers.judge = Some(Arc::new(judge) as Arc<dyn AnyJudge>);
        self
    }

    /// Connects to the server with this name by mutual TLS over `io`. The server must prove the name: a DNS name, an IP
    /// address or a SPIFFE ID. A DNS name is sent as server_name. Await the result; the deadline begins now.
    ///
    /// At the end we have accepted the server, but it has not yet accepted us. [`Stream::confirmed`] waits for that, and so
    /// does the first read.
    ///
    /// # Errors
    /// When awaited: see [`Failure`](crate::adapters::Failure); and those of the transport.
    pub fn connect<IO>(&self, name: &str, io: IO) -> Connecting<IO> {
        Connecting(Attempt::new(Handshaking::client_of(&self.config, name), io, &self.answers))
    }

    /// The same, with any server that matches `expect`. `name` is sent as server_name, and the server need not prove it.
    ///
    /// # Errors
    /// Those of [`connect`](Self::connect).
    pub fn connect_to<IO>(&self, name: Option<&str>, expect: impl Into<Arc<[Expect]>>, io: IO) -> Connecting<IO> {
        Connecting(Attempt::new(Handshaking::client(&self.config, name, expect.into()), io, &self.answers))
    }
}

/// Accepts connections as a server. A clone is a new reference.
#[derive(Clone)]
pub struct Acceptor {
    config: Config,
    expect: Arc<[Expect]>,
    answers: Answers,
}

impl Acceptor {
    /// With this configuration, without a signer or a judge. A client must match one of `expect`.
    /// [`Expect::AnyTrusted`] accepts every client with a certificate under our roots.
    pub fn new(config: Config, expect: impl Into<Arc<[Expect]>>) -> Acceptor {
        Acceptor { config, expect: expect.into(), answers: Answers::default() }
    }

    /// Asks this signer for identities with an external key.
    pub fn signer(mut self, signer: impl Signer) -> Acceptor {
        self.answers.signer = Some(Arc::new(signer) as Arc<dyn AnySigner>);
        self
    }

    /// Asks this judge about clients that the local verdict has accepted.
    pub fn judge(mut self, judge: impl Judge) -> Acceptor {
        self.answers.judge = Some(Arc::new(judge) as Arc<dyn AnyJudge>);
        self
    }

    /// Makes a mutual TLS connection with the client at the other end of `io`. Await the result; the deadline begins now.
    ///
    /// # Errors
    /// When awaited: see [`Failure`](crate::adapters::Failure); and those of the transport.
    pub fn accept<IO>(&self, io: IO) -> Connecting<IO> {
        Connecting(self.attempt(io))
    }

    /// The first of two steps: reads the ClientHello, when awaited, and shows its [`offer`](Hello::offer) before a
    /// certificate is chosen. The policy has decided by then: version, cipher suite, group, ALPN, certificate types.
    ///
    /// # Errors
    /// Those of [`accept`](Self::accept).
    pub fn begin<IO>(&self, io: IO) -> Receiving<IO> {
        Receiving(self.attempt(io))
    }

    fn attempt<IO>(&self, io: IO) -> Attempt<IO> {
        Attempt::new(Handshaking::server(&self.config, Arc::clone(&self.expect)), io, &self.answers)
    }
}

/// A handshake: await it. It keeps its own progress. So a future of [`run`](Self::run) may be dropped at any point, and
/// `run` called again, and nothing is lost; a signature in flight is not asked for twice. Dropping the value itself ends
/// the connection.
pub struct Connecting<IO>(Attempt<IO>);

impl<IO: AsyncRead + AsyncWrite + Unpin> Connecting<IO> {
    /// Runs to the end.
    ///
    /// # Errors
    /// See [`Failure`](crate::adapters::Failure); and those of the transport. After the end it must not be called again.
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

/// The first step of an accept in two steps: await it. As with [`Connecting`], its future may be dropped and run again.
pub struct Receiving<IO>(Attempt<IO>);

impl<IO: AsyncRead + AsyncWrite + Unpin> Receiving<IO> {
    /// Runs until the ClientHello is complete.
    ///
    /// # Errors
    /// Those of [`Connecting::run`].
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

/// A ClientHello without an answer yet. The deadline of the handshake continues.
pub struct Hello<IO>(Box<Open<IO>>);

impl<IO: AsyncRead + AsyncWrite + Unpin> Hello<IO> {
    /// What the client offers: the server name, protocols, signature schemes, certificate authorities.
    ///
    /// # Errors
    /// None, because the question is open.
    pub fn offer(&self) -> io::Result<Offer<'_>> {
        Ok(self.0.handshaking.offer()?)
    }

    /// The second step, with the identities, trust, expectations, memo, signer and judge of this acceptor. It may differ
    /// from the acceptor of the first step; policy, deadlines and key log stay those of the first.
    ///
    /// # Errors
    /// Those of [`Acceptor::accept`].
    pub fn accept(mut self, acceptor: &Acceptor) -> Connecting<IO> {
        self.0.handshaking.answer_with(&acceptor.config, Arc::clone(&acceptor.expect));
        self.0.answers = acceptor.answers.clone();
        Connecting(Attempt::of(self.0))
    }

    /// Sends this alert instead, for example `UNRECOGNIZED_NAME` or `ACCESS_DENIED`, and waits a little for the client to
    /// close.
    pub async fn refuse(mut self, alert: AlertDescription) {
        let Open { io, handshaking, .. } = &mut *self.0;
        handshaking.abort(alert);
        let mut linger = Linger::of(&handshaking.config);
        poll_fn(|cx| linger.poll(cx, io, &mut handshaking.tx)).await;
    }
}
