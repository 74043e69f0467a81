//! What the README shows is what compiles: `programs/readme_*.rs`.

const README: &str = include_str!("../../../../README.md");
const TOKIO: &str = include_str!("../../programs/readme_tokio.rs");
const HYPER: &str = include_str!("../../programs/readme_hyper.rs");

/// The README's blocks that its own tests leave out, because tokio's sockets and hyper are no dependencies there.
fn blocks() -> Vec<&'static str> {
    README.split("\n```rust,ignore\n").skip(1).map(|rest| rest.split_once("```\n").unwrap().0).collect()
}

fn signature(line: &&str) -> bool {
    line.starts_with("async fn serve(")
}

#[test]
fn the_readme_shows_an_echo_over_tokio_in_25_lines() {
    assert_eq!(blocks()[0], TOKIO);
    assert!(TOKIO.lines().count() <= 25);
}

#[test]
fn the_readme_shows_hyper_over_it_in_10_lines_more() {
    let shown: Vec<_> = blocks()[1].lines().filter(|line| !line.is_empty()).collect();
    let more = shown.iter().filter(|line| TOKIO.lines().all(|other| other != **line));
    assert!(more.count() <= 10, "{shown:?}");
    // Without these lines the program is the other one, up to the function that has been exchanged.
    let other = |line: &&str| !shown.contains(line);
    let before = TOKIO.lines().take_while(|line| !signature(line));
    assert!(HYPER.lines().filter(other).eq(before.filter(other)));
    // And it has these lines, in this order.
    let mut program = HYPER.lines();
    assert!(shown.iter().all(|line| program.any(|here| here == *line)), "{shown:?}");
    assert_eq!(program.next(), None, "nothing comes behind them");
}
