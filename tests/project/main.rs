//! Compares the project's documents with its code.

mod commands;
mod coverage;
mod diagrams;
mod documents;
mod imports;
mod layers;
mod manifest;
mod numbers;
mod probe;
mod promela;
mod refusals;
