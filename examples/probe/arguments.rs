//! The command line.

use countersign::Role;
use rcgen::SanType;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

pub(crate) const USAGE: &str = "\
usage: probe server HOST:PORT --ca CA.pem --ca-key CA.key     can strangers get in?
       probe client --listen ADDR:PORT --ca CA.pem --ca-key CA.key     does a client fall for impostors?
who we are: certificates are made on the fly by the CA's key, last an hour, and are named countersign-probe
       --ca FILE                   the CA that the target trusts, for the peers that it should accept
       --ca-key FILE               its key; only read
       --issuer FILE               if the key is an intermediate's: its certificate, and more up to the CA; they are sent along
       --root-key FILE             then also the key of --ca, for cases in which the intermediate itself is expired, constrained or revoked
       --crl FILE                  a CRL of that CA that the target uses: one of its serial numbers is given to a revoked peer, and to a revoked CA
       --cert FILE --key FILE      a good identity of yours instead of a minted one (then --ca-key is not needed for all)
       --bad-cert FILE --bad-key FILE  an identity that the target must refuse (a service that is no more, another tenant's);
                                   may be repeated
       --dns NAME --spiffe ID --ip ADDRESS     names that the target serves; may be repeated
what is said
       --name NAME                 server_name; against clients, the name in our certificate (default: HOST, localhost)
       --alpn a,b                  application protocols
       --ask TEXT                  what the application is asked; \\r \\n \\0 \\xHH \\\\ as in C, * is a marker that differs each
                                   time (default: a GET of HTTP; against clients nothing). Use --ask '*\\n' for an echo
       --refusal TEXT              an answer with this in it is a refusal ('please log in', where that is HTTP 200)
       --preamble TEXT             said before TLS begins, and --preamble-answer TEXT: what the answer to it ends with
       --preamble-run COMMAND      a command says it: its input and output are the connection, and TLS begins when it ends
       --run COMMAND               (client) a command that makes the client call, run for each case
which cases
       --quick | --full            40 to 75 that ask whether strangers get in, and those with names that resemble --dns,
                                   --spiffe, --ip or a client's --name (default); all
       --only PART                 those whose names contain this; may be repeated
       --list                      name them, with the rule that each breaks, and try nothing
       --explain CASE              what is done in a case; with a target: play it once, and explain the bytes of both sides
                                   (built with --features adversary,study; without study they are shown only)
what is found
       --strict                    wrong alerts, silence, and refusals of what must be borne count as well
       --json FILE --junit FILE    the report, for programs; - is the standard output
limits --rate N                    connections per second (10)
       --at-once N                 connections at once (4)
       --seconds N                 in all (120)
       --patience MS               how long an answer may take at most (2000)
       --silence SECONDS           how long a silent connection is watched (5): does the target end it?
       --i-am-allowed-to-test HOST needed for anything but this machine itself
exit codes: 0 nothing found; 1 something was accepted that must not be, or the target crashed or hangs (--strict: anything
       wrong); 2 usage; 3 cannot judge: the target is not reached, good and bad peers are not told apart, or good peers are shut out
";

/// What is to be done.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) target: Option<Role>,
    /// Of the target, or where we listen.
    pub(crate) address: Option<String>,
    given: Vec<(String, String)>,
}

const WITH_VALUE: [&str; 31] = [
    "--listen",
    "--ca",
    "--ca-key",
    "--issuer",
    "--root-key",
    "--crl",
    "--cert",
    "--key",
    "--bad-cert",
    "--bad-key",
    "--dns",
    "--spiffe",
    "--ip",
    "--name",
    "--alpn",
    "--ask",
    "--refusal",
    "--preamble",
    "--preamble-answer",
    "--preamble-run",
    "--run",
    "--only",
    "--explain",
    "--json",
    "--junit",
    "--rate",
    "--at-once",
    "--seconds",
    "--patience",
    "--silence",
    "--i-am-allowed-to-test",
];
const SWITCHES: [&str; 5] = ["--quick", "--full", "--list", "--strict", "--help"];

impl Arguments {
    pub(crate) fn parse(args: impl Iterator<Item = String>) -> Result<Arguments, String> {
        let mut arguments = Arguments::default();
        let mut args = args.peekable();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "server" if arguments.target.is_none() => arguments.target = Some(Role::Server),
                "client" if arguments.target.is_none() => arguments.target = Some(Role::Client),
                "-h" => arguments.given.push(("--help".into(), String::new())),
                name if SWITCHES.contains(&name) => arguments.given.push((arg, String::new())),
                name if WITH_VALUE.contains(&name) => {
                    let value = args.next().ok_or_else(|| format!("{arg} needs a value"))?;
                    arguments.given.push((arg, value));
                }
                name if name.starts_with('-') => return Err(format!("there is no option {name}")),
                _ if arguments.target == Some(Role::Server) && arguments.address.is_none() => {
                    arguments.address = Some(arg);
                }
                _ => {
                    return Err(format!(
                        "{arg:?} is not understood: the first word is `server` or `client`, then comes HOST:PORT of a server, and \
                         all others are options"
                    ));
                }
            }
        }
        if let Some(address) = arguments.get("--listen") {
            arguments.address = Some(address.to_string());
        }
        Ok(arguments)
    }

    pub(crate) fn get(&self, option: &str) -> Option<&str> {
        self.given.iter().rev().find(|(name, _)| name == option).map(|(_, value)| value.as_str())
    }

    pub(crate) fn all<'a>(&'a self, option: &'a str) -> impl Iterator<Item = &'a str> {
        self.given.iter().filter(move |(name, _)| name == option).map(|(_, value)| value.as_str())
    }

    pub(crate) fn has(&self, option: &str) -> bool {
        self.get(option).is_some()
    }

    /// Certificates and their keys, in the order in which they were given.
    pub(crate) fn pairs<'a>(&'a self, cert: &'a str, key: &'a str) -> Result<Vec<(&'a str, &'a str)>, String> {
        match self.all(cert).count() == self.all(key).count() {
            true => Ok(self.all(cert).zip(self.all(key)).collect()),
            false => Err(format!("{cert} and {key} go together: give each certificate's file, and its key's")),
        }
    }

    pub(crate) fn number(&self, option: &str, default: u32) -> Result<u32, String> {
        match self.get(option).map(str::parse) {
            None => Ok(default),
            Some(Ok(number @ 1..)) => Ok(number),
            Some(_) => Err(format!("{option} needs a number above 0")),
        }
    }

    pub(crate) fn milliseconds(&self, option: &str, default: u32) -> Result<Duration, String> {
        Ok(Duration::from_millis(self.number(option, default)?.into()))
    }

    /// The names of minted certificates; `default` where none is given.
    pub(crate) fn names(&self, default: Option<&str>) -> Result<Vec<SanType>, String> {
        let ascii = |name: &str| name.try_into().map_err(|_| format!("{name:?} is not ASCII"));
        let ip = |name: &str| name.parse::<IpAddr>().map_err(|_| format!("--ip {name:?} is no address"));
        let mut names = Vec::new();
        for name in self.all("--dns").chain(default) {
            names.push(match name.parse::<IpAddr>() {
                Ok(address) => SanType::IpAddress(address),
                Err(_) => SanType::DnsName(ascii(name)?),
            });
        }
        for id in self.all("--spiffe") {
            if !id.starts_with("spiffe://") {
                return Err(format!("--spiffe {id:?} is no SPIFFE ID: give all of it, as spiffe://example.org/client"));
            }
            names.push(SanType::URI(ascii(id)?));
        }
        for address in self.all("--ip") {
            names.push(SanType::IpAddress(ip(address)?));
        }
        Ok(names)
    }

    /// The address, if we may use it.
    pub(crate) fn resolve(&self) -> Result<(String, SocketAddr), String> {
        let address = self.address.as_deref().ok_or(match self.target {
            Some(Role::Client) => "say where to listen for clients: `probe client --listen 127.0.0.1:4433 ...`",
            _ => "say where the server is: `probe server HOST:PORT ...`",
        })?;
        if address.contains('/') {
            return Err(format!(
                "{address:?} is a URL, or a part of one: give HOST:PORT, without https:// and without a path"
            ));
        }
        let (host, _) = address.rsplit_once(':').ok_or_else(|| format!("{address:?} has no port: give HOST:PORT"))?;
        let host = host.trim_matches(['[', ']']).to_string();
        let resolved: Vec<SocketAddr> =
            address.to_socket_addrs().map_err(|error| format!("{address:?} cannot be resolved: {error}"))?.collect();
        let first = *resolved.first().ok_or_else(|| format!("{address} has no address"))?;
        let allowed = self.all("--i-am-allowed-to-test").any(|allowed| allowed == host);
        if !allowed && resolved.iter().any(|each| !each.ip().is_loopback()) {
            let list: Vec<String> = resolved.iter().map(|each| each.ip().to_string()).collect();
            return Err(format!(
                "{host} is {}, which is not this machine. This program sends broken handshakes and forged certificates: if \
                 you may do that to it, say --i-am-allowed-to-test {host}",
                list.join(", ")
            ));
        }
        Ok((host, first))
    }
}

/// The escapes of C.
pub(crate) fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let byte = match letter {
            '\\' => match letters.next() {
                Some('r') => b'\r',
                Some('n') => b'\n',
                Some('t') => b'\t',
                Some('0') => 0,
                Some('\\') => b'\\',
                Some('x') => {
                    let digits: String = letters.by_ref().take(2).collect();
                    u8::from_str_radix(&digits, 16).map_err(|_| format!("\\x{digits} is no byte"))?
                }
                other => return Err(format!("\\{} is no escape", other.map(String::from).unwrap_or_default())),
            },
            letter => {
                bytes.extend(letter.to_string().bytes());
                continue;
            }
        };
        bytes.push(byte);
    }
    Ok(bytes)
}
