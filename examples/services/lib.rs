//! Services over countersign's adapters: the programs are examples, what they promise is in the tests.
