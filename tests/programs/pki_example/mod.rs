//! The development CA of examples/pki: others accept its certificates, and refuse those that it revokes. It overwrites
//! nothing.

mod descriptions;
mod issuing;
mod living;
mod openssl;

use crate::cli::{self, Failure};
use crate::{files, show};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use webpki::{CertRevocationList, EndEntityCert, KeyUsage, OwnedCertRevocationList, RevocationOptionsBuilder};
use x509_parser::prelude::{CertificateRevocationList, FromDer};

/// 2026-11-23 09:00 UTC.
const NOW: i64 = 1_795_424_400;
const DAY: i64 = 86_400;

/// A temporary directory, and the commands that are run in it.
struct Workspace {
    dir: PathBuf,
    now: i64,
}

impl Workspace {
    fn empty() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("pki-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&dir).unwrap();
        Workspace { dir, now: NOW }
    }

    /// A directory with a CA.
    fn new() -> Self {
        let workspace = Workspace::empty();
        workspace.run("init").unwrap();
        workspace
    }

    /// A directory with a CA that is valid now, for programs without another clock.
    fn today() -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let mut workspace = Workspace::empty();
        workspace.now = now as i64;
        workspace.run("init").unwrap();
        workspace
    }

    /// Runs a command line (words separated by spaces) on this workspace's CA.
    fn run(&self, line: &str) -> Result<String, Failure> {
        let words = line.split(' ').map(|word| word.to_string().into());
        let dir = ["--dir".into(), self.dir.clone().into_os_string()];
        cli::run(words.chain(dir), self.now)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.dir.join(file)
    }

    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.path(file)).unwrap()
    }

    fn chain(&self, name: &str) -> Vec<CertificateDer<'static>> {
        files::certificates(&self.path(&format!("{name}.pem"))).unwrap()
    }

    /// The names and uses of a chain, as `show` prints them.
    fn facts(&self, name: &str) -> Vec<String> {
        let text = show::file(&self.path(&format!("{name}.pem")), self.now).unwrap();
        let lines = text.lines().filter(|line| {
            let line = line.trim_start();
            line.starts_with("names") || line.starts_with("purpose") || line.starts_with("key usage")
        });
        lines.map(str::to_string).collect()
    }

    fn crl_number(&self) -> u32 {
        let der = CertificateRevocationListDer::from_pem_slice(&self.read("crl.pem")).unwrap();
        let (_, crl) = CertificateRevocationList::from_der(&der).unwrap();
        assert!(crl.next_update().is_some());
        crl.crl_number().unwrap().try_into().unwrap()
    }

    /// The verdict of rustls-webpki on a chain. Every certificate of it is looked up in crl.pem.
    fn verify(&self, chain: &[CertificateDer<'_>], usage: KeyUsage) -> Result<(), webpki::Error> {
        let root = CertificateDer::from_pem_slice(&self.read("ca.pem")).unwrap();
        let anchor = webpki::anchor_from_trusted_cert(&root).unwrap();
        let crls: Vec<CertRevocationList<'_>> = CertificateRevocationListDer::pem_slice_iter(&self.read("crl.pem"))
            .map(|der| OwnedCertRevocationList::from_der(&der.unwrap()).unwrap().into())
            .collect();
        let crls: Vec<_> = crls.iter().collect();
        let revocation = RevocationOptionsBuilder::new(&crls)
            .unwrap()
            .with_expiration_policy(webpki::ExpirationPolicy::Enforce)
            .build();
        let (leaf, between) = chain.split_first().unwrap();
        EndEntityCert::try_from(leaf)
            .unwrap()
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &[anchor],
                between,
                UnixTime::since_unix_epoch(Duration::from_secs(self.now as u64)),
                usage,
                Some(revocation),
                None,
            )
            .map(|_| ())
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn refused(result: Result<String, Failure>) -> String {
    match result {
        Err(Failure::Failed(sentence)) => sentence,
        other => panic!("not a failure: {other:?}"),
    }
}
