//! What was found, for people and for programs.

use crate::campaign::{Finding, Status};
use crate::words::escaped;
use countersign::AlertDescription;
use countersign::adversary::catalogue::{Case, Right, Who};
use countersign::adversary::judge::Verdict;
use countersign::adversary::script::Step;
use std::fmt::Write as _;

/// The name of a status, and whether it counts.
fn name(status: &Status) -> (&'static str, Weight) {
    match status {
        Status::Judged(Verdict::Right) => ("right", Weight::None),
        Status::Judged(Verdict::Accepted) => ("ACCEPTED", Weight::Always),
        Status::Judged(Verdict::Lax) => ("LAX", Weight::Strict),
        Status::Judged(Verdict::Refused) => ("REFUSED", Weight::Strict),
        Status::Judged(Verdict::WrongAlert(_)) => ("WRONG ALERT", Weight::Strict),
        Status::Judged(Verdict::NoAlert) => ("NO ALERT", Weight::Strict),
        Status::Judged(_) => ("SILENT", Weight::Strict),
        Status::Crash => ("CRASH", Weight::Always),
        Status::Hang => ("HANG", Weight::Always),
        Status::Unsteady => ("unsteady", Weight::None),
        Status::Skipped => ("skipped", Weight::None),
        Status::NotJudged => ("not judged", Weight::None),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    Always,
    Strict,
    None,
}

pub(crate) fn counts(finding: &Finding<'_>, strict: bool) -> bool {
    match name(&finding.status).1 {
        Weight::Always => true,
        Weight::Strict => strict,
        Weight::None => false,
    }
}

/// The exit status, and what it says.
pub(crate) fn exit_status(findings: &[Finding<'_>], strict: bool) -> (u8, &'static str) {
    let any = |which: &dyn Fn(&Finding<'_>) -> bool| findings.iter().any(which);
    if any(&|finding| counts(finding, false)) {
        return (1, "see above");
    }
    let left_waiting = Status::Judged(Verdict::Silent);
    if any(&|finding| finding.status == Status::NotJudged) {
        return (3, "cannot judge, since good peers were served no longer: see above");
    }
    match any(&|finding| counts(finding, strict)) {
        true => (1, "no stranger got in, but see above"),
        false if any(&|finding| finding.case.quick && finding.status == left_waiting) => {
            (0, "no stranger got in, but some were left waiting: give them longer by --patience")
        }
        false => (0, "no stranger got in"),
    }
}

/// What would be right.
pub(crate) fn right(case: &Case) -> String {
    match case.right {
        Right::Serve => "to serve the peer".into(),
        Right::Open => "left open".into(),
        Right::Refuse([]) => "not to serve the peer".into(),
        Right::Refuse(alerts) => format!("to refuse the peer ({})", list(alerts)),
        Right::Either(alerts) => format!("to serve the peer, or to refuse it ({})", list(alerts)),
    }
}

fn list(alerts: &[AlertDescription]) -> String {
    match alerts {
        [one, other, more @ ..] if more.len() > 2 => format!("{one} or {other} or one of {} more", more.len()),
        _ => alerts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "),
    }
}

/// What it means, in a sentence.
fn meaning(finding: &Finding<'_>) -> String {
    let case = finding.case;
    match &finding.status {
        Status::Judged(Verdict::Accepted | Verdict::Lax) => capital(&case.consequence),
        Status::Judged(Verdict::Refused) => "The peer broke no rule and was not served.".into(),
        Status::Crash => "The target was gone afterwards.".into(),
        Status::Hang => "The target did not serve others.".into(),
        _ => format!("Right would be {}.", right(case)),
    }
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default() + "."
}

/// The three things that an operator wants to know first.
pub(crate) fn summary(baseline: &str, findings: &[Finding<'_>]) -> String {
    let line = |number: u8, sentence: &str, which: &dyn Fn(&str) -> bool| {
        let asked = |case: &Case| (case.quick || matches!(case.who, Who::Resembling(..))) && which(&case.name);
        let of: Vec<_> = findings.iter().filter(|finding| asked(finding.case)).collect();
        let count = |status| of.iter().filter(|finding| finding.status == status).count();
        let (skipped, not_judged) = (count(Status::Skipped), count(Status::NotJudged));
        let tried = of.len() - skipped - not_judged;
        let skipped = match skipped {
            0 => String::new(),
            skipped => format!(", {skipped} skipped"),
        };
        let waiting = count(Status::Judged(Verdict::Silent));
        let let_in = of.iter().filter(|finding| counts(finding, false)).count();
        let lax = of.iter().filter(|finding| counts(finding, true)).count();
        match (tried, let_in, lax) {
            (_, 0, _) if not_judged > 0 => {
                format!("{number} {sentence}: NOT KNOWN, {not_judged} not judged, see below\n")
            }
            (_, 0, _) if waiting > 0 => {
                format!(
                    "{number} {sentence}: NOT KNOWN of {waiting} that were left waiting (--patience), {tried} tried{skipped}\n"
                )
            }
            (0, _, _) => format!("{number} {sentence}: not tried\n"),
            (_, 0, 0) => format!("{number} {sentence}: yes, {tried} tried{skipped}\n"),
            (_, 0, _) => format!("{number} {sentence}: yes, {tried} tried{skipped}, but see {lax} below\n"),
            _ => format!("{number} {sentence}: NO, see {let_in} below\n"),
        }
    };
    let older = |name: &str| ["version/", "resumption/"].iter().any(|start| name.starts_with(start));
    format!("1 a good peer is told from bad ones: {baseline}\n")
        + &line(2, "nobody gets through without a valid certificate and its proof", &|name| !older(name))
        + &line(3, "older versions, resumption and 0-RTT let nobody in without a fresh proof", &older)
}

pub(crate) fn text(findings: &[Finding<'_>], strict: bool) -> String {
    let mut text = String::new();
    let wrong = findings.iter().filter(|finding| finding.status != Status::Judged(Verdict::Right));
    let (not_judged, wrong): (Vec<_>, Vec<_>) = wrong.partition(|finding| finding.status == Status::NotJudged);
    let (skipped, mut sorted): (Vec<_>, Vec<_>) = wrong.into_iter().partition(|each| each.status == Status::Skipped);
    sorted.sort_by_key(|finding| !counts(finding, strict));
    for finding in sorted {
        let (status, _) = name(&finding.status);
        let _ = writeln!(text, "{status:11}  {}  ({})", finding.case.name, finding.case.rule);
        let _ = writeln!(text, "             {} Seen: {}", meaning(finding), finding.seen);
    }
    text += &not_tried("not judged", &not_judged);
    text += &not_tried("skipped", &skipped);
    for finding in findings.iter().filter(|finding| finding.case.name.starts_with("late/silent-")) {
        if let (Status::Judged(Verdict::Right), Some(Step::Wait(time))) = (&finding.status, finding.case.script.last())
        {
            let _ = writeln!(text, "to know      {} for {} s: {}", finding.case.name, time / 1000, finding.seen);
        }
    }
    let number = |which: &dyn Fn(&Finding<'_>) -> bool| findings.iter().filter(|finding| which(finding)).count();
    let counted = number(&|finding| counts(finding, strict));
    let skipped = number(&|finding| finding.status == Status::Skipped);
    let right = number(&|finding| finding.status == Status::Judged(Verdict::Right));
    let not_judged = number(&|finding| finding.status == Status::NotJudged);
    let others = findings.len() - counted - skipped - right - not_judged;
    let _ = write!(text, "{} cases: {right} as they should be, {counted} wrong", findings.len());
    if others > 0 {
        let _ = write!(text, ", {others} to look at{}", if strict { "" } else { " (they count with --strict)" });
    }
    for (count, word) in [(skipped, "skipped"), (not_judged, "not judged")] {
        if count > 0 {
            let _ = write!(text, ", {count} {word}");
        }
    }
    text + "\n"
}

/// Names what was skipped or not judged, once for each reason.
fn not_tried(word: &str, skipped: &[&Finding<'_>]) -> String {
    let mut text = String::new();
    for (number, first) in skipped.iter().enumerate() {
        let same = |other: &&&Finding<'_>| other.seen == first.seen;
        if skipped.iter().take(number).any(|earlier| same(&earlier)) {
            continue;
        }
        let _ = match skipped.iter().filter(same).count() - 1 {
            0 => writeln!(text, "{word:11}  {}  ({})", first.case.name, first.case.rule),
            more => writeln!(text, "{word:11}  {} and {more} more", first.case.name),
        };
        let _ = writeln!(text, "             {}", first.seen);
    }
    text
}

const JSON: [(char, &str); 5] = [('"', "\\\""), ('\\', "\\\\"), ('\n', "\\n"), ('\r', "\\r"), ('\t', "\\t")];
const XML: [(char, &str); 4] = [('<', "&lt;"), ('>', "&gt;"), ('&', "&amp;"), ('"', "&quot;")];

pub(crate) fn json(target: &str, findings: &[Finding<'_>], strict: bool) -> String {
    let quoted = |text: &str| format!("\"{}\"", escaped(text, &JSON));
    let cases: Vec<String> = findings
        .iter()
        .map(|finding| {
            let fields = [
                ("name", quoted(&finding.case.name)),
                ("rule", quoted(finding.case.rule)),
                ("status", quoted(name(&finding.status).0)),
                ("counts", counts(finding, strict).to_string()),
                ("right", quoted(&right(finding.case))),
                ("seen", quoted(&finding.seen)),
            ];
            let fields: Vec<String> = fields.iter().map(|(key, value)| format!("\"{key}\": {value}")).collect();
            format!("    {{{}}}", fields.join(", "))
        })
        .collect();
    let program = concat!("countersign ", env!("CARGO_PKG_VERSION"));
    format!(
        "{{\n  \"program\": {},\n  \"target\": {},\n  \"cases\": [\n{}\n  ]\n}}\n",
        quoted(program),
        quoted(target),
        cases.join(",\n")
    )
}

pub(crate) fn junit(target: &str, findings: &[Finding<'_>], strict: bool) -> String {
    let quoted = |text: &str| format!("\"{}\"", escaped(text, &XML));
    let failures = findings.iter().filter(|finding| counts(finding, strict)).count();
    let skipped = findings.iter().filter(|finding| finding.status == Status::Skipped).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name={} tests=\"{}\" failures=\"{failures}\" \
         skipped=\"{skipped}\">\n",
        quoted(&format!("probe of {target}")),
        findings.len()
    );
    for finding in findings {
        let (status, _) = name(&finding.status);
        let inside = match &finding.status {
            Status::Skipped => format!("<skipped message={}/>", quoted(&finding.seen)),
            Status::NotJudged => format!("<error message={}/>", quoted(&finding.seen)),
            _ if counts(finding, strict) => format!(
                "<failure type={} message={}/>",
                quoted(status),
                quoted(&format!("{} Seen: {}", meaning(finding), finding.seen))
            ),
            _ => format!("<system-out>{}</system-out>", escaped(&format!("{status}: {}", finding.seen), &XML)),
        };
        let _ = writeln!(
            text,
            "  <testcase classname={} name={}>{inside}</testcase>",
            quoted(finding.case.rule),
            quoted(&finding.case.name)
        );
    }
    text + "</testsuite>\n"
}
