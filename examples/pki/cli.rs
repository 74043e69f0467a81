//! Parses the command line, and refuses invalid arguments.

use crate::ca::{self, Ca, Request, Role};
use crate::key::KeyType;
use crate::names;
use crate::show::{self, escape};
use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

pub(crate) const USAGE: &str = "\
usage: pki init                      make a root CA, an intermediate CA and their CRLs
             --key p256|p384|ed25519                kind of their keys (p256), as below
       pki issue NAME [names] [role] make NAME.key and the chain NAME.pem
             --dns NAME --ip ADDRESS --spiffe ID    names (--dns and --ip may be repeated)
             --server | --client | --both           role (both, if not said)
             --days N                               valid for N days (90)
             --key p256|p384|ed25519                kind of key (p256); an existing NAME.key is used as it is;
                                                    with the feature mldsa also ml-dsa-44, ml-dsa-65, ml-dsa-87
       pki renew NAME                a new certificate for the same names, role, days and key
             --days N
             --key p256|p384|ed25519                and a new key
       pki revoke NAME               put all certificates of NAME on the CRL
       pki crl                       sign the CRL again: it lasts 90 days; issue, renew and revoke do so too
       pki show FILE                 describe certificates, chains and CRLs, PEM or DER
options: --dir D                     where the CA lives (pki)
";

const DEFAULT_DAYS: u32 = 90;
/// The longest validity: a century. It is longer than any CA here is valid, and a date can hold it.
const MOST_DAYS: u32 = 36_500;

/// Why a command failed, perhaps after a part of its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Invalid arguments: exit code 2, with [`USAGE`].
    Usage(String),
    /// The command failed: exit code 1.
    Failed(String),
}

impl From<String> for Failure {
    fn from(sentence: String) -> Self {
        Failure::Failed(sentence)
    }
}

fn usage(sentence: impl Into<String>) -> Failure {
    Failure::Usage(sentence.into())
}

/// Runs one command at the time `now` (seconds since 1970). Returns its output.
pub(crate) fn run(args: impl IntoIterator<Item = OsString>, now: i64) -> Result<String, Failure> {
    let mut args = args.into_iter().map(|arg| {
        arg.into_string().map_err(|arg| usage(format!("'{}' is not UTF-8", escape(&arg.to_string_lossy()))))
    });
    let command = args.next().ok_or_else(|| usage("which command?"))??;
    let args: Vec<String> = args.collect::<Result<_, _>>()?;
    match command.as_str() {
        "init" => {
            let given = Given::parse(&args, &["--key", "--dir"])?;
            given.no_operand()?;
            Ok(ca::init(&given.dir, given.key.unwrap_or(KeyType::P256), now)?)
        }
        "issue" => {
            let names = ["--dns", "--ip", "--spiffe", "--server", "--client", "--both"];
            let given = Given::parse(&args, &[&names[..], &["--days", "--key", "--dir"]].concat())?;
            let request = given.request()?;
            Ok(Ca::open(&given.dir, now)?.issue(&request, given.key)?)
        }
        "renew" => {
            let given = Given::parse(&args, &["--days", "--key", "--dir"])?;
            let name = given.name()?;
            Ok(Ca::open(&given.dir, now)?.renew(name, given.days, given.key)?)
        }
        "revoke" => {
            let given = Given::parse(&args, &["--dir"])?;
            let name = given.name()?;
            Ok(Ca::open(&given.dir, now)?.revoke(name)?)
        }
        "crl" => {
            let given = Given::parse(&args, &["--dir"])?;
            given.no_operand()?;
            Ok(Ca::open(&given.dir, now)?.crl()?)
        }
        "show" => {
            let given = Given::parse(&args, &[])?;
            let file = given.operand.as_deref().ok_or_else(|| usage("show which FILE?"))?;
            Ok(show::file(Path::new(file), now)?)
        }
        "help" | "--help" | "-h" => Ok(USAGE.to_string()),
        other => Err(usage(format!("there is no command '{}'", escape(other)))),
    }
}

/// The arguments after the command.
struct Given {
    operand: Option<String>,
    dir: PathBuf,
    dns: Vec<String>,
    ip: Vec<IpAddr>,
    spiffe: Option<String>,
    role: Option<Role>,
    days: Option<u32>,
    key: Option<KeyType>,
}

impl Given {
    fn parse(args: &[String], allowed: &[&str]) -> Result<Self, Failure> {
        let mut given = Given {
            operand: None,
            dir: PathBuf::from("pki"),
            dns: Vec::new(),
            ip: Vec::new(),
            spiffe: None,
            role: None,
            days: None,
            key: None,
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            if !arg.starts_with('-') {
                if given.operand.replace(arg.clone()).is_some() {
                    return Err(usage(format!("'{}' is one argument too many", escape(arg))));
                }
                continue;
            }
            if !allowed.contains(&arg.as_str()) {
                return Err(usage(format!("this command has no option '{}'", escape(arg))));
            }
            let role = match arg.as_str() {
                "--server" => Some(Role::Server),
                "--client" => Some(Role::Client),
                "--both" => Some(Role::Both),
                _ => None,
            };
            if let Some(role) = role {
                if given.role.replace(role).is_some() {
                    return Err(usage("one of --server, --client and --both is enough"));
                }
                continue;
            }
            let value = args.next().ok_or_else(|| usage(format!("{arg} needs a value")))?;
            let again = match arg.as_str() {
                "--dns" => {
                    given.dns.push(names::dns(value).map_err(Failure::Usage)?);
                    false
                }
                "--ip" => {
                    let ip = value.parse().map_err(|_| usage(format!("'{}' is no IP address", escape(value))))?;
                    given.ip.push(ip);
                    false
                }
                // A SPIFFE verifier must refuse a certificate with two URIs (X509-SVID 2).
                "--spiffe" => given.spiffe.replace(names::spiffe(value).map_err(Failure::Usage)?).is_some(),
                "--days" => given.days.replace(days(value)?).is_some(),
                "--key" => given.key.replace(key_type(value)?).is_some(),
                _ => {
                    given.dir = PathBuf::from(value);
                    false
                }
            };
            if again {
                return Err(usage(format!("{arg} may stand once")));
            }
        }
        Ok(given)
    }

    fn no_operand(&self) -> Result<(), Failure> {
        match &self.operand {
            None => Ok(()),
            Some(operand) => Err(usage(format!("'{}' is one argument too many", escape(operand)))),
        }
    }

    /// The NAME operand, which must be fit for a file name and a subject.
    fn name(&self) -> Result<&str, Failure> {
        let name = self.operand.as_deref().ok_or_else(|| usage("for which NAME?"))?;
        names::file_name(name).map_err(Failure::Usage)?;
        Ok(name)
    }

    fn request(&self) -> Result<Request, Failure> {
        let name = self.name()?.to_string();
        let role = self.role.unwrap_or(Role::Both);
        if self.spiffe.is_some() && role != Role::Both {
            return Err(usage("an X.509-SVID is for both roles (X509-SVID 4.4): leave out --server or --client"));
        }
        if role != Role::Client && self.dns.is_empty() && self.ip.is_empty() && self.spiffe.is_none() {
            return Err(usage("a server needs a name that its clients can check: --dns, --ip or --spiffe"));
        }
        Ok(Request {
            name,
            dns: self.dns.clone(),
            ip: self.ip.clone(),
            spiffe: self.spiffe.clone(),
            role,
            days: self.days.unwrap_or(DEFAULT_DAYS),
        })
    }
}

fn days(value: &str) -> Result<u32, Failure> {
    match value.parse() {
        Ok(days @ 1..=MOST_DAYS) => Ok(days),
        _ => Err(usage(format!("--days takes a number from 1 to {MOST_DAYS}"))),
    }
}

fn key_type(value: &str) -> Result<KeyType, Failure> {
    match value {
        "rsa" => Err(usage(
            "RSA keys are not made here. Make one with\n  \
             openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out pki/NAME.key\n\
             then issue NAME without --key: an existing NAME.key is used as it is.",
        )),
        _ => KeyType::parse(value).ok_or_else(|| {
            usage("--key takes p256, p384 or ed25519; with the feature mldsa also ml-dsa-44, ml-dsa-65 or ml-dsa-87")
        }),
    }
}
