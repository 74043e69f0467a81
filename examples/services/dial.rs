//! Connections for the clients of hyper and tonic.

use countersign::adapters::tokio::{Connector, Reauthentication, Stream};
use countersign::x509::Expect;
use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::net::TcpStream;
use tower::Service;

/// Connects to the host of a URI. The server must prove that it is this host, or the expected peer. Use it for
/// `hyper_util::client::legacy::Client` and for tonic's `Endpoint::connect_with_connector`, which keep the connections.
#[derive(Clone)]
pub struct Dialer {
    connector: Connector,
    expect: Option<Expect>,
}

impl Dialer {
    /// Expects the host of the URI.
    pub fn new(connector: Connector) -> Dialer {
        Dialer { connector, expect: None }
    }

    /// Expects this SPIFFE ID instead.
    pub fn expect(mut self, expect: Expect) -> Dialer {
        self.expect = Some(expect);
        self
    }

    /// Returns a connection whose server has accepted us. So a refusal is an error here, with the server's alert, and
    /// not an error of a request.
    pub async fn dial(&self, uri: &Uri) -> io::Result<Dialed> {
        let host = uri.host().ok_or_else(|| io::Error::other(format!("{uri} names no host")))?;
        let host = host.trim_matches(['[', ']']); // of an IPv6 address
        let tcp = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
        tcp.set_nodelay(true)?;
        let mut stream = match &self.expect {
            None => self.connector.connect(host, tcp).await?,
            Some(expect) => self.connector.connect_to(Some(host), [expect.clone()], tcp).await?,
        };
        match stream.confirmed().await {
            // The server has sent data first, as HTTP/2 does.
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {}
            confirmed => confirmed?,
        }
        let h2 = stream.info().alpn() == Some(b"h2");
        let reauthentication = stream.reauthentication()?;
        Ok(Dialed { io: TokioIo::new(stream), h2, reauthentication })
    }
}

impl Service<Uri> for Dialer {
    type Response = Dialed;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Dialed>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dialer = self.clone();
        Box::pin(async move { dialer.dial(&uri).await })
    }
}

/// A connection in the type that hyper requires.
pub struct Dialed {
    io: TokioIo<Stream<TcpStream>>,
    h2: bool,
    /// Proves identities again inside of the connection.
    pub reauthentication: Reauthentication,
}

impl Connection for Dialed {
    fn connected(&self) -> Connected {
        let connected = Connected::new();
        if self.h2 { connected.negotiated_h2() } else { connected }
    }
}

impl Read for Dialed {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl Write for Dialed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
