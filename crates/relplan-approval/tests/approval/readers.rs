//! A short run of the fuzzing that `cargo run --release --example fuzz_readers -- SECONDS` does at length.

#[path = "../../examples/fuzz_readers/reading.rs"]
mod reading;
#[path = "../../examples/fuzz_readers/world.rs"]
mod world;

#[test]
fn l13_no_bytes_make_a_reader_panic_or_read_two_ways() {
    let (scene, targets) = world::targets();
    assert!(targets.iter().any(|target| target.name == "record"));
    for target in &targets {
        for seed in &target.seeds {
            (target.read)(&scene, seed);
        }
        for seed in 0..400 {
            reading::once(target, &scene, seed);
        }
    }
}
