//! The configurations from which quinn starts its sessions.

use super::keys::{self, VERSION_1};
use super::session::TlsSession;
use super::shared::{NoAlpn, Shared};
use crate::adapters::config::Config;
use crate::adapters::failure::Failure;
use crate::x509::Expect;
use quinn_proto::crypto::{ClientConfig, Keys, ServerConfig, Session, UnsupportedVersion};
use quinn_proto::transport_parameters::TransportParameters;
use quinn_proto::{ConnectError, ConnectionId, Side};
use std::boxed::Box;
use std::string::ToString;
use std::sync::Arc;

/// Mutual TLS for QUIC clients: the argument of `quinn_proto::ClientConfig::new`.
#[derive(Clone)]
pub struct QuicClientConfig {
    shared: Shared,
    expect: Option<Arc<[Expect]>>,
}

impl QuicClientConfig {
    /// With this configuration. The server must prove the name that is given to quinn's `connect`: a DNS name, an IP
    /// address or a SPIFFE ID. A DNS name is sent as server_name. The deadlines are those of quinn.
    ///
    /// # Errors
    /// If the policy has no application protocol.
    pub fn new(config: Config) -> Result<QuicClientConfig, NoAlpn> {
        Ok(QuicClientConfig { shared: Shared::new(config)?, expect: None })
    }

    /// The server must match one of these instead. The name that is given to `connect` is sent as server_name, and the
    /// server need not prove it.
    pub fn expect(mut self, expect: impl Into<Arc<[Expect]>>) -> QuicClientConfig {
        self.expect = Some(expect.into());
        self
    }

    /// Is called with all details when a handshake fails for a reason of ours: quinn's own error has only the alert. It is
    /// called from quinn's task, and must not block. To know which connection it was, give each its own configuration: a
    /// clone is cheap.
    pub fn on_failure(mut self, on_failure: impl Fn(&Failure) + Send + Sync + 'static) -> QuicClientConfig {
        self.shared.on_failure(on_failure);
        self
    }
}

impl ClientConfig for QuicClientConfig {
    /// quinn has no error for a system without randomness: then `EndpointStopping` is returned.
    fn start_session(
        self: Arc<Self>,
        version: u32,
        name: &str,
        parameters: &TransportParameters,
    ) -> Result<Box<dyn Session>, ConnectError> {
        check(version)?;
        let invalid = || ConnectError::InvalidServerName(name.to_string());
        let (server_name, expect) = match &self.expect {
            Some(expect) => (Some(name), Arc::clone(expect)),
            None => {
                let expect: Expect = name.parse().map_err(|_| invalid())?;
                // A SPIFFE ID is for the verdict alone: server_name carries DNS names.
                let server_name = matches!(expect, Expect::Dns(_) | Expect::Ip(_)).then_some(name);
                (server_name, Arc::from([expect]))
            }
        };
        match TlsSession::client(self.shared.clone(), server_name, expect, parameters) {
            Ok(session) => Ok(Box::new(session)),
            Err(crate::Misuse::InvalidServerName) => Err(invalid()),
            Err(misuse) => {
                self.shared.report(&misuse.into());
                Err(ConnectError::EndpointStopping)
            }
        }
    }
}

/// Mutual TLS for QUIC servers: the argument of `quinn_proto::ServerConfig::new`, together with a
/// [`TokenKey`](super::TokenKey).
#[derive(Clone)]
pub struct QuicServerConfig {
    shared: Shared,
    expect: Arc<[Expect]>,
}

impl QuicServerConfig {
    /// With this configuration. A client must match one of `expect`. [`Expect::AnyTrusted`] accepts every client with a
    /// certificate under our roots. The deadlines are those of quinn.
    ///
    /// # Errors
    /// If the policy has no application protocol.
    pub fn new(config: Config, expect: impl Into<Arc<[Expect]>>) -> Result<QuicServerConfig, NoAlpn> {
        Ok(QuicServerConfig { shared: Shared::new(config)?, expect: expect.into() })
    }

    /// Is called with all details when a handshake fails for a reason of ours: quinn's own error has only the alert. It is
    /// called from quinn's task, and must not block. To know which connection it was, give each its own configuration
    /// (`Incoming::accept_with`): a clone is cheap.
    pub fn on_failure(mut self, on_failure: impl Fn(&Failure) + Send + Sync + 'static) -> QuicServerConfig {
        self.shared.on_failure(on_failure);
        self
    }
}

impl ServerConfig for QuicServerConfig {
    fn initial_keys(&self, version: u32, dst_cid: &ConnectionId) -> Result<Keys, UnsupportedVersion> {
        check(version)?;
        Ok(keys::initial(dst_cid, Side::Server))
    }

    fn retry_tag(&self, _: u32, orig_dst_cid: &ConnectionId, packet: &[u8]) -> [u8; 16] {
        keys::retry_tag(orig_dst_cid, packet)
    }

    fn start_session(self: Arc<Self>, _: u32, parameters: &TransportParameters) -> Box<dyn Session> {
        Box::new(TlsSession::server(self.shared.clone(), Arc::clone(&self.expect), parameters))
    }
}

fn check(version: u32) -> Result<(), UnsupportedVersion> {
    if version == VERSION_1 { Ok(()) } else { Err(UnsupportedVersion) }
}
