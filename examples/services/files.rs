//! Certificates, key, roots and CRLs in files that are read again when they change.

use countersign::Policy;
use countersign::adapters::Config;
use countersign::x509::{Identities, Identity, Reloadable, Trust};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io, thread};
use tokio::sync::watch;

/// The options of a command line that name the files.
pub const USAGE: &str = "\
    --cert CHAIN.pem   our certificate, and those up to the root
    --key KEY.pem      its key
    --ca ROOTS.pem     whom we trust
    --crl CRLS.pem     refuse who is revoked, or whose status is unknown (optional)";

/// HTTP/2 if the peer supports it, otherwise HTTP/1.1.
const POLICY: Policy = Policy::new().alpn(&[b"h2", b"http/1.1"]);

/// The paths of the files.
pub struct Files {
    cert: PathBuf,
    key: PathBuf,
    ca: PathBuf,
    crl: Option<PathBuf>,
}

impl Files {
    /// Reads their options from a command line.
    pub fn from_arguments(arguments: &mut pico_args::Arguments) -> Result<Files, pico_args::Error> {
        Ok(Files {
            cert: arguments.value_from_str("--cert")?,
            key: arguments.value_from_str("--key")?,
            ca: arguments.value_from_str("--ca")?,
            crl: arguments.opt_value_from_str("--crl")?,
        })
    }

    /// Reads them, once.
    pub fn config(&self) -> io::Result<Config> {
        let (identities, trust) = (Reloadable::new(self.identities()?), Reloadable::new(self.trust()?));
        Ok(Config::new(Arc::new(identities), Arc::new(trust)).policy(POLICY))
    }

    /// Reads the files, checks them every second, and puts new contents into the `Config`. While new files are bad, the
    /// old contents stay in use. The receiver is notified when the trust has changed.
    pub fn watched(self) -> io::Result<(Config, watch::Receiver<()>)> {
        // The digest comes first, so that a file which changes meanwhile is read again.
        let (mut own, mut trusted) = (Seen::of(&self.own()), Seen::of(&self.trusted()));
        let config = self.config()?;
        let (sender, trust_changed) = watch::channel(());
        let (identities, trust) = (Arc::clone(config.identities()), Arc::clone(config.trust()));
        thread::spawn(move || {
            while !sender.is_closed() {
                thread::sleep(Duration::from_secs(1));
                own.renew(&self.own(), || self.identities().map(|new| identities.set(new)));
                trusted.renew(&self.trusted(), || {
                    trust.set(self.trust()?);
                    sender.send_replace(());
                    Ok(())
                });
            }
        });
        Ok((config, trust_changed))
    }

    fn own(&self) -> Vec<&Path> {
        vec![&self.cert, &self.key]
    }

    fn trusted(&self) -> Vec<&Path> {
        let mut paths: Vec<&Path> = vec![&self.ca];
        paths.extend(self.crl.as_deref());
        paths
    }

    fn identities(&self) -> io::Result<Identities> {
        let identity = Identity::from_pem_or_der(&read(&self.cert)?, &read(&self.key)?);
        identity
            .map(Identities::new)
            .map_err(|error| io::Error::other(format!("{} with {}: {error}", self.cert.display(), self.key.display())))
    }

    fn trust(&self) -> io::Result<Trust> {
        let mut trust = Trust::builder().roots(&self.ca.display().to_string(), &read(&self.ca)?);
        if let Some(crl) = &self.crl {
            trust = trust.crls(&crl.display().to_string(), &read(crl)?);
        }
        trust.build().map_err(io::Error::other)
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path).map_err(|error| io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display())))
}

/// The contents of the files when they were read last, and whether they were good. It compares contents and not times,
/// because a copy may keep the time of its original.
struct Seen {
    contents: u64,
    good: bool,
}

impl Seen {
    fn of(paths: &[&Path]) -> Seen {
        let mut hasher = DefaultHasher::new();
        for path in paths {
            fs::read(path).ok().hash(&mut hasher); // the next reader reports the error
        }
        Seen { contents: hasher.finish(), good: true }
    }

    /// Uses the files if they have changed. Bad files are tried each time but reported once, because chain and key are
    /// rarely replaced at the same moment.
    fn renew(&mut self, paths: &[&Path], renew: impl FnOnce() -> io::Result<()>) {
        let now = Seen::of(paths);
        let changed = now.contents != self.contents;
        if !changed && self.good {
            return;
        }
        let renewed = renew();
        *self = Seen { good: renewed.is_ok(), ..now };
        match renewed {
            Ok(()) => eprintln!("{} read again: the new contents are in use", paths[0].display()),
            Err(error) if changed => eprintln!("{error}; the old contents stay in use"),
            Err(_) => {}
        }
    }
}
