//! Attacks any end of mutual TLS 1.3: can a stranger get in?
//!
//! ```sh
//! cargo run --example probe --features adversary -- server localhost:4433 --ca ca.pem --ca-key ca.key
//! ```
//!
//! It is a client (or, with `probe client`, a server) that breaks one rule in each connection, and looks whether the
//! target's application answers it as it answers a good one. See docs/PROBE.md.

mod arguments;
mod baseline;
mod caller;
mod campaign;
mod controls;
mod explain;
mod files;
mod forged;
mod h2;
mod http;
mod mint;
mod net;
mod reissue;
mod report;
mod resembling;
mod resumption;
mod target;
mod tls12;
mod words;

use arguments::{Arguments, USAGE, unescape};
use baseline::NoBaseline;
use campaign::Finding;
use countersign::Role;
use countersign::adversary::catalogue::{Case, NameKind, SILENCE, Who, all};
use countersign::adversary::script::Step;
use mint::{Given, Identities};
use net::{Limits, Preamble, Waits};
use std::net::{IpAddr, TcpListener};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use target::{Line, Target, Words};

/// Why nothing was tried.
enum Refused {
    Usage(String),
    CannotJudge(String),
}

impl From<String> for Refused {
    fn from(sentence: String) -> Refused {
        Refused::Usage(sentence)
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(Refused::Usage(sentence)) => {
            eprintln!("probe: {sentence}\n(probe --help says more)");
            ExitCode::from(2)
        }
        Err(Refused::CannotJudge(sentence)) => {
            eprintln!("probe: cannot judge. {sentence}");
            ExitCode::from(3)
        }
    }
}

fn run() -> Result<ExitCode, Refused> {
    let args = Arguments::parse(std::env::args().skip(1))?;
    if args.has("--help") {
        print!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    }
    if args.has("--list") {
        for role in args.target.map_or(vec![Role::Server, Role::Client], |role| vec![role]) {
            let cases = chosen(role, &args)?;
            for case in &cases {
                println!("{:50} {:24} right: {}", case.name, case.rule, report::right(case));
            }
            println!("{} cases against a {role}", cases.len());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let role = args.target.ok_or_else(|| {
        "say what to attack: `probe server HOST:PORT ...`, or `probe client --listen ADDRESS:PORT ...`".to_string()
    })?;
    let cases = chosen(role, &args)?;
    if cases.is_empty() {
        let names = args.all("--only").any(|part| part.starts_with("name/"));
        return Err(Refused::Usage(match names {
            true => "the cases of names need the name that the target serves: give --dns, --spiffe or --ip".into(),
            false => format!("there is no such case: `probe {role} --full --list` names them"),
        }));
    }
    if args.address.is_none()
        && let (Some(_), [case]) = (args.get("--explain"), &cases[..])
    {
        explain::steps(case);
        return Ok(ExitCode::SUCCESS);
    }
    let mut target = target(role, &args)?;
    if args.has("--explain") {
        for case in &cases {
            explain::steps(case);
            explain::played(&target, case)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    attack(&mut target, &cases, &args)
}

/// The cases that were asked for.
fn chosen(role: Role, args: &Arguments) -> Result<Vec<Case>, String> {
    let mut cases = all(role);
    if role == Role::Server {
        cases.extend(resumption::cases());
        if !args.has("--ask") {
            cases.extend(http::cases());
        }
    }
    cases.extend(resembling::must_be_refused(role, args.all("--bad-cert")));
    // A list has the names of all kinds; what is played, those that the target asks for.
    let names = args.names(server_name(role, args))?;
    let asked = |kind: NameKind| args.has("--list") || resembling::has(&names, kind);
    if let Some(name) = args.get("--explain") {
        cases.retain(|case| case.name == name);
    } else {
        cases.retain(|case| !matches!(case.who, Who::Resembling(kind, _) if !asked(kind)));
        // Who names cases wants them, however long they take.
        let every = args.has("--full") || args.all("--only").next().is_some();
        cases.retain(|case| every || case.quick || matches!(case.who, Who::Resembling(..)));
        cases.retain(|case| {
            args.all("--only").next().is_none() || args.all("--only").any(|part| case.name.contains(part))
        });
    }
    let silence = args.number("--silence", u32::from(SILENCE) / 1000)?.saturating_mul(1000);
    let silence = u16::try_from(silence).map_err(|_| "--silence: a minute at most".to_string())?;
    for step in cases.iter_mut().flat_map(|case| &mut case.script).filter(|step| **step == Step::Wait(SILENCE)) {
        *step = Step::Wait(silence);
    }
    Ok(cases)
}

/// The name that a client calls, which the good server has. (It says more for a server, and is not in our certificate.)
fn server_name(role: Role, args: &Arguments) -> Option<&str> {
    (role == Role::Client).then(|| args.get("--name").unwrap_or("localhost"))
}

fn target(role: Role, args: &Arguments) -> Result<Target, Refused> {
    let (host, address) = args.resolve()?;
    let name = server_name(role, args);
    let server_name = name.or(args.get("--name")).unwrap_or(&host).to_string();
    let own = args.pairs("--cert", "--key")?.pop();
    let identities = Identities::make(&Given {
        target: role,
        ca: args.get("--ca"),
        ca_key: args.get("--ca-key"),
        issuer: args.get("--issuer"),
        root_key: args.get("--root-key"),
        crl: args.get("--crl"),
        own,
        must_be_refused: args.pairs("--bad-cert", "--bad-key")?,
        names: args.names(name)?,
    })?;
    let line = match role {
        Role::Server => Line::Dial(
            address,
            Preamble {
                say: unescape(args.get("--preamble").unwrap_or(""))?,
                hear: unescape(args.get("--preamble-answer").unwrap_or(""))?,
                run: args.get("--preamble-run").map(String::from),
            },
        ),
        Role::Client => {
            let listener =
                TcpListener::bind(address).map_err(|error| format!("cannot listen on {address}: {error}"))?;
            Line::Accept(listener, args.get("--run").map(String::from))
        }
    };
    let ask = match args.get("--ask") {
        Some(text) => unescape(text)?,
        None if role == Role::Server => http::get(&server_name),
        None => Vec::new(),
    };
    let alpn = args.get("--alpn").map(|list| list.split(',').map(|name| name.as_bytes().to_vec()).collect());
    // An address is no name (RFC 6066 3).
    let named = server_name.parse::<IpAddr>().is_err();
    let in_all = Duration::from_secs(args.number("--seconds", 120)?.into());
    Ok(Target {
        role,
        line,
        words: Words {
            server_name: if named { server_name } else { String::new() },
            alpn: alpn.unwrap_or_default(),
            ask,
        },
        identities,
        refusal: unescape(args.get("--refusal").unwrap_or(""))?,
        waits: Waits {
            connect: if role == Role::Server { Duration::from_secs(3) } else { Duration::from_secs(20) },
            answer: args.milliseconds("--patience", 2000)?,
            pause: Duration::from_millis(500),
        },
        limits: Limits::new(args.number("--rate", 10)?, 1 << 16, in_all),
    })
}

fn attack(target: &mut Target, cases: &[Case], args: &Arguments) -> Result<ExitCode, Refused> {
    let began = Instant::now();
    // Whoever reads a report from the standard output wants nothing else there.
    let quiet = ["--json", "--junit"].iter().any(|option| args.get(option) == Some("-"));
    let say = |line: &str| if quiet { eprintln!("{line}") } else { println!("{line}") };
    let name = match &target.line {
        Line::Dial(address, _) => format!("the server {} ({address})", args.address.as_deref().unwrap_or_default()),
        Line::Accept(listener, _) => {
            format!("the clients that call {}", listener.local_addr().map_err(|error| error.to_string())?)
        }
    };
    say(&format!("probe of {name}: {} cases", cases.len()));
    let baseline = match target.baseline() {
        Ok(baseline) => baseline,
        Err(NoBaseline::CannotJudge(sentence)) => return Err(Refused::CannotJudge(sentence)),
        // There is nothing more to be learned, but what stands in the way.
        Err(NoBaseline::Found(which, status, seen)) => {
            let all = all(target.role);
            let findings = all.iter().filter(|case| case.name == which).map(|case| Finding {
                case,
                status: status.clone(),
                seen: format!("{seen}. The other cases are not played"),
            });
            let findings: Vec<Finding<'_>> = findings.collect();
            return Ok(report(&findings, args, &name, began, &say)?);
        }
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| "the clock is before 1970".to_string())?;
    for list in args.get("--crl").map(|path| files::outdated(path, now.as_secs())).transpose()?.unwrap_or_default() {
        say(&format!(
            "to know      {list}, and good peers are served: the target has a newer one, or none, or does not mind that it is old \
             (RFC 5280 §6.3.3)"
        ));
    }
    let tried = target.try_other_names(&baseline).into_iter().chain(target.try_without_issuer(&baseline));
    for sentence in tried {
        say(&format!("to know      {sentence}"));
    }
    // A client that calls by itself comes when it likes: one at a time.
    let at_once = if target.role == Role::Server { args.number("--at-once", 4)? } else { 1 };
    let strict = args.has("--strict");
    let findings = campaign::run(target, &baseline, cases, (at_once as usize, strict), &say);
    say(report::summary(&baseline.to_string(), &findings).trim_end());
    Ok(report(&findings, args, &name, began, &say)?)
}

/// Says what was found, in all the ways that are asked for.
fn report(
    findings: &[Finding<'_>],
    args: &Arguments,
    name: &str,
    began: Instant,
    say: &dyn Fn(&str),
) -> Result<ExitCode, String> {
    let strict = args.has("--strict");
    say(report::text(findings, strict).trim_end());
    for (option, text) in
        [("--json", report::json(name, findings, strict)), ("--junit", report::junit(name, findings, strict))]
    {
        match args.get(option) {
            None => {}
            Some("-") => print!("{text}"),
            Some(path) => std::fs::write(path, text).map_err(|error| format!("{path}: {error}"))?,
        }
    }
    let (code, status) = report::exit_status(findings, strict);
    say(&format!("exit status {code}: {status} ({:.1} s)", began.elapsed().as_secs_f32()));
    Ok(ExitCode::from(code))
}
