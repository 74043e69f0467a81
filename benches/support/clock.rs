//! Measures times that can be compared on a noisy machine. The candidates run by turns in small batches, and the
//! fastest batch of each counts.

use std::time::{Duration, Instant};

/// A candidate: its name and its work.
pub type Candidate<'a> = (&'a str, &'a mut dyn FnMut());

/// Runs the candidates by turns. Prints the time of one run, and its ratio to the first.
pub fn compare(title: &str, rounds: usize, batch: u32, candidates: &mut [Candidate<'_>]) {
    let best = best(rounds, batch, candidates);
    println!("{title}");
    let base = best[0].as_secs_f64();
    for ((name, _), best) in candidates.iter().zip(&best) {
        let time = best.as_secs_f64();
        println!("  {name:44} {:>10.2} us   {:>6.3}", time * 1e6, time / base);
    }
}

/// Runs the candidates by turns, in this many rounds of this many runs. Returns the time of one run in the fastest
/// round.
pub fn best(rounds: usize, batch: u32, candidates: &mut [Candidate<'_>]) -> Vec<Duration> {
    let mut best = vec![Duration::MAX; candidates.len()];
    for _ in 0..rounds {
        for ((_, work), best) in candidates.iter_mut().zip(&mut best) {
            let begun = Instant::now();
            for _ in 0..batch {
                work();
            }
            *best = (*best).min(begun.elapsed() / batch);
        }
    }
    best
}
