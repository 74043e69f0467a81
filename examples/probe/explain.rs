//! One case for people: what is done, which rule that breaks, and the bytes on both sides.

use crate::net::Unplayed;
use crate::report;
use crate::target::{Notes, Target};
use crate::words;
use countersign::adversary::catalogue::Case;

/// What is done.
pub(crate) fn steps(case: &Case) {
    println!("{}\n  attacks   a {}\n  rule      {}", case.name, case.target, case.rule);
    println!("  right     {}", report::right(case));
    if !case.consequence.is_empty() {
        println!("  or else   {}", case.consequence);
    }
    println!("  the peer  {:?}", case.who);
    for (number, step) in case.script.iter().enumerate() {
        println!("  {:2}        {step:?}", number + 1);
    }
}

/// What was written, ours (true) and the target's, in order.
type Pieces = Vec<(bool, Vec<u8>)>;

/// Plays it once and shows both sides.
pub(crate) fn played(target: &Target, case: &Case) -> Result<(), String> {
    if let Some(why) = target.skips(case) {
        return Err(format!("this case is not played: {why}"));
    }
    let mut pieces = Pieces::new();
    let mut tap = |ours: bool, bytes: &[u8]| match pieces.last_mut() {
        Some((last, more)) if *last == ours => more.extend(bytes),
        _ => pieces.push((ours, bytes.to_vec())),
    };
    let mut notes = Notes::default();
    match target.play_with_notes(case, &mut tap, &mut notes) {
        Ok((outcome, _)) => {
            show(case, &pieces, &notes.keys);
            println!("\nthe end: {}", words::end(&outcome));
            Ok(())
        }
        Err(Unplayed::Unreachable(error)) => Err(format!("the target cannot be reached: {error}")),
        Err(Unplayed::NotOffered(why)) => Err(format!("the case cannot be played: {why}")),
        Err(Unplayed::TimeIsUp) => Err("no time was left".into()),
    }
}

/// Byte by byte.
#[cfg(feature = "study")]
fn show(case: &Case, pieces: &Pieces, key_log: &str) {
    use countersign::study::{Conversation, KeyLog, explain, text};
    let mut conversation = Conversation::new(&case.name);
    for (ours, bytes) in pieces {
        conversation.add(if *ours { case.target.peer() } else { case.target }, bytes);
    }
    let study = explain(&[conversation], &KeyLog::parse(key_log.as_bytes()));
    print!("{}", text::render(&study, text::Language::English));
}

#[cfg(not(feature = "study"))]
fn show(_: &Case, pieces: &Pieces, _: &str) {
    for (ours, bytes) in pieces {
        println!("{}", if *ours { "--> we send" } else { "<-- the target sends" });
        for line in bytes.chunks(32).take(64) {
            println!("    {}", line.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "));
        }
    }
    println!("(This program was built without the feature study, which opens the records and explains each byte.)");
}
