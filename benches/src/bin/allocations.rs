//! `allocations <workload> <variant> <sink>`: allocations and bytes an iteration, on the closing thread.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use tracing_llmobs_benches::program::Program;
use tracing_llmobs_benches::workload::Workload;

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [workload, variant, sink] = &arguments[..] else { return Err("usage: allocations w1 ours http://…".into()) };
    let program = Program::new(workload, variant, sink)?;
    let iterations = workload.parse::<Workload>()?.sample();
    program.run(iterations * 8);
    let mut all = (0, 0);
    for _ in 0..8 {
        let before = counted();
        program.sample(iterations);
        let after = counted();
        program.flush();
        all = (all.0 + after.0 - before.0, all.1 + after.1 - before.1);
    }
    let per = |count: u64| count as f64 / (8 * iterations) as f64;
    println!("{:.2} {:.0}", per(all.0), per(all.1));
    Ok(())
}

thread_local! {
    /// Allocations and bytes of this thread.
    static COUNTED: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
}

fn counted() -> (u64, u64) {
    COUNTED.get()
}

fn count(bytes: usize) {
    // At the end of a thread there is nothing to count for.
    let _ = COUNTED.try_with(|counted| {
        let (count, all) = counted.get();
        counted.set((count + 1, all + bytes as u64));
    });
}

struct Counting;

#[expect(unsafe_code, reason = "an allocator cannot be written without; it only passes on")]
// SAFETY: everything is passed on to the system's allocator, unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        count(bytes);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(block, layout, bytes) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
