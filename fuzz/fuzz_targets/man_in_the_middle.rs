#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| countersign_fuzz::man_in_the_middle(data));
