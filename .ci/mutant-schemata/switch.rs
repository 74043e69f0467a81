    // Part of the copy of the crate: which mutant is on, out of so many `MUTANTS`.
    use std::{fs::File, io::Write, sync::OnceLock, sync::atomic::*};

    static ON: AtomicUsize = AtomicUsize::new(usize::MAX);
    static REACHED: OnceLock<File> = OnceLock::new();
    static SEEN: [AtomicBool; MUTANTS] = [const { AtomicBool::new(false) }; MUTANTS];

    // The environment is read before `main`, since reading it allocates, and some tests count allocations.
    #[used]
    #[unsafe(link_section = ".init_array")]
    static INIT: extern "C" fn() = init;

    extern "C" fn init() {
        if let Ok(mutant) = std::env::var("MUTANT") {
            ON.store(mutant.parse().unwrap(), Ordering::Relaxed);
        }
        if let Ok(path) = std::env::var("MUTANTS_REACHED") {
            REACHED.set(File::options().append(true).create(true).open(path).unwrap()).unwrap();
        }
    }

    /// Notes, the first time, that it was asked: a test that never asks cannot notice the mutant.
    #[inline]
    pub fn is(mutant: usize) -> bool {
        if let Some(mut file) = REACHED.get() && !SEEN[mutant].swap(true, Ordering::Relaxed) {
            file.write_all(&(mutant as u32).to_le_bytes()).unwrap();
        }
        ON.load(Ordering::Relaxed) == mutant
    }
