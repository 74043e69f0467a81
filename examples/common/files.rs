//! Certificates, key and CRLs from files, which are read again when they change.

use super::arguments::Arguments;
use super::say::{say, utc};
use countersign::Policy;
use countersign::adapters::{Config, KeyLog};
use countersign::x509::{Identities, Identity, Reloadable, Trust};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Our identity and our trust, from the files.
pub(crate) struct Files {
    pub(crate) identities: Arc<Reloadable<Identities>>,
    pub(crate) trust: Arc<Reloadable<Trust>>,
    paths: Paths,
    seen: Mutex<[Seen; 2]>,
}

struct Paths {
    cert: PathBuf,
    key: PathBuf,
    ca: PathBuf,
    crl: Option<PathBuf>,
}

/// The digests of the files when they were read last, and whether they were good.
struct Seen {
    contents: Contents,
    good: bool,
}

/// The SHA-256 of each file; `None`: it cannot be read. It compares contents and not times: a copy may keep the time of
/// its original, and two changes may have the same time.
type Contents = Vec<Option<[u8; 32]>>;

/// A warning comes this long before the end of our certificate.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);

impl Files {
    /// Reads all files. The error names the file and the problem in it.
    pub(crate) fn read(arguments: &Arguments) -> Result<Files, String> {
        let Arguments { cert, key, ca, crl, .. } = arguments;
        let paths = Paths { cert: cert.clone(), key: key.clone(), ca: ca.clone(), crl: crl.clone() };
        // The digests come first, so that a file which changes meanwhile is read again.
        let seen = [paths.own(), paths.trusted()].map(|paths| Seen { contents: contents(&paths), good: true });
        let identities = Arc::new(Reloadable::new(paths.identities()?));
        let trust = Arc::new(Reloadable::new(paths.trust()?));
        Ok(Files { identities, trust, paths, seen: Mutex::new(seen) })
    }

    /// The configuration for all connections.
    pub(crate) fn config(&self, policy: Policy, key_log: Option<Arc<KeyLog>>) -> Config {
        let config = Config::new(Arc::clone(&self.identities), Arc::clone(&self.trust)).policy(policy);
        match key_log {
            Some(log) => config.key_log(log),
            None => config,
        }
    }

    /// Before a handshake: reads the files again if they have changed. While new files are bad, the old ones stay in
    /// use.
    pub(crate) fn refresh(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let [own, trusted] = &mut *seen;
        own.refresh(&self.paths.own(), || {
            self.identities.set(self.paths.identities()?);
            self.say_expiry();
            Ok(())
        });
        trusted.refresh(&self.paths.trusted(), || self.paths.trust().map(|trust| self.trust.set(trust)));
    }
}

impl Files {
    /// Warns if our own certificate has expired or expires soon.
    pub(crate) fn say_expiry(&self) {
        let Some(expires) = self.identities.get().expires() else { return };
        let expires = UNIX_EPOCH + Duration::from_secs(expires.as_secs());
        let (cert, when) = (self.paths.cert.display(), utc(expires));
        match expires.duration_since(SystemTime::now()) {
            Err(_) => say(format_args!("{cert}: our certificate expired on {when}: peers will refuse us. Renew it")),
            Ok(left) if left < SOON => {
                say(format_args!("{cert}: our certificate expires on {when}, in {} hours", left.as_secs() / 3600))
            }
            Ok(_) => {}
        }
    }
}

impl Seen {
    fn refresh(&mut self, paths: &[&Path], read: impl FnOnce() -> Result<(), String>) {
        let now = contents(paths);
        let changed = now != self.contents;
        // Bad files are tried again at each look, but reported only once.
        if !changed && self.good {
            return;
        }
        let result = read();
        self.good = result.is_ok();
        self.contents = now;
        let names = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" and ");
        match result {
            Ok(()) => say(format_args!("{names} read again: the new contents are in use")),
            Err(sentence) if changed => say(format_args!("{sentence}; the old contents stay in use")),
            Err(_) => {}
        }
    }
}

fn contents(paths: &[&Path]) -> Contents {
    let digest = |path: &&Path| {
        let bytes = fs::read(path).ok()?; // the next reader reports the error
        ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref().try_into().ok()
    };
    paths.iter().map(digest).collect()
}

impl Paths {
    fn own(&self) -> Vec<&Path> {
        vec![&self.cert, &self.key]
    }

    fn trusted(&self) -> Vec<&Path> {
        let mut paths: Vec<&Path> = vec![&self.ca];
        paths.extend(self.crl.as_deref());
        paths
    }

    fn identities(&self) -> Result<Identities, String> {
        let identity = Identity::from_pem_or_der(&read(&self.cert)?, &read(&self.key)?)
            .map_err(|error| format!("{} with {}: {error}", self.cert.display(), self.key.display()))?;
        Ok(Identities::new(identity))
    }

    fn trust(&self) -> Result<Trust, String> {
        let mut trust = Trust::builder().roots(&self.ca.display().to_string(), &read(&self.ca)?);
        if let Some(crl) = &self.crl {
            trust = trust.crls(&crl.display().to_string(), &read(crl)?);
        }
        trust.build().map_err(|error| error.to_string())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
