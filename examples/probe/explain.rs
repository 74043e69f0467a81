//! One case for people: what is done, which rule that breaks, and the bytes on both sides.

use crate::net::Unplayed;
use crate::report;
use crate::target::Target;
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

/// Plays it once and shows each record.
pub(crate) fn played(target: &Target, case: &Case) -> Result<(), String> {
    if let Some(why) = target.skips(case) {
        return Err(format!("this case is not played: {why}"));
    }
    let mut show = |ours: bool, bytes: &[u8]| {
        println!("{}", if ours { "--> we send" } else { "<-- the target sends" });
        for line in bytes.chunks(32).take(64) {
            println!("    {}", line.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "));
        }
    };
    match target.play(case, &mut show) {
        Ok((outcome, _)) => {
            println!("the end: {}", words::end(&outcome));
            println!("its messages: {:?}", outcome.messages);
            Ok(())
        }
        Err(Unplayed::Unreachable(error)) => Err(format!("the target cannot be reached: {error}")),
        Err(Unplayed::NotOffered(why)) => Err(format!("the case cannot be played: {why}")),
        Err(Unplayed::TimeIsUp) => Err("no time was left".into()),
    }
}
