//! Explains a capture: every TLS connection in it, byte by byte. With a key log it also explains the encrypted
//! messages.
//!
//! ```text
//! explain capture.pcapng [keys.log] --html out.html | --json | --text [--es]
//! ```
//!
//! The capture is any pcap or pcapng file: `tcpdump -i lo -w capture.pcap port 4433`. The key log has the format of
//! OpenSSL (`-keylogfile`), curl (`SSLKEYLOGFILE`), Go, Firefox and countersign. One that is embedded in the pcapng is
//! used, too.
//! With several connections, `out.html` is an index, and `out-1.html`, `out-2.html` and so on are their pages.

use countersign::study::capture::{self, Capture};
use countersign::study::text::Language;
use countersign::study::{Connection, KeyLog, Text, explain, html, json, text};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "usage: explain CAPTURE [KEY_LOG] --html OUT.html | --json | --text [--es]";

enum Output {
    Html(PathBuf),
    Json,
    Text(Language),
}

fn main() -> ExitCode {
    let Some((files, output)) = arguments(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(&files, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn arguments(mut args: impl Iterator<Item = String>) -> Option<(Vec<PathBuf>, Output)> {
    let (mut files, mut output, mut spanish) = (Vec::new(), None, false);
    while let Some(arg) = args.next() {
        let chosen = match arg.as_str() {
            "--html" => Output::Html(args.next()?.into()),
            "--json" => Output::Json,
            "--text" => Output::Text(Language::English),
            "--es" => {
                spanish = true;
                continue;
            }
            _ if arg.starts_with('-') => return None,
            _ => {
                files.push(arg.into());
                continue;
            }
        };
        if output.replace(chosen).is_some() {
            return None;
        }
    }
    let output = match output? {
        Output::Text(_) if spanish => Output::Text(Language::Spanish),
        output => output,
    };
    (1..=2).contains(&files.len()).then_some((files, output))
}

fn run(files: &[PathBuf], output: &Output) -> Result<(), String> {
    let open = |path: &Path| File::open(path).map_err(|error| format!("{}: {error}", path.display()));
    let Capture { conversations, key_log, problems } =
        capture::read(open(&files[0])?).map_err(|error| format!("{}: {error}", files[0].display()))?;
    let mut log = KeyLog::parse(&key_log);
    if let Some(path) = files.get(1) {
        log.add(&fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?);
    }
    let mut study = explain(&conversations, &log);
    study.problems.extend(problems);
    match output {
        Output::Json => print(&(json::render(&study) + "\n"))?,
        Output::Text(language) => print(&text::render(&study, *language))?,
        Output::Html(path) => {
            for problem in &study.problems {
                eprintln!("{}", problem.en);
            }
            match &study.connections[..] {
                [] => return Err("there is nothing to show".into()),
                [connection] => write(path, &page(connection))?,
                connections => pages(path, connections)?,
            }
            println!("{}", path.display());
        }
    }
    Ok(())
}

/// The reader of a pipe may stop early, as `head` does.
fn print(text: &str) -> Result<(), String> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
        _ => Ok(()),
    }
}

fn write(path: &Path, page: &str) -> Result<(), String> {
    fs::write(path, page).map_err(|error| format!("{}: {error}", path.display()))
}

fn title(connection: &Connection) -> Text {
    let label = connection.label.clone();
    Text { en: format!("TLS: {label}").into(), es: format!("TLS: {label}").into() }
}

fn lead(connection: &Connection) -> Text {
    let name = |wanted: &str| {
        let fact = connection.summary.iter().find(|fact| fact.name == wanted);
        fact.map_or(String::new(), |fact| fact.value.clone())
    };
    let facts = ["version", "client", "server"].map(name);
    let facts = facts.iter().filter(|fact| !fact.is_empty()).cloned().collect::<Vec<_>>().join(" · ");
    Text { en: facts.clone().into(), es: facts.into() }
}

fn page(connection: &Connection) -> String {
    html::render(connection, &title(connection), &lead(connection))
}

/// Writes an index, and a page for each connection.
fn pages(path: &Path, connections: &[Connection]) -> Result<(), String> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut entries = Vec::new();
    for (number, connection) in (1..).zip(connections) {
        let file = format!("{stem}-{number}.html");
        write(&path.with_file_name(&file), &page(connection))?;
        entries.push((file, title(connection), lead(connection)));
    }
    let title = Text::new("The connections of a capture", "Las conexiones de una captura");
    write(path, &html::index(&title, &Text::new("Each with its own page.", "Cada una con su página."), &entries))
}
