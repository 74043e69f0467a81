//! What a program is told, and how it ends.

use pico_args::Arguments;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// An option that there is not.
#[derive(Debug)]
struct Unknown(OsString);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no option {:?}", self.0)
    }
}

impl Error for Unknown {}

/// All arguments have been taken.
pub fn no_more(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    match arguments.finish().into_iter().next() {
        None => Ok(()),
        Some(unknown) => Err(Unknown(unknown).into()),
    }
}

/// Says how the program ended, if not well: with 2 and its usage, if it was called wrongly, and else with 1.
pub fn exit(name: &str, usage: &str, outcome: Result<(), Box<dyn Error>>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<pico_args::Error>() || error.is::<Unknown>() => {
            eprintln!("{name}: {error}\n\n{usage}\n{}", crate::files::USAGE);
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("{name}: {}", sentence(&*error));
            ExitCode::FAILURE
        }
    }
}

/// An error and what is behind it, in one sentence.
pub fn sentence(error: &(dyn Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let words = source.to_string();
        if !said.contains(&words) {
            said = format!("{said}: {words}");
        }
        next = source.source();
    }
    said
}

/// Listens there.
pub async fn listen(address: &str) -> Result<TcpListener, Box<dyn Error>> {
    let listener = TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))?;
    eprintln!("listening on {}", listener.local_addr()?);
    Ok(listener)
}

/// Waits for SIGTERM or SIGINT.
pub async fn told_to_stop() {
    let [mut terminate, mut interrupt] = [SignalKind::terminate(), SignalKind::interrupt()]
        .map(|kind| signal(kind).expect("a signal that can be caught, and a runtime with I/O"));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    eprintln!("stopping");
}
