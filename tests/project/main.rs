//! The project's documents against its code.

mod coverage;
mod diagrams;
mod refusals;
