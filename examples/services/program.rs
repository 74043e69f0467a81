//! The arguments of a program, and its exit code.

use pico_args::Arguments;
use std::error::Error;
use std::ffi::OsString;
use std::fmt;
use std::process::ExitCode;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// An unknown option.
#[derive(Debug)]
struct Unknown(OsString);

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no option {:?}", self.0)
    }
}

impl Error for Unknown {}

/// Checks that no argument is left.
pub fn no_more(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    match arguments.finish().into_iter().next() {
        None => Ok(()),
        Some(unknown) => Err(Unknown(unknown).into()),
    }
}

/// Reports how the program ended: exit code 2 with the usage for invalid arguments, 1 for other errors.
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

/// An error and its sources in one sentence.
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

/// Listens on this address.
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
