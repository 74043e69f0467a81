//! What is common to all that several ends can do at once, whoever chooses the order: the explorer, which tries all, or a
//! fuzzer.

use std::hash::Hash;

/// What can be brought to an end, and what it is for people: two names of the same are one.
#[derive(Clone, Debug)]
pub struct Input<Act> {
    pub what: String,
    pub act: Act,
}

/// Several honest ends, what the attacker can bring to them, and what must hold.
pub trait System {
    type Act: Clone + Eq + Hash;
    /// An end at work.
    type Live<'s>
    where
        Self: 's;
    /// What is known of an end after its inputs.
    type View;

    /// Forgets what earlier runs have left.
    fn starts_afresh(&self) {}
    /// How many ends there are.
    fn ends(&self) -> usize;
    /// An end at its beginning.
    fn begin(&self, end: usize) -> Self::Live<'_>;
    /// Brings it something; `None`: it is refused, or changes nothing.
    fn takes(&self, end: usize, live: &mut Self::Live<'_>, act: &Self::Act) -> Option<()>;
    fn view(&self, end: usize, live: &Self::Live<'_>) -> Self::View;
    /// What can be brought to it by itself.
    fn own(&self, end: usize, view: &Self::View) -> Vec<Input<Self::Act>>;
    /// What can be brought to it because of another, or of itself.
    fn learned(&self, end: usize, view: &Self::View, other: usize, theirs: &Self::View) -> Vec<Input<Self::Act>>;
    /// What must hold: the name of the claim that does not, and where.
    fn claims(&self, views: &[&Self::View]) -> Result<(), (&'static str, String)>;
    /// An end, for people.
    fn name(&self, end: usize) -> String;

    /// Runs one end from its beginning; `None`: the last input is refused, or changes nothing.
    fn run(&self, end: usize, inputs: &[Input<Self::Act>]) -> Option<Self::Live<'_>> {
        let mut live = self.begin(end);
        inputs.iter().try_for_each(|input| self.takes(end, &mut live, &input.act))?;
        Some(live)
    }
}
