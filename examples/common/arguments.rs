//! The command line.

use super::say::say;
use countersign::{CipherSuite, NamedGroup, Policy};
use std::path::PathBuf;
use std::process::ExitCode;

/// The arguments of both programs.
pub(crate) struct Arguments {
    /// `--listen` or `--connect`.
    pub(crate) address: String,
    /// `--name`: the server that the client expects.
    pub(crate) name: Option<String>,
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) ca: PathBuf,
    pub(crate) crl: Option<PathBuf>,
    pub(crate) key_log: Option<PathBuf>,
    /// Only for servers.
    pub(crate) max_connections: usize,
    pub(crate) max_handshakes: usize,
    /// In seconds.
    pub(crate) idle_timeout: u64,
    pub(crate) policy: Policy,
}

/// Why the program does not start.
pub(crate) enum Refused {
    /// The arguments make no sense: exit code 2.
    Usage(String),
    /// They name a group or suite that this build does not have: exit code 77, which test harnesses read as "not
    /// supported".
    Unsupported(String),
    /// `--help`.
    Help,
}

impl Refused {
    pub(crate) fn exit(&self, program: &str, usage: &str) -> ExitCode {
        match self {
            Refused::Usage(sentence) => {
                say(format_args!("{program}: {sentence}\n\n{usage}"));
                ExitCode::from(2)
            }
            Refused::Unsupported(sentence) => {
                say(format_args!("{program}: {sentence}"));
                ExitCode::from(77)
            }
            Refused::Help => {
                println!("{usage}");
                ExitCode::SUCCESS
            }
        }
    }
}

impl Arguments {
    /// Parses the command line. `address` is the flag for the address. Only a client has `--name`.
    pub(crate) fn parse(address: &str, has_name: bool) -> Result<Arguments, Refused> {
        let mut given: Vec<(String, String)> = Vec::new();
        let mut args = std::env::args_os()
            .skip(1)
            .map(|arg| arg.into_string().map_err(|arg| Refused::Usage(format!("{arg:?} is not UTF-8"))));
        let of_servers = ["--max-connections", "--max-handshakes", "--idle-timeout"];
        let known = ["--cert", "--key", "--ca", "--crl", "--groups", "--suites", "--alpn", "--key-log"];
        while let Some(flag) = args.next().transpose()? {
            if flag == "--help" || flag == "-h" {
                return Err(Refused::Help);
            }
            let of_role = if has_name { flag == "--name" } else { of_servers.contains(&&*flag) };
            if !known.contains(&&*flag) && flag != address && !of_role {
                return Err(Refused::Usage(format!("there is no option {flag:?}")));
            }
            let value = args.next().transpose()?.ok_or_else(|| Refused::Usage(format!("{flag} needs a value")))?;
            if given.iter().any(|(other, _)| *other == flag) {
                return Err(Refused::Usage(format!("{flag} may stand once")));
            }
            given.push((flag, value));
        }
        let get = |flag: &str| given.iter().find(|(known, _)| known == flag).map(|(_, value)| value.clone());
        let need = |flag: &str| get(flag).ok_or_else(|| Refused::Usage(format!("{flag} is needed")));
        let number = |flag: &str, default: u64| match get(flag).map(|text| text.parse::<u64>()) {
            None => Ok(default),
            Some(Ok(number @ 1..=1_000_000)) => Ok(number),
            Some(_) => Err(Refused::Usage(format!("{flag} takes a number from 1 to 1000000"))),
        };
        Ok(Arguments {
            max_connections: number("--max-connections", 1024)? as usize,
            max_handshakes: number("--max-handshakes", 128)? as usize,
            idle_timeout: number("--idle-timeout", 300)?,
            address: need(address)?,
            name: if has_name { Some(need("--name")?) } else { None },
            cert: need("--cert")?.into(),
            key: need("--key")?.into(),
            ca: need("--ca")?.into(),
            crl: get("--crl").map(PathBuf::from),
            key_log: get("--key-log").map(PathBuf::from),
            policy: policy(get("--groups"), get("--suites"), get("--alpn"))?,
        })
    }
}

/// The limits for a message and for a flight in bytes. A ClientHello may have 131,396 bytes. Memory grows only when
/// such a message comes.
const MAX_FLIGHT: usize = 140_000;

fn policy(groups: Option<String>, suites: Option<String>, alpn: Option<String>) -> Result<Policy, Refused> {
    // The longest records of TLS. It is sent so that the peer answers with its own limit (RFC 8449).
    let mut policy = Policy::new().record_size_limit(16_385).max_flight(MAX_FLIGHT, MAX_FLIGHT);
    if let Some(names) = groups {
        // A client sends a share only for the first one (and for the curve of a hybrid, if that is named too).
        policy = policy.groups(&each(&names, ',', "group", group)?);
    }
    if let Some(names) = suites {
        policy = policy.cipher_suites(&each(&names, ':', "cipher suite", suite)?);
    }
    if let Some(names) = alpn {
        let names: Vec<&[u8]> = names.split(',').map(str::as_bytes).collect();
        // In the format of the wire: each name after its length. A policy has room for 128 bytes.
        if names.iter().any(|name| name.is_empty()) || names.iter().map(|name| name.len() + 1).sum::<usize>() > 128 {
            return Err(Refused::Usage("--alpn takes names of at least one byte, 128 bytes in all".into()));
        }
        policy = policy.alpn(&names);
    }
    Ok(policy)
}

/// Parses a list of names. Each must be one that this build has.
fn each<T: PartialEq>(
    names: &str,
    separator: char,
    what: &str,
    find: fn(&str) -> Option<T>,
) -> Result<Vec<T>, Refused> {
    let mut found = Vec::new();
    for name in names.split(separator) {
        let item = find(name).ok_or_else(|| Refused::Unsupported(format!("we have no {what} {name:?}")))?;
        if found.contains(&item) {
            return Err(Refused::Usage(format!("the {what} {name:?} stands twice")));
        }
        found.push(item);
    }
    Ok(found)
}

/// By the names of RFC 9846, NIST and OpenSSL.
fn group(name: &str) -> Option<NamedGroup> {
    match name.to_ascii_lowercase().as_str() {
        "x25519mlkem768" if cfg!(feature = "mlkem") => Some(NamedGroup::X25519MLKEM768),
        "secp256r1mlkem768" if cfg!(feature = "mlkem") => Some(NamedGroup::SECP256R1MLKEM768),
        "x25519" => Some(NamedGroup::X25519),
        "p-256" | "secp256r1" | "prime256v1" => Some(NamedGroup::SECP256R1),
        "p-384" | "secp384r1" => Some(NamedGroup::SECP384R1),
        _ => None,
    }
}

fn suite(name: &str) -> Option<CipherSuite> {
    let known = [
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_AES_256_GCM_SHA384,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    ];
    known.into_iter().find(|suite| suite.to_string() == name)
}
