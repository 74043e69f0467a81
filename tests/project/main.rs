//! The project's documents against its code.

mod coverage;
mod diagrams;
mod documents;
mod imports;
mod layers;
mod probe;
mod promela;
mod refusals;
