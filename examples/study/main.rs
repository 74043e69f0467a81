//! Writes the stories of the study: for each a page, its JSON, text, diagram and capture; and an index.
//!
//! ```text
//! cargo run --example study               (into the folder target/study)
//! cargo run --example study -- FOLDER
//! ```

mod attacks;
mod end;
#[path = "../walkthrough/pki.rs"]
mod pki;
mod stories;

use countersign::study::capture::pcapng;
use countersign::study::{KeyLog, Text, explain, html, json, mermaid, text};
use end::Failure;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Failure> {
    let folder = match &std::env::args().skip(1).collect::<Vec<_>>()[..] {
        [] => PathBuf::from("target/study"),
        [folder] if !folder.starts_with('-') => PathBuf::from(folder),
        _ => {
            eprintln!("usage: study [FOLDER]");
            std::process::exit(2);
        }
    };
    fs::create_dir_all(&folder)?;
    let mut entries = Vec::new();
    for story in stories::all()? {
        write(&folder, &story)?;
        entries.push((format!("{}.html", story.file), story.title, story.lead));
    }
    let title = Text::new("Mutual TLS 1.3, studied", "Estudio de TLS 1.3 mutuo");
    let lead = Text::new(
        "Each page is one connection, explained byte by byte. Begin with the first.",
        "Cada página es una conexión, explicada byte a byte. Empiece por la primera.",
    );
    fs::write(folder.join("index.html"), html::index(&title, &lead, &entries))?;
    println!("open {}", folder.join("index.html").display());
    Ok(())
}

fn write(folder: &Path, story: &stories::Story) -> Result<(), Failure> {
    let study = explain(std::slice::from_ref(&story.heard), &KeyLog::parse(story.key_log.as_bytes()));
    let connection = study.connections.first().ok_or("no connection")?;
    let file = |extension: &str| folder.join(format!("{}.{extension}", story.file));
    fs::write(file("html"), html::render(connection, &story.title, &story.lead))?;
    fs::write(file("json"), json::render(&study))?;
    fs::write(file("txt"), text::render(&study, text::Language::English))?;
    fs::write(file("mmd"), mermaid::render(connection))?;
    fs::write(file("pcapng"), pcapng(&story.heard, &story.key_log))?;
    fs::write(file("keys.log"), &story.key_log)?;
    println!("{}: {} records, {} problems", story.file, connection.records.len(), connection.problems.len());
    Ok(())
}
