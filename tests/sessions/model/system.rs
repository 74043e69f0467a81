//! The interface of a system of several ends, for the explorer (which tries all orders) and for a fuzzer.

use std::hash::Hash;

/// An input, and its description for people: two descriptions of equal inputs are one input.
#[derive(Clone, Debug)]
pub struct Input<Act> {
    pub what: String,
    pub act: Act,
}

/// Several honest ends, what the attacker can deliver to them, and the claims.
pub trait System {
    type Act: Clone + Eq + Hash;
    /// A running end.
    type Live<'s>
    where
        Self: 's;
    /// What is known of an end after its inputs.
    type View;

    /// Forgets earlier runs.
    fn starts_afresh(&self) {}
    /// The number of ends.
    fn ends(&self) -> usize;
    /// An end at its beginning.
    fn begin(&self, end: usize) -> Self::Live<'_>;
    /// Delivers an input. `None`: it is refused, or changes nothing.
    fn takes(&self, end: usize, live: &mut Self::Live<'_>, act: &Self::Act) -> Option<()>;
    fn view(&self, end: usize, live: &Self::Live<'_>) -> Self::View;
    /// The inputs that do not depend on other ends.
    fn own(&self, end: usize, view: &Self::View) -> Vec<Input<Self::Act>>;
    /// The inputs because of another end, or of itself.
    fn learned(&self, end: usize, view: &Self::View, other: usize, theirs: &Self::View) -> Vec<Input<Self::Act>>;
    /// Checks the claims. Returns the name of a violated claim, and where.
    fn claims(&self, views: &[&Self::View]) -> Result<(), (&'static str, String)>;
    /// Describes an end for people.
    fn name(&self, end: usize) -> String;

    /// Runs one end from its beginning. `None`: the last input is refused, or changes nothing.
    fn run(&self, end: usize, inputs: &[Input<Self::Act>]) -> Option<Self::Live<'_>> {
        let mut live = self.begin(end);
        inputs.iter().try_for_each(|input| self.takes(end, &mut live, &input.act))?;
        Some(live)
    }
}
