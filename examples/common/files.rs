//! Certificates, key and CRLs: read from files, and read again when the files change.

use super::arguments::Arguments;
use countersign::x509::{Identities, Identity, Reloadable, Trust};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Who we are and whom we trust, as the files have it.
pub(crate) struct Files {
    pub(crate) identities: Reloadable<Identities>,
    pub(crate) trust: Reloadable<Trust>,
    paths: Paths,
    seen: Mutex<[Seen; 2]>,
}

struct Paths {
    cert: PathBuf,
    key: PathBuf,
    ca: PathBuf,
    crl: Option<PathBuf>,
}

/// How the files looked when they were last read, and whether what they held was good.
struct Seen {
    stamps: Stamps,
    good: bool,
}

type Stamps = Vec<Option<(SystemTime, u64)>>;

impl Files {
    /// Reads all; the error names the file and what is wrong in it.
    pub(crate) fn read(arguments: &Arguments) -> Result<Files, String> {
        let Arguments { cert, key, ca, crl, .. } = arguments;
        let paths = Paths { cert: cert.clone(), key: key.clone(), ca: ca.clone(), crl: crl.clone() };
        // The stamps first: a file that changes while it is read is read again.
        let seen = [paths.own(), paths.trusted()].map(|paths| Seen { stamps: stamps(&paths), good: true });
        let (identities, trust) = (Reloadable::new(paths.identities()?), Reloadable::new(paths.trust()?));
        Ok(Files { identities, trust, paths, seen: Mutex::new(seen) })
    }

    /// Reads those again that have changed, before a handshake. While new files are broken, the old ones serve on.
    pub(crate) fn refresh(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let [own, trusted] = &mut *seen;
        own.refresh(&self.paths.own(), || self.paths.identities().map(|identities| self.identities.set(identities)));
        trusted.refresh(&self.paths.trusted(), || self.paths.trust().map(|trust| self.trust.set(trust)));
    }
}

impl Seen {
    fn refresh(&mut self, paths: &[&Path], read: impl FnOnce() -> Result<(), String>) {
        let now = stamps(paths);
        let changed = now != self.stamps;
        // Broken files are tried again each time: the next look may find them whole. It is said once.
        if !changed && self.good {
            return;
        }
        let result = read();
        self.good = result.is_ok();
        self.stamps = now;
        let names = paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" and ");
        match result {
            Ok(()) => eprintln!("{names} read again: the new contents are in use"),
            Err(sentence) if changed => eprintln!("{sentence}; the old contents stay in use"),
            Err(_) => {}
        }
    }
}

fn stamps(paths: &[&Path]) -> Stamps {
    let stamp = |path: &&Path| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    paths.iter().map(stamp).collect()
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
