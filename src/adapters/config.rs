//! The configuration that all connections of a program share.

#[cfg(any(feature = "stream", feature = "tokio"))]
use super::metrics::Metrics;
use crate::trace::KeyLogLine;
use crate::x509::{Answerer, Expect, Identities, Identity, Reloadable, SignatureMemo, Trust};
use crate::{Misuse, Policy, Seed};
use rustls_pki_types::UnixTime;
use std::boxed::Box;
use std::path::Path;
use std::time::Duration;
use std::{error, format, fs, io, sync::Arc, vec::Vec};

/// Is called for each line of the key log. Whoever has the lines can read the connection: for debugging only.
pub type KeyLog = dyn Fn(&KeyLogLine<'_>) + Send + Sync;

/// Our identities, our trust, the policy and the deadlines, for any number of connections in either role. A clone is a
/// new reference.
///
/// The expected peers are not in it: a client names its server with each connection, and a server names its clients
/// once for all connections (`Acceptor::new`).
#[derive(Clone)]
pub struct Config {
    pub(super) identities: Arc<Reloadable<Identities>>,
    pub(super) trust: Arc<Reloadable<Trust>>,
    pub(super) policy: Arc<Policy>,
    pub(super) memo: Option<Arc<SignatureMemo>>,
    pub(super) key_log: Option<Arc<KeyLog>>,
    #[cfg(any(feature = "stream", feature = "tokio"))]
    pub(super) metrics: Option<Arc<Metrics>>,
    pub(super) handshake_deadline: Option<Duration>,
    pub(super) close_deadline: Duration,
}

impl Config {
    /// Has the default policy, 10 seconds for a handshake and 2 seconds for closing. Keep the `Arc`s:
    /// [`Reloadable::set`] replaces certificates, keys, roots and CRLs while connections run.
    pub fn new(identities: Arc<Reloadable<Identities>>, trust: Arc<Reloadable<Trust>>) -> Config {
        Config {
            identities,
            trust,
            policy: Arc::new(Policy::new()),
            memo: None,
            key_log: None,
            #[cfg(any(feature = "stream", feature = "tokio"))]
            metrics: None,
            handshake_deadline: Some(Duration::from_secs(10)),
            close_deadline: Duration::from_secs(2),
        }
    }

    /// Reads three PEM (or DER) files: our chain, leaf first; its key; the roots that we trust.
    ///
    /// # Errors
    /// If a file cannot be read, the error has the kind of the read error. If its contents cannot be used, it is
    /// `InvalidData`. The sentence names the file.
    pub fn from_pem_files(
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
        roots: impl AsRef<Path>,
    ) -> io::Result<Config> {
        let (chain, key, roots) = (chain.as_ref(), key.as_ref(), roots.as_ref());
        let both = format!("{} with {}", chain.display(), key.display());
        let identity = Identity::from_pem_or_der(&read(chain)?, &read(key)?).map_err(|error| invalid(&both, error))?;
        let trust = Trust::from_roots(&format!("{}", roots.display()), &read(roots)?)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let identities = Identities::new(identity);
        Ok(Config::new(Arc::new(Reloadable::new(identities)), Arc::new(Reloadable::new(trust))))
    }

    /// Sets the policy: suites, groups, ALPN, sizes.
    pub fn policy(mut self, policy: impl Into<Arc<Policy>>) -> Config {
        self.policy = policy.into();
        self
    }

    /// Remembers verified signatures in `memo`.
    pub fn memo(mut self, memo: Arc<SignatureMemo>) -> Config {
        self.memo = Some(memo);
        self
    }

    /// Shows every secret of every connection to `log`. For debugging only.
    pub fn key_log(mut self, log: Arc<KeyLog>) -> Config {
        self.key_log = Some(log);
        self
    }

    /// Counts in `metrics` what connections over streams do.
    #[cfg(any(feature = "stream", feature = "tokio"))]
    pub fn metrics(mut self, metrics: Arc<Metrics>) -> Config {
        self.metrics = Some(metrics);
        self
    }

    /// How long a handshake may take, from its beginning to its end, with our own answers. `None`: for ever. A signer or a
    /// judge may take the same time when an identity is proved again.
    pub fn handshake_deadline(mut self, deadline: Option<Duration>) -> Config {
        self.handshake_deadline = deadline;
        self
    }

    /// How long we wait after our close until the peer has taken what we sent and has closed. After a failed handshake the
    /// alert gets the same time, but at most one second. (Over tokio, if the handshake has no deadline and so no timer, we
    /// wait until the transport has taken the alert.)
    pub fn close_deadline(mut self, deadline: Duration) -> Config {
        self.close_deadline = deadline;
        self
    }

    /// Our identities, which can be replaced.
    pub fn identities(&self) -> &Arc<Reloadable<Identities>> {
        &self.identities
    }

    /// Our trust, which can be replaced.
    pub fn trust(&self) -> &Arc<Reloadable<Trust>> {
        &self.trust
    }

    /// How long the alert of a failed handshake may take.
    #[cfg(any(feature = "stream", feature = "tokio"))]
    pub(super) fn last_words(&self) -> Duration {
        self.close_deadline.min(Duration::from_secs(1))
    }

    /// Takes identities, trust and memo of the other one, and keeps everything else.
    #[cfg(any(feature = "stream", feature = "tokio"))]
    pub(super) fn answer_as(&mut self, Config { identities, trust, memo, .. }: &Config) {
        (self.identities, self.trust) = (Arc::clone(identities), Arc::clone(trust));
        self.memo.clone_from(memo);
    }

    /// The local answers to one handshake's questions.
    pub(super) fn answerer(&self, expect: Arc<[Expect]>) -> Answerer {
        let (identities, trust) = (Arc::clone(&self.identities), Arc::clone(&self.trust));
        let answerer = Answerer::new(identities, trust, expect, UnixTime::now());
        match &self.memo {
            Some(memo) => answerer.with_memo(Arc::clone(memo)),
            None => answerer,
        }
    }
}

/// For one connection.
pub(super) fn seed() -> Result<Seed, Misuse> {
    Seed::random().map_err(|_| Misuse::NoRandomness)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path).map_err(|error| io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display())))
}

fn invalid(name: &str, error: impl error::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, Box::<dyn error::Error + Send + Sync>::from(format!("{name}: {error}")))
}
